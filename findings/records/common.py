"""What the files share: ranges, words, passages, and the rule that a record is taken exactly or refused."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

#: No coercion ("7" is not 7, true is not 1), no unknown keys, no NaN.
EXACT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

Category = Literal["coverage", "accuracy", "coherence", "other"]
AnswerSource = Literal["Model", "Human", "Human misleading"]
Split = Literal["train", "test"]

#: The levels of severity from 1, in words. The paper names only the ends and "major" (docs/findings.md).
SEVERITY_NAMES: Final = ("Minor", "Moderate", "Major", "Critical")
Severity = Annotated[int, Field(ge=1, le=len(SEVERITY_NAMES))]
"""1 minor to 4 critical."""
Rating = Annotated[int, Field(ge=1, le=7)]
"""Likert quality, 7 = perfect."""
Tier = Annotated[int, Field(ge=0)]
"""A place in a ranking, 0 = best; ties and gaps are legal, so compare by sign only."""
Index = Annotated[int, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, le=1)]
Milliseconds = Annotated[int, Field(ge=0)]
"""Milliseconds since the task was opened."""
Confidence = Annotated[int, Field(ge=1, le=3)]
"""How sure a choice was: 1 a guess, 2 fairly sure, 3 sure."""


@with_config(EXACT)
class Passage(TypedDict):
    """A text and its title; edge white space and CR are part of the text."""

    text: str
    title: str | None


@with_config(EXACT)
class Span(TypedDict):
    """A highlight: 0-based, half-open offsets in UTF-16 units of the text that it lies in."""

    begin: Index
    end: Index


@with_config(EXACT)
class ClassifiedCritique(TypedDict):
    """A critique with its labeler's category and severity; `category_text` is free text for `other`."""

    text: str
    category: Category
    severity: Severity
    category_text: str


def utf16_length(text: str) -> int:
    """The length of a text in UTF-16 units, the unit of every offset in the files."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
