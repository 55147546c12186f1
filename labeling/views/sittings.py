"""What the pages of judges, checkers and comparers do alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from labeling.enums import Activity, AssignmentState, Confidence
from labeling.forms.working import GIVE_BACK_REASONS, HandInForm
from labeling.models import Assignment, Sitting
from labeling.refusals import Stale
from labeling.rules.permissions import check_can_work_on
from labeling.views.access import LabelerRequest, View, for_labelers, go_to, own_assignment
from labeling.views.working import CHOICES, answer, conflict, handing_in
from labeling.visibility.frame import frame_of


@dataclass(frozen=True)
class Save:
    """Which save of which part a page has now."""

    client_key: UUID
    revision: int
    saved_at: datetime


def show(
    request: LabelerRequest,
    public_id: str,
    activity: Activity,
    prepare: Callable[[Assignment], Sitting],
    parts: Callable[[Sitting], list[Any]],
) -> HttpResponse:
    """The work itself; once submitted, a quiet word and the way to the next one."""
    assignment = own_assignment(request, public_id, activity)
    if assignment.state == AssignmentState.SUBMITTED:
        return render(request, "critiquing/submitted.html", {"sitting": assignment.sitting})
    check_can_work_on(request.labeler, assignment)
    sitting = prepare(assignment)
    context = {
        "sheet": frame_of(assignment, sitting),
        "parts": parts(sitting),
        "saved_at": assignment.last_seen_at,
        "public_id": public_id,
        "give_back_reasons": GIVE_BACK_REASONS,
        "confidences": list(Confidence),
    }
    return render(request, f"{activity}/page.html", context | CHOICES)


def show_part(request: LabelerRequest, assignment: Assignment, part: Any) -> HttpResponse:
    """One part as it is stored; without htmx, the page."""
    template = f"{assignment.activity}/_part.html"
    return answer(request, assignment, template, part=part, found=part, confidences=list(Confidence))


def save(
    request: LabelerRequest, assignment: Assignment, write: Callable[[], Any], stored: Callable[[], Any]
) -> HttpResponse:
    """Save one part. Where another tab was first, offer the choice between what stands in both."""
    try:
        part = write()
    except Stale as stale:
        if not request.htmx:
            raise
        return conflict(request, assignment, f"{assignment.activity}/_conflict.html", stale, found=stored())
    found = Save(part.client_key, part.revision, timezone.now())
    return answer(request, assignment, "components/saved_revision.html", found=found)


def submit(activity: Activity, hand_in: Callable[..., Sitting]) -> View:
    """The view that hands in a draft of this activity."""

    @for_labelers
    @require_POST
    def view(request: LabelerRequest, public_id: str) -> HttpResponse:
        assignment = own_assignment(request, public_id, activity)
        seen = handing_in(request, assignment, HandInForm(request.POST)).shown
        hand_in(labeler=request.labeler, assignment=assignment, seen=seen)
        return go_to(request, assignment)

    return view
