"""Ranking, rating, critiquing and refining, in the browser: get with right, check the form, call one action, answer.

An answer's chain is one fragment: beginning or removing a critique changes which refinement can be edited.
"""

from __future__ import annotations

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import retarget

from labeling.actions import demonstrating
from labeling.actions.critiquing import PERFECT
from labeling.enums import Activity, AssignmentState
from labeling.forms.demonstrating import LinkForm, NewLinkForm, RateForm
from labeling.forms.working import GIVE_BACK_REASONS, HandInForm
from labeling.models import Assignment, ChainLink, RankedAnswer
from labeling.refusals import Refused, Stale
from labeling.rules.permissions import check_can_work_on
from labeling.views.access import LabelerRequest, for_labelers, go_to, own_assignment
from labeling.views.errors import answer_refusal
from labeling.views.working import CHOICES, answer, checked, conflict, handing_in
from labeling.visibility.demonstrating import demonstrating_sheet, shown_answer, shown_link


def own(request: LabelerRequest, public_id: str) -> Assignment:
    return own_assignment(request, public_id, Activity.DEMONSTRATING)


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


@for_labelers
@require_safe
def page(request: LabelerRequest, public_id: str) -> HttpResponse:
    """The work itself; once submitted, a quiet word and the way to the next one."""
    assignment = own(request, public_id)
    if assignment.state == AssignmentState.SUBMITTED:
        return render(request, "critiquing/submitted.html", {"sitting": assignment.sitting})
    check_can_work_on(request.labeler, assignment)
    sheet = demonstrating_sheet(assignment, demonstrating.prepare(assignment))
    context = {
        "work": sheet,
        "sheet": sheet.frame,
        "public_id": public_id,
        "ratings": range(1, PERFECT + 1),
        "give_back_reasons": GIVE_BACK_REASONS,
    }
    return render(request, "demonstrating/page.html", context | CHOICES)


@for_labelers
def rate(request: LabelerRequest, public_id: str, number: int) -> HttpResponse:
    """Save what is thought of one answer. Read, it is the form as it stands here."""
    assignment = own(request, public_id)
    row = own_answer(assignment, number)
    ratings = range(1, PERFECT + 1)
    if request.method != "POST":
        found = shown_answer(number, row)
        return answer(request, assignment, "demonstrating/_rate.html", found=found, ratings=ratings)
    form = checked(RateForm(request.POST))
    try:
        row = demonstrating.rate(labeler=request.labeler, row=row, **form.cleaned_data)
    except Stale as stale:
        found = shown_answer(number, own_answer(assignment, number))
        other = [f"Place {found.tier + 1}" if found.tier is not None else "", f"Rating {found.rating or 'none'}"]
        return conflict(request, assignment, "demonstrating/_rate_conflict.html", stale, found=found, other=other)
    return answer(request, assignment, "components/saved_revision.html", found=row)


@for_labelers
@require_POST
def add(request: LabelerRequest, public_id: str, number: int) -> HttpResponse:
    """Begin the next critique of an answer under the key that the page made up, or put one back."""
    assignment = own(request, public_id)
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


@for_labelers
def link(request: LabelerRequest, public_id: str, number: int, client_key: uuid.UUID) -> HttpResponse:
    """Save a critique as it stands in the page. Read, it is the chain as it stands here."""
    assignment = own(request, public_id)
    row = own_answer(assignment, number)
    if request.method != "POST":
        return chain(request, assignment, number)
    found = own_link(row, client_key)
    form = checked(LinkForm(request.POST, before=demonstrating.text_before(found), link=found))
    try:
        found = demonstrating.change_link(
            labeler=request.labeler, link=found, base_revision=form.cleaned_data["base_revision"], **form.content
        )
    except Stale as stale:
        now = own_link(row, client_key)
        other = [now.critique.text, now.get_category_display(), now.get_severity_display(), now.refinement]
        context = {"found": now, "number": number, "other": other}
        return conflict(request, assignment, "demonstrating/_link_conflict.html", stale, **context)
    return answer(request, assignment, "components/saved_revision.html", found=found)


@for_labelers
@require_POST
def remove(request: LabelerRequest, public_id: str, number: int, client_key: uuid.UUID) -> HttpResponse:
    """Take the last critique out; the answer offers to put it back, with all it had."""
    assignment = own(request, public_id)
    found = own_link(own_answer(assignment, number), client_key)
    gone = shown_link(found)
    demonstrating.remove_link(labeler=request.labeler, link=found)
    return chain(request, assignment, number, gone=gone)


@for_labelers
@require_POST
def submit(request: LabelerRequest, public_id: str) -> HttpResponse:
    """Hand in the draft."""
    assignment = own(request, public_id)
    form = handing_in(request, assignment, HandInForm(request.POST))
    confirmed = form.cleaned_data["confirmed"]
    demonstrating.submit(labeler=request.labeler, assignment=assignment, confirmed=confirmed, seen=form.shown)
    return go_to(request, assignment)
