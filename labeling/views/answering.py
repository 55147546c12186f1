"""Writing questions and answers, in the browser: get with right, check the form, call one action, answer."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from labeling.actions import answering
from labeling.enums import Activity, AssignmentState
from labeling.forms.answering import FlawForm, NewFlawForm, QuestionForm
from labeling.forms.working import GIVE_BACK_REASONS, HandInForm, NewPartForm
from labeling.models import Assignment, DraftIntended, DraftQuestion
from labeling.refusals import Stale
from labeling.rules.permissions import check_can_work_on
from labeling.views.access import LabelerRequest, for_labelers, go_to, own_assignment
from labeling.views.working import CHOICES, NOT_YET, answer, check_begun, checked, conflict, handing_in
from labeling.visibility.answering import answering_sheet, question_card


def own(request: LabelerRequest, public_id: str) -> Assignment:
    return own_assignment(request, public_id, Activity.ANSWERING)


def own_questions(assignment: Assignment) -> QuerySet[DraftQuestion]:
    """The questions of this very assignment, removed ones included."""
    return DraftQuestion.objects.filter(sitting__assignment=assignment).select_related("sitting__assignment")


def own_question(assignment: Assignment, client_key: uuid.UUID) -> DraftQuestion:
    return get_object_or_404(own_questions(assignment), client_key=client_key)


def own_flaw(assignment: Assignment, client_key: uuid.UUID) -> DraftIntended:
    """A hidden flaw of this very assignment."""
    flaws = DraftIntended.objects.filter(draft__sitting__assignment=assignment)
    return get_object_or_404(flaws.select_related("draft__sitting__assignment"), client_key=client_key)


def question_of(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> DraftQuestion:
    """The question that a flaw belongs to. A flaw that the page begins with this save says which."""
    begun = checked(NewFlawForm(request.POST)).cleaned_data["question"]
    return own_flaw(assignment, client_key).draft if begun is None else own_question(assignment, begun)


def card(request: LabelerRequest, assignment: Assignment, template: str, draft: DraftQuestion) -> HttpResponse:
    """A fragment with the whole card of a question."""
    misleading = answering.asks_misleading(assignment)
    context = {"card": question_card(draft), "found": draft, "misleading": misleading, "client_key": uuid.uuid4()}
    return answer(request, assignment, template, fresh=True, **context)


@for_labelers
@require_safe
def page(request: LabelerRequest, public_id: str) -> HttpResponse:
    """The work itself; once submitted, a quiet word and the way to the next one."""
    assignment = own(request, public_id)
    if assignment.state == AssignmentState.SUBMITTED:
        return render(request, "critiquing/submitted.html", {"sitting": assignment.sitting})
    check_can_work_on(request.labeler, assignment)
    sheet = answering_sheet(assignment, assignment.sitting)
    context = {
        "work": sheet,
        "sheet": sheet.frame,
        "public_id": public_id,
        "misleading": sheet.misleading,
        "client_key": uuid.uuid4(),
        "blank": DraftQuestion(client_key=NOT_YET),
        "blank_flaw": DraftIntended(client_key=NOT_YET),
        "most": answering.MOST_QUESTIONS,
        "give_back_reasons": GIVE_BACK_REASONS,
    }
    return render(request, "answering/page.html", context | CHOICES)


@for_labelers
@require_POST
def add(request: LabelerRequest, public_id: str) -> HttpResponse:
    """Begin a question under the key that the page made up."""
    assignment = own(request, public_id)
    form = checked(NewPartForm(request.POST))
    answering.add_question(labeler=request.labeler, assignment=assignment, **form.cleaned_data)
    return go_to(request, assignment)


@for_labelers
def question(request: LabelerRequest, public_id: str, client_key: uuid.UUID) -> HttpResponse:
    """Save a question as it stands in the page, begun or not. Read, it is the question as it stands here."""
    assignment = own(request, public_id)
    if request.method != "POST":
        return card(request, assignment, "answering/_question.html", own_question(assignment, client_key))
    form = checked(QuestionForm(request.POST))
    check_begun(own_questions(assignment).filter(client_key=client_key).first(), form.cleaned_data["base_revision"])
    try:
        draft = answering.save_question(
            labeler=request.labeler,
            assignment=assignment,
            client_key=client_key,
            base_revision=form.cleaned_data["base_revision"],
            **form.content,
        )
    except Stale as stale:
        now = own_question(assignment, client_key)
        other = [now.text, now.answer if now.is_covered else answering.NO_ANSWER, now.misleading]
        return conflict(request, assignment, "answering/_question_conflict.html", stale, found=now, other=other)
    return answer(request, assignment, "components/saved_revision.html", found=draft)


@for_labelers
@require_POST
def remove(request: LabelerRequest, public_id: str, client_key: uuid.UUID) -> HttpResponse:
    """Take a question out; the answer offers to put it back."""
    assignment = own(request, public_id)
    draft = own_question(assignment, client_key)
    answering.remove_question(labeler=request.labeler, draft=draft)
    return answer(request, assignment, "answering/_removed.html", found=draft)


@for_labelers
@require_POST
def restore(request: LabelerRequest, public_id: str, client_key: uuid.UUID) -> HttpResponse:
    """Put a removed question back."""
    assignment = own(request, public_id)
    draft = own_question(assignment, client_key)
    answering.restore_question(labeler=request.labeler, draft=draft)
    return card(request, assignment, "answering/_question.html", draft)


@for_labelers
@require_POST
def add_flaw(request: LabelerRequest, public_id: str, client_key: uuid.UUID) -> HttpResponse:
    """Begin to describe a flaw of this question's misleading answer."""
    assignment = own(request, public_id)
    draft = own_question(assignment, client_key)
    form = checked(NewPartForm(request.POST))
    answering.add_intended(labeler=request.labeler, draft=draft, **form.cleaned_data)
    return go_to(request, assignment)


