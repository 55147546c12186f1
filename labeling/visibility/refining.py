"""The page on which a labeler refines answers: texts only, nothing of who wrote an answer or its critique."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from labeling.actions.refining import refinements_of
from labeling.models import Refinement, Sitting


@dataclass(frozen=True)
class RefiningPart:
    """One answer and what the labeler makes of it. `number` counts from 1."""

    number: int
    client_key: uuid.UUID
    revision: int
    saved_at: datetime
    question: str
    answer: str
    critique: str | None
    text: str
    is_kept: bool

    @property
    def in_words(self) -> list[str]:
        """What was made of it, for a labeler who must choose between two tabs."""
        return ["Best left as it is" if self.is_kept else "", self.text]


def refining_parts(sitting: Sitting) -> list[RefiningPart]:
    """In the order of the page."""
    return [refining_part(row) for row in refinements_of(sitting)]


def refining_part(row: Refinement) -> RefiningPart:
    return RefiningPart(
        number=row.position + 1,
        client_key=row.client_key,
        revision=row.revision,
        saved_at=row.saved_at,
        question=row.answer.question.text,
        answer=row.answer.text,
        critique=row.critique.text if row.critique is not None else None,
        text=row.text,
        is_kept=row.is_kept,
    )
