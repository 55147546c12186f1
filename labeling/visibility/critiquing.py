"""The page on which a labeler finds critiques.

Who made the answer, what others wrote about it and what its author hid in it are not in these records; without
assistance, not even that suggestions exist.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from labeling.actions.critiquing import kept
from labeling.models import Assignment, LabelerCritique, ShownSuggestion
from labeling.visibility.parts import OwnCritique, own_critique


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
    critiques: Sequence[OwnCritique]
    rating: int | None
    saved_at: datetime
    active_time_ms: int
    suggestions: Sequence[VisibleSuggestion] | None
    """None without assistance; a list, perhaps empty, with it."""


def worksheet(assignment: Assignment) -> Worksheet:
    """The page of an opened assignment, for the labeler who has it."""
    slot, sitting = assignment.slot, assignment.sitting
    assert slot.answer is not None
    assert slot.study_question is not None
    return Worksheet(
        public_id=assignment.public_id,
        instructions=assignment.instructions,
        title=slot.passage.title or "",
        passage=slot.passage.text,
        question=slot.study_question.question.text,
        answer=slot.answer.text,
        critiques=[visible_critique(row) for row in kept(sitting)],
        rating=sitting.rating,
        saved_at=sitting.saved_at,
        active_time_ms=sitting.active_time_ms,
        suggestions=None if assignment.bundle_id is None else suggestions_of(assignment),
    )


def visible_critique(row: LabelerCritique) -> OwnCritique:
    """What was found, without where it came from: that stands beside the suggestion."""
    removed = row.removed_ms is not None
    return own_critique(row.client_key, row.critique.text, row, revision=row.revision, is_removed=removed)


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
