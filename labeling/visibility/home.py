"""What a labeler may recall on the home page: work submitted, and texts met."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from labeling.enums import Activity, AssignmentState, ReleaseReason
from labeling.models import Assignment, Exposure, Labeler, Sitting


@dataclass(frozen=True)
class DonePiece:
    """One submission, as its own labeler may recall it."""

    title: str
    submitted_at: datetime
    minutes: float
    activity: str
    critiques: int | None = None
    rating: int | None = None
    """Both only where one answer was criticised and rated."""


@dataclass(frozen=True)
class ClosedText:
    """A text that this labeler will not be given (again), and why."""

    title: str
    reason: str


def done_by(labeler: Labeler) -> list[DonePiece]:
    """What the labeler has submitted here, the latest first. No word about how good it was."""
    rows = (
        Sitting.objects.filter(labeler=labeler, assignment__isnull=False, submitted_at__isnull=False)
        .select_related("passage")
        .annotate(found=Count("critiques", filter=Q(critiques__removed_ms=None)))
        .order_by("-submitted_at")
    )
    return [_done(row) for row in rows]


def _done(row: Any) -> DonePiece:
    """`row` is a submitted sitting with `found`, how many critiques it holds."""
    about_one_answer = row.activity == Activity.CRITIQUING
    return DonePiece(
        title=str(row.passage),
        submitted_at=row.submitted_at,
        minutes=row.active_time_ms / 60_000,
        activity=row.get_activity_display(),
        critiques=row.found if about_one_answer else None,
        rating=row.rating if about_one_answer else None,
    )


#: Why a text is closed to a labeler, from how their work on it stands.
_CLOSED_BECAUSE: dict[str, str] = {
    AssignmentState.OPENED: "You are working on it.",
    AssignmentState.SUBMITTED: "You have finished it.",
    ReleaseReason.SEEN_BEFORE: "You had read it before.",
    ReleaseReason.BROKEN_TEXT: "You reported that it is broken.",
    ReleaseReason.TIMED_OUT: "You opened it and left it for too long, so it went to somebody else.",
    ReleaseReason.RETURNED: "It was taken back after you had opened it.",
    ReleaseReason.REASSIGNED: "It was given to somebody else after you had opened it.",
}


def closed_to(labeler: Labeler) -> list[ClosedText]:
    """The texts this labeler has met, the latest first."""
    met = Exposure.objects.filter(labeler=labeler).select_related("passage").order_by("-at", "-pk")
    last = {
        row.slot.passage.text_digest: row
        for row in Assignment.objects.of(labeler).select_related("slot__passage").order_by("dealt_at", "pk")
    }
    return [ClosedText(str(row.passage), _reason(row, last.get(row.text_digest))) for row in met]


def _reason(exposure: Exposure, work: Assignment | None) -> str:
    if exposure.activity == Activity.ANSWERING:
        return "You wrote about it."
    if work is None:
        return "You have met it in an earlier study."
    return _CLOSED_BECAUSE.get(work.release_reason or work.state, "You have met it before.")
