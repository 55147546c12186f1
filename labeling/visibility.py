"""What a labeler may see. Pages for labelers are made of these records and nothing else.

A labeler never learns who made an answer, what others wrote about it, what its author hid in it, or which
condition a page belongs to; without assistance, not even that suggestions exist. So templates are handed no
slot, answer, bundle or other labeler to reach through: what is not in these records cannot be shown.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from labeling.enums import Activity, AssignmentState, ReleaseReason
from labeling.models import Assignment, Exposure, Labeler, LabelerCritique, ShownSuggestion, Sitting


@dataclass(frozen=True)
class VisibleSuggestion:
    """A suggestion as one labeler sees it. `number` counts from 1 in display order and is its address."""

    number: int
    text: str
    score: float
    times_used: int
    use_key: uuid.UUID = field(default_factory=uuid.uuid4)
    """The client key of the critique that the next use begins."""


@dataclass(frozen=True)
class Worksheet:
    """One piece of work: all that its page shows."""

    public_id: str
    instructions: str
    title: str
    passage: str
    question: str
    answer: str
    critiques: Sequence[LabelerCritique]
    rating: int | None
    saved_at: datetime
    active_time_ms: int
    suggestions: Sequence[VisibleSuggestion] | None
    """None without assistance; a list, perhaps empty, with it."""


def worksheet(assignment: Assignment) -> Worksheet:
    """The page of an opened assignment, for the labeler who has it."""
    slot, submission = assignment.slot, assignment.submission
    assert slot.answer is not None
    assert slot.study_question is not None
    return Worksheet(
        public_id=assignment.public_id,
        instructions=assignment.instructions,
        title=slot.passage.title or "",
        passage=slot.passage.text,
        question=slot.study_question.question.text,
        answer=slot.answer.text,
        critiques=list(submission.critiques.filter(removed_ms=None).select_related("critique")),
        rating=submission.rating,
        saved_at=submission.saved_at,
        active_time_ms=submission.active_time_ms,
        suggestions=None if assignment.bundle_id is None else suggestions_of(assignment),
    )


def suggestions_of(assignment: Assignment) -> list[VisibleSuggestion]:
    """Most helpful first, as they were ranked when the assignment was opened."""
    shown = assignment.shown_suggestions.select_related("suggestion__critique").order_by("rank")
    return [visible_suggestion(row) for row in shown]


def visible_suggestion(row: ShownSuggestion) -> VisibleSuggestion:
    return VisibleSuggestion(
        number=row.rank + 1,
        text=row.suggestion.critique.text,
        score=row.score,
        times_used=row.times_used,
    )


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
    pieces = [*_critiqued_by(labeler), *_sittings_of(labeler)]
    return sorted(pieces, key=lambda piece: piece.submitted_at, reverse=True)


def _sittings_of(labeler: Labeler) -> list[DonePiece]:
    rows = Sitting.objects.filter(labeler=labeler, assignment__isnull=False, submitted_at__isnull=False)
    return [
        DonePiece(
            title=str(row.passage),
            submitted_at=row.submitted_at,
            minutes=row.active_time_ms / 60_000,
            activity=row.get_activity_display(),
        )
        for row in rows.select_related("passage")
        if row.submitted_at is not None
    ]


def _critiqued_by(labeler: Labeler) -> list[DonePiece]:
    rows = (
        Assignment.objects.of(labeler)
        .filter(state=AssignmentState.SUBMITTED, submission__submitted_at__isnull=False)
        .select_related("slot__passage", "submission")
        .prefetch_related("submission__critiques")
    )
    return [
        DonePiece(
            title=str(row.slot.passage),
            submitted_at=row.submission.submitted_at,
            minutes=row.submission.active_time_ms / 60_000,
            activity=Activity.CRITIQUING.label,
            critiques=sum(found.removed_ms is None for found in row.submission.critiques.all()),
            rating=row.submission.rating,
        )
        for row in rows
    ]


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
