"""Writing questions and answers, in the browser. A question or a flaw begins with its first save."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path

from labeling.actions import answering
from labeling.enums import Activity
from labeling.forms.answering import FlawForm, NewFlawForm, QuestionForm
from labeling.forms.parts import NewPartForm
from labeling.models import Assignment, DraftIntended, DraftQuestion
from labeling.views.access import LabelerRequest, go_to
from labeling.views.desk import Desk, PartOnPage, answer, answer_part, check_begun, checked, show_part
from labeling.visibility import answering as visible
from labeling.visibility.answering import OwnQuestion, answering_sheet
from labeling.visibility.parts import OwnCritique


def page(assignment: Assignment) -> dict[str, Any]:
    """The questions and answers that were written so far."""
    sheet = answering_sheet(assignment, assignment.sitting)
    return {
        "work": sheet,
        "sheet": sheet.frame,
        "saved_at": sheet.saved_at,
        "misleading": sheet.misleading,
        "client_key": uuid.uuid4(),
        "blank": OwnQuestion(),
        "blank_flaw": OwnCritique(),
        "most": answering.MOST_QUESTIONS,
    }


desk = Desk(Activity.ANSWERING, page, answering.submit)


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


@desk.post
def add(request: LabelerRequest, assignment: Assignment) -> HttpResponse:
    """Begin a question under the key that the page made up."""
    form = checked(NewPartForm(request.POST))
    answering.add_question(labeler=request.labeler, assignment=assignment, **form.cleaned_data)
    return go_to(request, assignment)


@desk.view
def question(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """A question as it stands in the page, begun or not."""

    def stored() -> OwnQuestion:
        return visible.own_question(own_question(assignment, client_key))

    def write(form: QuestionForm) -> DraftQuestion:
        base = form.cleaned_data["base_revision"]
        check_begun(own_questions(assignment).filter(client_key=client_key).first(), base)
        return answering.save_question(
            labeler=request.labeler, assignment=assignment, client_key=client_key, base_revision=base, **form.content
        )

    return answer_part(request, assignment, question_part(assignment, stored, write))


def question_part(assignment: Assignment, stored: Any, write: Any = None) -> PartOnPage:
    """The whole card of a question, with its flaws."""
    context = {"misleading": answering.asks_misleading(assignment), "fresh": True}
    return PartOnPage(
        stored, QuestionForm, write, "answering/_question.html", around="closest article", context=context
    )


@desk.post
def remove(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """Take a question out; the answer offers to put it back."""
    draft = own_question(assignment, client_key)
    answering.remove_question(labeler=request.labeler, draft=draft)
    return answer(request, assignment, "answering/_removed.html", found=visible.own_question(draft), fresh=True)


@desk.post
def restore(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """Put a removed question back."""
    draft = own_question(assignment, client_key)
    answering.restore_question(labeler=request.labeler, draft=draft)
    return show_part(request, assignment, question_part(assignment, lambda: visible.own_question(draft)))


@desk.post
def add_flaw(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """Begin to describe a flaw of this question's misleading answer."""
    draft = own_question(assignment, client_key)
    form = checked(NewPartForm(request.POST))
    answering.add_intended(labeler=request.labeler, draft=draft, **form.cleaned_data)
    return go_to(request, assignment)


@desk.view
def flaw(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """A flaw as it stands in the page, begun or not."""

    def stored() -> OwnCritique:
        return visible.own_flaw(own_flaw(assignment, client_key))

    def write(form: FlawForm) -> DraftIntended:
        draft, base = question_of(request, assignment, client_key), form.cleaned_data["base_revision"]
        check_begun(draft.intended.filter(client_key=client_key).first(), base)
        return answering.save_intended(
            labeler=request.labeler, draft=draft, client_key=client_key, base_revision=base, **form.content
        )

    part = PartOnPage(stored, FlawForm, write, "answering/_flaw.html", context={"fresh": True})
    return answer_part(request, assignment, part)


@desk.post
def remove_flaw(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """Take a flaw out; the answer offers to put it back."""
    intended = own_flaw(assignment, client_key)
    answering.remove_intended(labeler=request.labeler, intended=intended)
    return answer(request, assignment, "answering/_flaw_removed.html", found=visible.own_flaw(intended), fresh=True)


@desk.post
def restore_flaw(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """Put a removed flaw back."""
    intended = own_flaw(assignment, client_key)
    answering.restore_intended(labeler=request.labeler, intended=intended)
    return answer(request, assignment, "answering/_flaw.html", found=visible.own_flaw(intended), fresh=True)


QUESTION = "<slug:public_id>/questions/<uuid:client_key>/"
FLAW = "<slug:public_id>/flaws/<uuid:client_key>/"
urlpatterns = desk.urls(
    path("<slug:public_id>/questions/", add, name="add"),
    path(QUESTION, question, name="question"),
    path(f"{QUESTION}remove/", remove, name="remove"),
    path(f"{QUESTION}restore/", restore, name="restore"),
    path(f"{QUESTION}flaws/", add_flaw, name="add-flaw"),
    path(FLAW, flaw, name="flaw"),
    path(f"{FLAW}remove/", remove_flaw, name="remove-flaw"),
    path(f"{FLAW}restore/", restore_flaw, name="restore-flaw"),
)
