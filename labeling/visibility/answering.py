"""The page on which a labeler writes questions and answers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from labeling.actions.answering import asks_misleading, questions_of
from labeling.models import Assignment, DraftIntended, DraftQuestion, Sitting
from labeling.visibility.frame import Frame, frame_of, last_save


@dataclass(frozen=True)
class QuestionCard:
    """A question as it stands, and the flaws its misleading answer hides. All of it is the labeler's own."""

    draft: DraftQuestion
    flaws: list[DraftIntended]
    flaw_key: uuid.UUID = field(default_factory=uuid.uuid4)
    """The client key of the flaw that is described next."""


@dataclass(frozen=True)
class AnsweringSheet:
    frame: Frame
    cards: list[QuestionCard]
    misleading: bool
    """Whether the study asks for misleading answers, too."""
    saved_at: datetime | None


def question_card(draft: DraftQuestion) -> QuestionCard:
    return QuestionCard(draft, list(draft.flaws))


def answering_sheet(assignment: Assignment, sitting: Sitting) -> AnsweringSheet:
    """The page of an opened assignment, for the labeler who has it."""
    cards = [question_card(draft) for draft in questions_of(sitting)]
    saves = [card.draft.saved_at for card in cards] + [flaw.saved_at for card in cards for flaw in card.flaws]
    return AnsweringSheet(
        frame=frame_of(assignment, sitting),
        cards=cards,
        misleading=asks_misleading(assignment),
        saved_at=last_save(assignment, saves),
    )
