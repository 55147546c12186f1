"""The page on which a labeler judges critiques.

Who wrote an answer or a critique, under which condition, with what score or rank, and whether anybody used it, is
not in these records, so no page can show it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from labeling.actions import judging
from labeling.models import JudgedQuestion, Sitting
from labeling.rules.helpfulness import Asks, Judged, NewCritique, Verdict
from labeling.visibility.parts import OwnCritique


@dataclass(frozen=True)
class ShownCritique:
    """A critique to judge, at its place on this labeler's page."""

    number: int
    text: str
    said: Verdict


@dataclass(frozen=True)
class AnswerPart:
    """An answer with the critiques of it, and what was said about them so far."""

    number: int
    client_key: uuid.UUID
    revision: int
    question: str
    answer: str
    critiques: Sequence[ShownCritique]
    said: Judged
    asks: Asks
    own: OwnCritique
    """What the labeler wrote because those shown were not it."""

    @property
    def in_words(self) -> list[str]:
        """What was said, for a labeler who must choose between two tabs."""
        verdicts = [
            f"{one.number}: {'–' if one.said.helpful is None else 'helpful' if one.said.helpful else 'not helpful'}"
            f"{'' if one.said.tier is None else f', rank {one.said.tier + 1}'}"
            for one in self.critiques
        ]
        return [*verdicts, self.own.text]

    @property
    def tiers(self) -> range:
        """A place for each critique; ties and gaps are the labeler's choice."""
        return range(len(self.critiques))

    @property
    def is_ranked(self) -> bool:
        return self.said.helpful >= 2

    @property
    def asks_better(self) -> bool:
        return self.said.is_decided and self.said.helpful > 0

    @property
    def asks_critiqueable(self) -> bool:
        return self.said.is_decided and self.said.helpful == 0


def answer_record(judged: JudgedQuestion, asks: Asks) -> AnswerPart:
    said = judging.stored(judged)
    own = said.new_critique or NewCritique()
    critiques = [
        ShownCritique(number, row.critique.text, verdict)
        for number, (row, verdict) in enumerate(zip(judging.shown(judged), said.verdicts, strict=True), start=1)
    ]
    return AnswerPart(
        number=judged.position + 1,
        client_key=judged.client_key,
        revision=judged.revision,
        question=judged.answer.question.text,
        answer=judged.answer.text,
        critiques=critiques,
        said=said,
        asks=asks,
        own=OwnCritique(judged.client_key, 0, own.text, own.category, own.category_text, own.severity),
    )


def answer_parts(sitting: Sitting) -> list[AnswerPart]:
    asks = judging.asks_of(sitting.study)
    rows = sitting.judged_questions.select_related("answer__question", "better_critique__critique")
    return [answer_record(judged, asks) for judged in rows]
