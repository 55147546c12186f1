"""The page on which a labeler finds critiques.

Who made the answer, what others wrote about it and what its author hid in it are not in these records; without
assistance, not even that suggestions exist.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
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
    uses: Sequence[uuid.UUID]
    """The client keys of the critiques that come from it and are not removed, in order."""
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
    """Removed ones stand where they stood, and can be put back until the work is submitted."""
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
        critiques=[visible_critique(row) for row in sitting.critiques.select_related("critique")],
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
    uses = uses_in(assignment)
    return [visible_suggestion(row, uses) for row in shown]


def uses_in(assignment: Assignment) -> dict[int, list[uuid.UUID]]:
    """Which critiques come from which suggestion now. Whether one was ever used stays with the events."""
    uses: dict[int, list[uuid.UUID]] = {}
    for row in kept(assignment.sitting).exclude(suggestion_used=None):
        uses.setdefault(row.suggestion_used_id, []).append(row.client_key)
    return uses


def visible_suggestion(row: ShownSuggestion, uses: Mapping[int, Sequence[uuid.UUID]]) -> VisibleSuggestion:
    return VisibleSuggestion(
        number=row.rank + 1,
        text=row.suggestion.critique.text,
        score=row.score,
        uses=uses.get(row.suggestion_id, ()),
    )
