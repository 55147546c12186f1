"""The page on which the author of a misleading answer, or a third party, checks what was found in it.

Who found a critique, with or without assistance, and how often it was found, is not in these records.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from labeling.actions import checking
from labeling.models import CheckedCritique, IntendedCritique, Sitting


@dataclass(frozen=True)
class ShownIntended:
    """An intended critique. Its author knows it; a third party must, to say what covers it."""

    number: int
    text: str
    is_covered: bool = False


@dataclass(frozen=True)
class FoundPart:
    """A text that one or more labelers found, and what was said about it so far."""

    number: int
    client_key: uuid.UUID
    revision: int
    text: str
    valid: bool | None
    intended: Sequence[ShownIntended]

    @property
    def in_words(self) -> list[str]:
        """What was said, for a checker who must choose between two tabs."""
        covered = ", ".join(str(one.number) for one in self.intended if one.is_covered)
        valid = "Not said" if self.valid is None else "Valid" if self.valid else "Not valid"
        return [f"{valid}{f'; covers {covered}' if covered else ''}."]


@dataclass(frozen=True)
class CheckedAnswer:
    """A misleading answer with what was hidden in it and what was found."""

    question: str
    answer: str
    intended: Sequence[ShownIntended]
    found: Sequence[FoundPart]


def intended_of(answer_id: int) -> list[IntendedCritique]:
    """The answer's intended critiques, in the order of the files."""
    rows = IntendedCritique.objects.filter(critique__answer=answer_id).select_related("critique")
    return list(rows.order_by("position", "pk"))


def found_part(rows: Sequence[CheckedCritique], intended: Sequence[IntendedCritique]) -> FoundPart:
    """The part of the page that these drafts of one text share."""
    covered = {one.pk for one in rows[0].covers.all()}
    return FoundPart(
        number=(rows[0].shown_position or 0) + 1,
        client_key=rows[0].client_key,
        revision=rows[0].revision,
        text=rows[0].found.critique.text,
        valid=rows[0].valid,
        intended=[
            ShownIntended(number, one.critique.text, one.pk in covered) for number, one in enumerate(intended, start=1)
        ],
    )


def checked_answers(sitting: Sitting) -> list[CheckedAnswer]:
    """Answers in the order of their questions, each with its own found critiques."""
    places = checking.shown(sitting)
    checks = sitting.intended_checks.select_related("label__assignment__slot__answer__question")
    answers = {answer for check in checks if (answer := check.label.own_assignment.slot.answer) is not None}
    sheets = []
    for answer in sorted(answers, key=lambda answer: (answer.question.index, answer.pk)):
        intended = intended_of(answer.pk)
        found = [
            found_part(rows, intended) for rows in places.values() if rows[0].found.critique.answer_id == answer.pk
        ]
        known = [ShownIntended(number, one.critique.text) for number, one in enumerate(intended, start=1)]
        sheets.append(CheckedAnswer(answer.question.text, answer.text, known, found))
    return sheets
