"""The page on which a labeler compares two answers.

Where either comes from, and which of them is a refinement, is not in these records.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from labeling.enums import Better, Confidence
from labeling.models import Comparison, Sitting


@dataclass(frozen=True)
class Side:
    """One of the two texts as it stands on the page."""

    letter: str
    text: str
    critiques: Sequence[str]
    is_better: bool


@dataclass(frozen=True)
class PairPart:
    """Two texts side by side, and what was chosen so far."""

    number: int
    client_key: uuid.UUID
    revision: int
    question: str
    sides: Sequence[Side]
    critiques_shown: bool
    is_tie: bool
    confidence: int | None

    @property
    def in_words(self) -> list[str]:
        """What was chosen, for a labeler who must choose between two tabs."""
        better = [f"{side.letter} is better" for side in self.sides if side.is_better]
        chosen = better[0] if better else "Equally good" if self.is_tie else "Not decided"
        return [chosen, "" if self.confidence is None else Confidence(self.confidence).label]


def pair_part(row: Comparison) -> PairPart:
    pair = row.pair
    critiques: tuple[list[str], list[str]] = ([], [])
    if row.critiques_shown:
        for one in pair.critiques.select_related("critique"):
            critiques[one.of_second].append(one.critique.text)
    stored = [
        (text, said, row.better == better)
        for text, said, better in zip(pair.texts, critiques, (Better.FIRST, Better.SECOND), strict=True)
    ]
    shown = reversed(stored) if row.is_swapped else stored
    return PairPart(
        number=row.position + 1,
        client_key=row.client_key,
        revision=row.revision,
        question=pair.first.question.text,
        sides=[Side(letter, *side) for letter, side in zip("AB", shown, strict=True)],
        critiques_shown=row.critiques_shown,
        is_tie=row.better == Better.TIE,
        confidence=row.confidence,
    )


def pair_parts(sitting: Sitting) -> list[PairPart]:
    rows = sitting.comparisons.select_related("pair__first__question", "pair__second")
    return [pair_part(row) for row in rows]
