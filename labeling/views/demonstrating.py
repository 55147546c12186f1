"""Ranking, rating, critiquing and refining, in the browser.

An answer's chain is one fragment: beginning or removing a critique changes which refinement can be edited.
"""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django_htmx.http import retarget

from labeling.actions import demonstrating
from labeling.actions.critiquing import PERFECT
from labeling.enums import Activity
from labeling.forms.demonstrating import LinkForm, NewLinkForm, RateForm
from labeling.forms.parts import ConfirmableHandInForm
from labeling.models import Assignment, ChainLink, RankedAnswer
from labeling.refusals import Refused
from labeling.views.access import LabelerRequest
from labeling.views.desk import Desk, PartOnPage, answer, answer_part, checked
from labeling.views.errors import answer_refusal
from labeling.visibility.demonstrating import ShownAnswer, ShownLink, demonstrating_sheet, shown_answer, shown_link

RATINGS = range(1, PERFECT + 1)


def page(assignment: Assignment) -> dict[str, Any]:
    """Answers to each question, with what is made of them."""
    sheet = demonstrating_sheet(assignment, demonstrating.prepare(assignment))
    return {"work": sheet, "sheet": sheet.frame, "saved_at": sheet.saved_at, "ratings": RATINGS}


desk = Desk(Activity.DEMONSTRATING, page, demonstrating.submit, ConfirmableHandInForm)


def own_answer(assignment: Assignment, number: int) -> RankedAnswer:
    """The answer of this number on the page."""
    rows = demonstrating.ranked_answers(assignment.sitting)
    if not 1 <= number <= len(rows):
        raise Http404
    return rows[number - 1]


def own_link(row: RankedAnswer, client_key: uuid.UUID) -> ChainLink:
    """A critique of this very answer."""
    links = row.chain.select_related("critique", "ranked_answer__answer", "ranked_answer__ranked_question__question")
    return get_object_or_404(links, client_key=client_key)


def chain(request: LabelerRequest, assignment: Assignment, number: int, **context: object) -> HttpResponse:
    """The fragment with all critiques of an answer."""
    shown = shown_answer(number, own_answer(assignment, number))
    return answer(request, assignment, "demonstrating/_chain.html", shown=shown, **context)


@desk.view
def rate(request: LabelerRequest, assignment: Assignment, number: int) -> HttpResponse:
    """What is thought of one answer."""
    row = own_answer(assignment, number)

    def stored() -> ShownAnswer:
        return shown_answer(number, own_answer(assignment, number))

    def write(form: RateForm) -> RankedAnswer:
        return demonstrating.rate(labeler=request.labeler, row=row, **form.cleaned_data)

    part = PartOnPage(stored, RateForm, write, "demonstrating/_rate.html", context={"ratings": RATINGS})
    return answer_part(request, assignment, part)


@desk.post
def add(request: LabelerRequest, assignment: Assignment, number: int) -> HttpResponse:
    """Begin the next critique of an answer under the key that the page made up, or put one back."""
    row = own_answer(assignment, number)
    form = checked(NewLinkForm(request.POST, before=demonstrating.text_now(row)))
    try:
        link = demonstrating.add_link(
            labeler=request.labeler,
            row=row,
            client_key=form.cleaned_data["client_key"],
            **(form.content if form.cleaned_data["comes_back"] else {}),
        )
    except Refused as refused:
        if not request.htmx:
            raise
        # Beside the button: the chain with all that was typed stays.
        return retarget(answer_refusal(request, refused), f"#chain-refusal-{number}")
    return chain(request, assignment, number, fresh_key=link.client_key)


@desk.view
def link(request: LabelerRequest, assignment: Assignment, number: int, client_key: uuid.UUID) -> HttpResponse:
    """One critique with its refinement. Read, it is the chain as it stands here."""
    row = own_answer(assignment, number)
    if request.method != "POST":
        return chain(request, assignment, number)
    found = own_link(row, client_key)

    def stored() -> ShownLink:
        return shown_link(own_link(row, client_key))

    def write(form: LinkForm) -> ChainLink:
        base = form.cleaned_data["base_revision"]
        return demonstrating.change_link(labeler=request.labeler, link=found, base_revision=base, **form.content)

    form = partial(LinkForm, before=demonstrating.text_before(found), link=found)
    part = PartOnPage(stored, form, write, "demonstrating/_link.html", around="closest section", swap="innerHTML")
    return answer_part(request, assignment, part)


@desk.post
def remove(request: LabelerRequest, assignment: Assignment, number: int, client_key: uuid.UUID) -> HttpResponse:
    """Take the last critique out; the answer offers to put it back, with all it had."""
    found = own_link(own_answer(assignment, number), client_key)
    gone = shown_link(found)
    demonstrating.remove_link(labeler=request.labeler, link=found)
    return chain(request, assignment, number, gone=gone)


ANSWER = "<slug:public_id>/answers/<int:number>/"
urlpatterns = desk.urls(
    path(ANSWER, rate, name="rate"),
    path(f"{ANSWER}critiques/", add, name="add"),
    path(f"{ANSWER}critiques/<uuid:client_key>/", link, name="link"),
    path(f"{ANSWER}critiques/<uuid:client_key>/remove/", remove, name="remove"),
)
