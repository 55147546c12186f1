"""Finding critiques, in the browser.

Every address is made of the assignment's public id and the critique's client key. The answer to a fragment request
is the same template file that the page includes; without htmx it is the page again. With JavaScript a critique opens
in the page at once and begins here with its first save; without, `add` and `use` begin it.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path

from labeling.actions import critiquing
from labeling.enums import Activity
from labeling.forms.critiquing import BeginningForm, CritiqueForm, RatingForm, SubmitForm
from labeling.forms.parts import NewPartForm
from labeling.models import Assignment, LabelerCritique, ShownSuggestion, Suggestion
from labeling.refusals import Stale
from labeling.views.access import LabelerRequest, go_to
from labeling.views.desk import Desk, answer, check_begun, checked, conflict
from labeling.visibility.critiquing import (
    VisibleSuggestion,
    uses_in,
    visible_critique,
    visible_suggestion,
    worksheet,
)
from labeling.visibility.parts import OwnCritique


def page(assignment: Assignment) -> dict[str, Any]:
    """One answer, what was found in it so far and, with assistance, the suggestions."""
    sheet = worksheet(assignment)
    return {
        "sheet": sheet,
        "saved_at": sheet.saved_at,
        "blank": OwnCritique(),
        "client_key": uuid.uuid4(),
        "ratings": range(1, critiquing.PERFECT + 1),
    }


desk = Desk(Activity.CRITIQUING, page, critiquing.submit, SubmitForm)


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


def suggestion_of(assignment: Assignment, found: LabelerCritique) -> VisibleSuggestion | None:
    """The suggestion that a critique comes from, as the page shows it now: its mark goes along with the answer."""
    shown = assignment.shown_suggestions.filter(suggestion=found.suggestion_used_id).first()
    return None if shown is None else visible_suggestion(shown, uses_in(assignment))


@desk.post
def add(request: LabelerRequest, assignment: Assignment) -> HttpResponse:
    """Begin an empty critique under the key that the page made up."""
    form = checked(NewPartForm(request.POST))
    critiquing.add_critique(labeler=request.labeler, assignment=assignment, **form.cleaned_data)
    return go_to(request, assignment)


@desk.view
def use(request: LabelerRequest, assignment: Assignment, number: int) -> HttpResponse:
    """Begin a critique from the suggestion of this number. Where there are none, this page does not exist."""
    shown = own_suggestion(assignment, number)
    if request.method != "POST":
        raise Http404
    form = checked(NewPartForm(request.POST))
    critiquing.add_critique(
        labeler=request.labeler, assignment=assignment, suggestion=shown.suggestion, **form.cleaned_data
    )
    return go_to(request, assignment)


@desk.view
def critique(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """Save a critique as it stands in the page, begun or not. Read, it is the critique as it stands here."""
    if request.method != "POST":
        return show_critique(request, assignment, own_critique(assignment, client_key))
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
        return conflict(request, assignment, stale, "critiquing/_conflict.html", found=visible_critique(found))
    saved = {"found": found, "at": found.sitting.saved_at, "suggestion": suggestion_of(assignment, found)}
    return answer(request, assignment, "critiquing/_saved.html", **saved)


def show_critique(request: LabelerRequest, assignment: Assignment, found: LabelerCritique) -> HttpResponse:
    """The fragment with one critique, which takes the focus."""
    return answer_with(request, assignment, "critiquing/_shown.html", found)


def answer_with(request: LabelerRequest, assignment: Assignment, template: str, found: LabelerCritique) -> HttpResponse:
    """A fragment about one critique, and the mark of the suggestion that it comes from."""
    shown = {"found": visible_critique(found), "suggestion": suggestion_of(assignment, found)}
    return answer(request, assignment, template, fresh=True, **shown)


@desk.post
def remove(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """Take a critique out; the answer offers to put it back."""
    found = own_critique(assignment, client_key)
    critiquing.remove_critique(labeler=request.labeler, found=found)
    return answer_with(request, assignment, "critiquing/_removed.html", found)


@desk.post
def restore(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """Put a removed critique back."""
    found = critiquing.restore_critique(labeler=request.labeler, found=own_critique(assignment, client_key))
    return show_critique(request, assignment, found)


@desk.post
def rate(request: LabelerRequest, assignment: Assignment) -> HttpResponse:
    """Rate the answer."""
    form = checked(RatingForm(request.POST))
    sitting = critiquing.rate(labeler=request.labeler, assignment=assignment, **form.cleaned_data)
    return answer(request, assignment, "components/saved.html", at=sitting.saved_at)


CRITIQUE = "<slug:public_id>/critiques/<uuid:client_key>/"
urlpatterns = desk.urls(
    path("<slug:public_id>/critiques/", add, name="add"),
    path(CRITIQUE, critique, name="critique"),
    path(f"{CRITIQUE}remove/", remove, name="remove"),
    path(f"{CRITIQUE}restore/", restore, name="restore"),
    path("<slug:public_id>/suggestions/<int:number>/use/", use, name="use"),
    path("<slug:public_id>/rating/", rate, name="rate"),
)