@for_labelers
def flaw(request: LabelerRequest, public_id: str, client_key: uuid.UUID) -> HttpResponse:
    """Save a flaw as it stands in the page, begun or not. Read, it is the flaw as it stands here."""
    assignment = own(request, public_id)
    if request.method != "POST":
        intended = own_flaw(assignment, client_key)
        return answer(request, assignment, "answering/_flaw.html", found=intended, fresh=True)
    draft = question_of(request, assignment, client_key)
    form = checked(FlawForm(request.POST))
    check_begun(draft.intended.filter(client_key=client_key).first(), form.cleaned_data["base_revision"])
    try:
        intended = answering.save_intended(
            labeler=request.labeler,
            draft=draft,
            client_key=client_key,
            base_revision=form.cleaned_data["base_revision"],
            **form.content,
        )
    except Stale as stale:
        now = own_flaw(assignment, client_key)
        other = [now.text, now.get_category_display(), now.get_severity_display()]
        return conflict(request, assignment, "answering/_flaw_conflict.html", stale, found=now, other=other)
    return answer(request, assignment, "components/saved_revision.html", found=intended)


@for_labelers
@require_POST
def remove_flaw(request: LabelerRequest, public_id: str, client_key: uuid.UUID) -> HttpResponse:
    """Take a flaw out; the answer offers to put it back."""
    assignment = own(request, public_id)
    intended = own_flaw(assignment, client_key)
    answering.remove_intended(labeler=request.labeler, intended=intended)
    return answer(request, assignment, "answering/_flaw_removed.html", found=intended)


@for_labelers
@require_POST
def restore_flaw(request: LabelerRequest, public_id: str, client_key: uuid.UUID) -> HttpResponse:
    """Put a removed flaw back."""
    assignment = own(request, public_id)
    intended = own_flaw(assignment, client_key)
    answering.restore_intended(labeler=request.labeler, intended=intended)
    return answer(request, assignment, "answering/_flaw.html", found=intended, fresh=True)


@for_labelers
@require_POST
def submit(request: LabelerRequest, public_id: str) -> HttpResponse:
    """Hand in the draft."""
    assignment = own(request, public_id)
    form = handing_in(request, assignment, HandInForm(request.POST))
    answering.submit(labeler=request.labeler, assignment=assignment, seen=form.shown)
    return go_to(request, assignment)
