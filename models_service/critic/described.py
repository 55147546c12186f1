"""What each task's critic reads and cannot, in the words of its card, and how it tells what it cannot read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Description:
    """The part of a card that no measure gives."""

    reads: str
    cannot: str
    readable: dict[str, Any] | None = None
    """How it tells a text that it cannot read (`readable.py`)."""


DESCRIPTIONS: Final[dict[str, Description]] = {
    "addition": Description(
        "Sums of two six-digit numbers and an answer to each, and nothing else.",
        "It cannot read words, other arithmetic, or numbers of another length.",
        {"characters": "0123456789+ "},
    ),
    "alphabetize": Description(
        "Lists of eighteen words of a list of 270, and an alphabetical order of each.",
        "It cannot read other words, or say anything of them but their order and presence.",
    ),
    "3-sat": Description(
        "Formulas of 14 to 24 clauses over nine variables, and a value for each variable.",
        "It cannot read other logic, or formulas of more clauses or variables.",
    ),
    "reports": Description(
        "Generated reports of about 40 to 400 words in this project's own small language of facts, "
        "questions about them, and answers in the same sentences.",
        "It cannot read text that a person wrote, or judge style, reasoning or anything but the facts of "
        "that language; it is worse on reports of more than 120 words and on names and values it never saw.",
        # Its own reports have .79 of their common words from here, other English prose at most .52.
        {"vocabulary": 0.65},
    ),
    "race-stand-in": Description(
        "Generated multiple choice in the layout of RACE, with an answer.",
        "It cannot read RACE itself, or any other text.",
    ),
    "english": Description(
        "English passages of up to 1,500 words, a question about them, and an answer of a few sentences in much the "
        "passage's words.",
        "It cannot reason, add up, know what the passage does not say, or judge style. It looks for values that differ "
        "from the passage's, sentences left out, added or beside the question; in freely worded answers it often "
        "misses what is wrong and objects to what is right.",
        {"language": "English", "words": 1500},
    ),
}


def described(task: str) -> dict[str, Any]:
    """The fields of a card that say it. Raises KeyError for a task that no critic is trained on."""
    found = DESCRIPTIONS[task]
    card = {"name": f"{task} critic", "task": task, "reads": found.reads, "cannot": found.cannot}
    return card if found.readable is None else card | {"readable": found.readable}
