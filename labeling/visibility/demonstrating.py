"""The page on which a labeler ranks, rates, critiques and refines answers.

They never learn which model gave an answer, or how it was sampled: these records hold texts, and what the labeler
made of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from labeling.actions.demonstrating import (
    is_last,
    links_of,
    ranked_answers,
    spans_of,
    text_before,
)
from labeling.enums import Category, QuoteOf, Severity
from labeling.models import Assignment, ChainLink, RankedAnswer, Sitting
from labeling.rules.quoting import crlf_places, quoted
from labeling.visibility.frame import Frame, frame_of, last_save

#: What the page calls the quotes of each text.
QUOTE_NAMES = {QuoteOf.PASSAGE: "text_quotes", QuoteOf.RESPONSE: "response_quotes"}


@dataclass(frozen=True)
class ShownText:
    """A text that can be quoted, and where its stored line ends are longer than those shown."""

    text: str
    crlf: str

    @classmethod
    def of(cls, text: str) -> ShownText:
        return cls(text, " ".join(map(str, crlf_places(text))))


@dataclass(frozen=True)
class ShownQuote:
    name: str
    span: str
    text: str


@dataclass(frozen=True)
class ShownLink:
    """A critique of the chain with its refinement."""

    client_key: uuid.UUID | None
    revision: int
    saved_at: datetime
    number: int
    text: str
    category: str
    category_text: str
    severity: int | None
    refinement: ShownText
    is_last: bool
    quotes: Sequence[ShownQuote]

    @property
    def in_words(self) -> list[str]:
        """What was written, for a labeler who must choose between two tabs."""
        category = Category(self.category).label if self.category else ""
        severity = "" if self.severity is None else Severity(self.severity).label
        return [self.text, category, severity, self.refinement.text]


@dataclass(frozen=True)
class ShownAnswer:
    """An answer with all that was made of it. `number` counts from 1 through the page and is its address."""

    number: int
    client_key: uuid.UUID
    revision: int
    saved_at: datetime
    answer: ShownText
    places: range
    tier: int | None
    rating: int | None
    can_skip: bool
    is_skipped: bool
    skip_reason: str
    corroborations: str
    links: Sequence[ShownLink]
    next_key: uuid.UUID = field(default_factory=uuid.uuid4)
    """The client key of the critique that is begun next."""

    @property
    def in_words(self) -> list[str]:
        """What was thought of it, for a labeler who must choose between two tabs."""
        return ["" if self.tier is None else f"Place {self.tier + 1}", f"Rating {self.rating or 'none'}"]


@dataclass(frozen=True)
class ShownQuestion:
    text: str
    answers: Sequence[ShownAnswer]


@dataclass(frozen=True)
class DemonstratingSheet:
    frame: Frame
    passage: ShownText
    questions: Sequence[ShownQuestion]
    saved_at: datetime | None


def demonstrating_sheet(assignment: Assignment, sitting: Sitting) -> DemonstratingSheet:
    """The page of an opened assignment, for the labeler who has it."""
    rows = ranked_answers(sitting)
    shown = {row.pk: shown_answer(number, row) for number, row in enumerate(rows, start=1)}
    questions = [
        ShownQuestion(ranked.question.text, [shown[row.pk] for row in rows if row.ranked_question_id == ranked.pk])
        for ranked in sitting.ranked_questions.select_related("question").order_by("position")
    ]
    saves = [row.saved_at for row in rows] + [link.saved_at for answer in shown.values() for link in answer.links]
    return DemonstratingSheet(
        frame=frame_of(assignment, sitting),
        passage=ShownText.of(assignment.slot.passage.text),
        questions=questions,
        saved_at=last_save(assignment, saves),
    )


def shown_answer(number: int, row: RankedAnswer) -> ShownAnswer:
    return ShownAnswer(
        number=number,
        client_key=row.client_key,
        revision=row.revision,
        saved_at=row.saved_at,
        answer=ShownText.of(row.answer.text),
        places=range(row.ranked_question.answers.count()),
        tier=row.tier,
        rating=row.rating,
        can_skip=row.position > 0,
        is_skipped=row.is_skipped,
        skip_reason=row.skip_reason,
        corroborations="\n".join(row.corroborations.order_by("position").values_list("text", flat=True)),
        links=[shown_link(link) for link in links_of(row)],
    )


def shown_link(link: ChainLink) -> ShownLink:
    return ShownLink(
        client_key=link.client_key,
        revision=link.revision,
        saved_at=link.saved_at,
        number=link.position + 1,
        text=link.critique.text,
        category=link.category,
        category_text=link.category_text or "",
        severity=link.severity,
        refinement=ShownText.of(link.refinement),
        is_last=is_last(link),
        quotes=_quotes(link),
    )


def _quotes(link: ChainLink) -> list[ShownQuote]:
    texts = {
        QuoteOf.PASSAGE: link.ranked_answer.ranked_question.question.passage.text,
        QuoteOf.RESPONSE: text_before(link),
    }
    return [
        ShownQuote(QUOTE_NAMES[of], str(span), quoted(text, span))
        for of, text in texts.items()
        for span in spans_of(link, of)
    ]
