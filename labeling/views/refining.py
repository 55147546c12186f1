"""Refining answers, in the browser: get with right, check the form, call one action, answer."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from labeling.actions import refining
from labeling.enums import Activity, AssignmentState
from labeling.forms.refining import RefineForm
from labeling.forms.working import GIVE_BACK_REASONS, HandInForm
from labeling.models import Assignment, Refinement
from labeling.refusals import Stale
from labeling.rules.permissions import check_can_work_on
from labeling.views.access import LabelerRequest, for_labelers, go_to, own_assignment
from labeling.views.working import answer, checked, conflict, handing_in
from labeling.visibility.refining import refining_part, refining_sheet


def own(request: LabelerRequest, public_id: str) -> Assignment:
    return own_assignment(request, public_id, Activity.REFINING)


def own_refinement(assignment: Assignment, number: int) -> Refinement:
    """The refinement of this number on the page."""
    rows = refining.refinements_of(assignment.sitting)
    if not 1 <= number <= len(rows):
        raise Http404
    return rows[number - 1]


@for_labelers
@require_safe
def page(request: LabelerRequest, public_id: str) -> HttpResponse:
    """The work itself; once submitted, a quiet word and the way to the next one."""
    assignment = own(request, public_id)
    if assignment.state == AssignmentState.SUBMITTED:
        return render(request, "critiquing/submitted.html", {"sitting": assignment.sitting})
    check_can_work_on(request.labeler, assignment)
    sheet = refining_sheet(assignment, refining.prepare(assignment))
    context = {
        "work": sheet,
        "sheet": sheet.frame,
        "public_id": public_id,
        "give_back_reasons": GIVE_BACK_REASONS,
    }
    return render(request, "refining/page.html", context)


@for_labelers
def refine(request: LabelerRequest, public_id: str, number: int) -> HttpResponse:
    """Save a refinement as it stands in the page. Read, it is the refinement as it stands here."""
    assignment = own(request, public_id)
    row = own_refinement(assignment, number)
    if request.method != "POST":
        return answer(request, assignment, "refining/_refinement.html", found=refining_part(number, row))
    form = checked(RefineForm(request.POST, row=row))
    try:
        row = refining.refine(labeler=request.labeler, row=row, **form.cleaned_data)
    except Stale as stale:
        found = refining_part(number, own_refinement(assignment, number))
        other = ["Best left as it is" if found.is_kept else "", found.text]
        return conflict(request, assignment, "refining/_conflict.html", stale, found=found, other=other)
    return answer(request, assignment, "components/saved_revision.html", found=row)


@for_labelers
@require_POST
def submit(request: LabelerRequest, public_id: str) -> HttpResponse:
    """Hand in the draft."""
    assignment = own(request, public_id)
    form = handing_in(request, assignment, HandInForm(request.POST))
    refining.submit(labeler=request.labeler, assignment=assignment, seen=form.shown)
    return go_to(request, assignment)
