"""What names a record. An id stands for one row or one label: given twice in a file, it would count twice."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from findings.records.native import CritiqueScoresRecord, GapRecord
from findings.records.released import AssistanceRecord, ExtendedAssistanceRecord
from findings.records.rules import Breach

#: A dotted field path and the id that stands there.
Named = tuple[str, Hashable]


def nameless(record: Any) -> Iterator[Named]:
    """Some rows have none."""
    yield from ()


def row_id(record: Any) -> Iterator[Named]:
    """Most rows have an id of their own."""
    yield "id", record["id"]


def label_ids(record: AssistanceRecord | ExtendedAssistanceRecord) -> Iterator[Named]:
    """A row of the human study has none; its labels have."""
    for n, label in enumerate(record["labels"]):
        yield f"labels[{n}].id", label["id"]


def scored_question(record: CritiqueScoresRecord) -> Iterator[Named]:
    """Scores name a row of another file and a question of it."""
    yield "question_index", (record["id"], record["question_index"])


def judged_samples(record: GapRecord) -> Iterator[Named]:
    """One question's samples may stand once for each model that answered and each judge."""
    yield "id", (record["id"], record["model"], record["judge"])


class IdsSeen:
    """Remembers on which line each id of a file stood: the memory of an id a record."""

    def __init__(self) -> None:
        self.lines: dict[Hashable, int] = {}
        """The line of each id."""

    def breaches(self, named: Iterator[Named], line: int) -> Iterator[Breach]:
        """Note a line's ids; yield a problem for each that stood before."""
        for path, one in named:
            if one in self.lines:
                yield path, f"{one!r} stands on line {self.lines[one]} already"
            self.lines.setdefault(one, line)
