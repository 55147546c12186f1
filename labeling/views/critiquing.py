"""Finding critiques, in the browser: get with right, check the form, call one action, answer.

Every address is made of the assignment's public id and the critique's client key. The answer to a fragment
request is the same template file that the page includes; without htmx it is the page again. With JavaScript a
critique opens in the page at once and begins here with its first save; without, `add` and `use` begin it.
"""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from labeling.actions import critiquing
from labeling.enums import AssignmentState
from labeling.forms.critiquing import BeginningForm, CritiqueForm, RatingForm, SubmitForm
from labeling.forms.working import GIVE_BACK_REASONS, NewPartForm
from labeling.models import Assignment, Critique, LabelerCritique, ShownSuggestion, Suggestion
from labeling.refusals import Stale
from labeling.rules.permissions import check_can_work_on
from labeling.views.access import LabelerRequest, for_labelers, go_to, own_assignment
from labeling.views.working import CHOICES, NOT_YET, answer, check_begun, checked, conflict, handing_in
from labeling.visibility.critiquing import VisibleSuggestion, visible_suggestion, worksheet


def own_critiques(assignment: Assignment) -> QuerySet[LabelerCritique]:
    """The critiques of this very assignment, removed ones included."""
    return assignment.sitting.critiques.select_related("critique", "sitting__assignment")


def own_critique(assignment: Assignment, client_key: uuid.UUID) -> LabelerCritique:
    return get_object_or_404(own_critiques(assignment), client_key=client_key)


def own_suggestion(assignment: Assignment, number: int) -> ShownSuggestion:
    """The suggestion that this assignment shows under this number. Where there are none, none exists."""
    shown = assignment.shown_suggestions.select_related("suggestion__critique")
    return get_object_or_404(shown, rank=number - 1)


def brought_suggestion(request: LabelerRequest, assignment: Assignment) -> ShownSuggestion | None:
    """The suggestion that a critique of the page was begun from, if any."""
    number = checked(BeginningForm(request.POST)).cleaned_data["suggestion"]
    return None if number is None else own_suggestion(assignment, number)


def text_before(stored: LabelerCritique | None, suggestion: Suggestion | None) -> str:
    """What a save of a critique changes: the text stored, or the suggestion's if this is the first save."""
    source = stored or suggestion
    return source.critique.text if source is not None else ""


def used(brought: ShownSuggestion | None) -> VisibleSuggestion | None:
    """The suggestion as the page shows it after this save."""
    if brought is None:
        return None
    brought.refresh_from_db(fields=["times_used"])
    return visible_suggestion(brought)


@for_labelers
@require_safe
def page(request: LabelerRequest, public_id: str) -> HttpResponse:
    """The work itself; once submitted, a quiet word and the way to the next one."""
    assignment = own_assignment(request, public_id)
    if assignment.state == AssignmentState.SUBMITTED:
        return render(request, "critiquing/submitted.html", {"sitting": assignment.sitting})
    check_can_work_on(request.labeler, assignment)
    sheet = worksheet(assignment)
    template = "critiquing/page.html" if sheet.suggestions is None else "critiquing/assisted.html"
    context = {
        "sheet": sheet,
        "blank": LabelerCritique(client_key=NOT_YET, critique=Critique()),
        "public_id": public_id,
        "client_key": uuid.uuid4(),
        "ratings": range(1, critiquing.PERFECT + 1),
        "give_back_reasons": GIVE_BACK_REASONS,
    }
    return render(request, template, context | CHOICES)


@for_labelers
@require_POST
def add(request: LabelerRequest, public_id: str) -> HttpResponse:
    """Begin an empty critique under the key that the page made up."""
    assignment = own_assignment(request, public_id)
    form = checked(NewPartForm(request.POST))
    critiquing.add_critique(labeler=request.labeler, assignment=assignment, **form.cleaned_data)
    return go_to(request, assignment)


@for_labelers
def use(request: LabelerRequest, public_id: str, number: int) -> HttpResponse:
    """Begin a critique from the suggestion of this number. Where there are none, this page does not exist."""
    assignment = own_assignment(request, public_id)
    shown = own_suggestion(assignment, number)
    if request.method != "POST":
        raise Http404
    form = checked(NewPartForm(request.POST))
    critiquing.add_critique(
        labeler=request.labeler, assignment=assignment, suggestion=shown.suggestion, **form.cleaned_data
    )
    return go_to(request, assignment)


@for_labelers
def critique(request: LabelerRequest, public_id: str, client_key: uuid.UUID) -> HttpResponse:
    """Save a critique as it stands in the page, begun or not. Read, it is the critique as it stands here."""
    assignment = own_assignment(request, public_id)
    if request.method != "POST":
        found = own_critique(assignment, client_key)
        return answer(request, assignment, "critiquing/_critique.html", found=found, fresh=True)
    brought = brought_suggestion(request, assignment)
    suggestion = brought.suggestion if brought is not None else None
    stored = own_critiques(assignment).filter(client_key=client_key).first()
    form = checked(CritiqueForm(request.POST, before=text_before(stored, suggestion)))
    check_begun(stored, form.cleaned_data["base_revision"])
    try:
        found = critiquing.save_critique(
            labeler=request.labeler,
            assignment=assignment,
            client_key=client_key,
            suggestion=suggestion,
            **form.cleaned_data,
        )
    except Stale as stale:
        found = own_critique(assignment, client_key)
        return conflict(request, assignment, "critiquing/_conflict.html", stale, found=found)
    return answer(request, assignment, "critiquing/_saved.html", found=found, suggestion=used(brought))


@for_labelers
@require_POST
def remove(request: LabelerRequest, public_id: str, client_key: uuid.UUID) -> HttpResponse:
    """Take a critique out; the answer offers to put it back."""
    assignment = own_assignment(request, public_id)
    found = own_critique(assignment, client_key)
    critiquing.remove_critique(labeler=request.labeler, found=found)
    return answer(request, assignment, "critiquing/_removed.html", found=found)


@for_labelers
@require_POST
def restore(request: LabelerRequest, public_id: str, client_key: uuid.UUID) -> HttpResponse:
    """Put a removed critique back."""
    assignment = own_assignment(request, public_id)
    found = critiquing.restore_critique(labeler=request.labeler, found=own_critique(assignment, client_key))
    return answer(request, assignment, "critiquing/_critique.html", found=found, fresh=True)


@for_labelers
@require_POST
def rate(request: LabelerRequest, public_id: str) -> HttpResponse:
    """Rate the answer."""
    assignment = own_assignment(request, public_id)
    form = checked(RatingForm(request.POST))
    sitting = critiquing.rate(labeler=request.labeler, assignment=assignment, **form.cleaned_data)
    return answer(request, assignment, "components/saved.html", at=sitting.saved_at)


@for_labelers
@require_POST
def submit(request: LabelerRequest, public_id: str) -> HttpResponse:
    """Hand in the draft."""
    assignment = own_assignment(request, public_id)
    form = handing_in(request, assignment, SubmitForm(request.POST))
    critiquing.submit(
        labeler=request.labeler,
        assignment=assignment,
        confirmed=form.cleaned_data["confirmed"],
        seen=form.as_seen(),
    )
    return go_to(request, assignment)
