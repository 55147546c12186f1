"""The page on which a labeler refines answers: texts only, nothing of who wrote an answer or its critique."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from labeling.actions.refining import refinements_of
from labeling.models import Assignment, Refinement, Sitting
from labeling.visibility.frame import Frame, frame_of, last_save


@dataclass(frozen=True)
class RefiningPart:
    """One answer and what the labeler makes of it. `number` counts from 1 and is its address."""

    number: int
    client_key: uuid.UUID
    revision: int
    saved_at: datetime
    question: str
    answer: str
    critique: str | None
    text: str
    is_kept: bool


@dataclass(frozen=True)
class RefiningSheet:
    frame: Frame
    parts: Sequence[RefiningPart]
    saved_at: datetime | None


def refining_sheet(assignment: Assignment, sitting: Sitting) -> RefiningSheet:
    """The page of an opened assignment, for the labeler who has it."""
    parts = [refining_part(number, row) for number, row in enumerate(refinements_of(sitting), start=1)]
    return RefiningSheet(frame_of(assignment, sitting), parts, last_save(assignment, [part.saved_at for part in parts]))


def refining_part(number: int, row: Refinement) -> RefiningPart:
    return RefiningPart(
        number=number,
        client_key=row.client_key,
        revision=row.revision,
        saved_at=row.saved_at,
        question=row.answer.question.text,
        answer=row.answer.text,
        critique=row.critique.text if row.critique is not None else None,
        text=row.text,
        is_kept=row.is_kept,
    )
