"""The page on which a labeler writes questions and answers. All of it is the labeler's own."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from labeling.actions.answering import asks_misleading, honest_answer
from labeling.models import Assignment, DraftIntended, DraftQuestion, Sitting
from labeling.visibility.frame import Frame, frame_of, last_save
from labeling.visibility.parts import NOT_YET, OwnCritique, own_critique


@dataclass(frozen=True)
class OwnQuestion:
    """A question with its answers, and the flaws that its misleading answer hides; perhaps removed."""

    client_key: uuid.UUID = NOT_YET
    revision: int = 0
    text: str = ""
    is_covered: bool = True
    answer: str = ""
    misleading: str = ""
    flaws: Sequence[OwnCritique] = ()
    in_words: Sequence[str] = ()
    """What was written, for a labeler who must choose between two tabs."""
    is_removed: bool = False
    flaw_key: uuid.UUID = field(default_factory=uuid.uuid4)
    """The client key of the flaw that is described next, where the page cannot make one up."""


@dataclass(frozen=True)
class AnsweringSheet:
    frame: Frame
    questions: Sequence[OwnQuestion]
    """Removed ones stand where they stood, and can be put back until the work is submitted."""
    misleading: bool
    """Whether the study asks for misleading answers, too."""
    saved_at: datetime | None


def own_question(draft: DraftQuestion) -> OwnQuestion:
    return OwnQuestion(
        client_key=draft.client_key,
        revision=draft.revision,
        text=draft.text,
        is_covered=draft.is_covered,
        answer=draft.answer,
        misleading=draft.misleading,
        flaws=[own_flaw(flaw) for flaw in draft.intended.all()],
        is_removed=draft.is_removed,
        in_words=[draft.text, honest_answer(draft), draft.misleading],
    )


def own_flaw(flaw: DraftIntended) -> OwnCritique:
    return own_critique(flaw.client_key, flaw.text, flaw, revision=flaw.revision, is_removed=flaw.is_removed)


def answering_sheet(assignment: Assignment, sitting: Sitting) -> AnsweringSheet:
    """The page of an opened assignment, for the labeler who has it."""
    drafts = list(sitting.draft_questions.order_by("pk").prefetch_related("intended"))
    saves = [draft.saved_at for draft in drafts] + [flaw.saved_at for draft in drafts for flaw in draft.intended.all()]
    return AnsweringSheet(
        frame=frame_of(assignment, sitting),
        questions=[own_question(draft) for draft in drafts],
        misleading=asks_misleading(assignment),
        saved_at=last_save(assignment, saves),
    )
