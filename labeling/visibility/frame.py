"""What all pages of work show: the text, what to do with it, and how long it has taken so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from labeling.models import Assignment, Sitting


@dataclass(frozen=True)
class Frame:
    """The part of a sheet that no activity lacks."""

    public_id: str
    instructions: str
    title: str
    passage: str
    active_time_ms: int


def frame_of(assignment: Assignment, sitting: Sitting) -> Frame:
    """The frame of an opened assignment, for the labeler who has it."""
    slot = assignment.slot
    return Frame(
        public_id=assignment.public_id,
        instructions=assignment.instructions,
        title=slot.passage.title or "",
        passage=slot.passage.text,
        active_time_ms=sitting.active_time_ms,
    )


def last_save(assignment: Assignment, saves: list[datetime]) -> datetime | None:
    """When something in the page was saved last; before that, when it was opened."""
    return max(saves, default=assignment.opened_at)
