"""The human study as columns: one row a label, numbers only, so that 100,000 critiques are small and quick.

What is counted here, and how, is the definition that every estimate rests on:

- a critique was *used* if it began with a click on “Use” (`assistance_critique` not null), and is the
  labeler's *own* otherwise;
- a used critique was *edited* if its stored text differs from the suggestion's text in any character;
- how far is the normalised Levenshtein distance between the two, 0 the same to 1 nothing in common;
- passages are told apart by their text: the same text recurs in several rows and is one passage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from rapidfuzz.distance import Levenshtein

from findings.records import AssistanceRecord, ExtendedAssistanceRecord, IntendedCheckRecord
from findings.records.common import SEVERITY_NAMES
from findings.records.released import AssistanceLabel, ExtendedLabel
from findings.statistics.estimates import Floats, Ints

ANSWER_SOURCES: Final = ("Model", "Human", "Human misleading")
CATEGORIES: Final = ("coverage", "accuracy", "coherence", "other")
SEVERITIES: Final = tuple(range(1, len(SEVERITY_NAMES) + 1))
CELLS: Final = tuple((source, assisted) for source in ANSWER_SOURCES for assisted in (False, True))


class CheckError(ValueError):
    """An intended check does not fit the labels that it is said to be about."""


@dataclass(frozen=True)
class Labels:
    """Columns of equal length, one entry a label; passages, questions and labelers are numbered from 0."""

    passage: Ints
    question: Ints
    labeler: Ints
    source: Ints
    """Index into ANSWER_SOURCES."""
    assisted: Ints
    """0 or 1."""
    critiques: Floats
    used: Floats
    edited: Floats
    edit_distance: Floats
    """Sum over the label's edited critiques."""
    by_severity: Floats
    """(labels, severities), columns as SEVERITIES."""
    by_category: Floats
    """(labels, 4), columns as CATEGORIES."""
    seconds: Floats
    rating: Floats
    checked: Floats
    """1 where an intended check exists; the four below are 0 elsewhere."""
    intended: Floats
    intended_found: Floats
    valid: Floats
    valid_novel: Floats
    checked_critiques: Floats

    @property
    def passages(self) -> int:
        return int(self.passage.max()) + 1 if self.passage.size else 0

    @property
    def questions(self) -> int:
        return int(self.question.max()) + 1 if self.question.size else 0

    def __len__(self) -> int:
        return int(self.passage.size)


def tabulate(
    records: Iterable[AssistanceRecord | ExtendedAssistanceRecord],
    *,
    intended: Iterable[IntendedCheckRecord] | None = None,
) -> Labels:
    """Read records once, keep only numbers. Raises CheckError if a check is about no label, or another text.

    Of several checks of one label the author's counts before a third party's, and the latest before the
    others.
    """
    checks = deciding_checks(intended or ())
    passages: dict[str, int] = {}
    labelers: dict[str, int] = {}
    entries: list[tuple[Any, ...]] = []
    met: set[str] = set()
    for question, record in enumerate(records):
        data = record["source_data"]
        passage = passages.setdefault(data["passage"]["text"], len(passages))
        for label in record["labels"]:
            check = checks.get(label["id"])
            if check is not None:
                met.add(label["id"])
            labeler = labelers.setdefault(label["labeler"], len(labelers))
            counts = _count(label) + _count_check(label, check, len(data["deceptive_answer_critiques"]))
            entries.append((passage, question, labeler, *counts))
    astray = [check for label_id, check in checks.items() if label_id not in met]
    if astray:
        raise CheckError(
            f"check {astray[0]['id']} is about label {astray[0]['label_id']}, which is not among the labels"
        )
    return _columns(entries)


def _columns(entries: list[tuple[Any, ...]]) -> Labels:
    names = [field.name for field in fields(Labels)]
    columns = list(zip(*entries, strict=True)) if entries else [()] * len(names)
    whole = {"passage", "question", "labeler", "source", "assisted"}
    wide = {"by_severity": len(SEVERITIES), "by_category": len(CATEGORIES)}
    arrays: dict[str, Any] = {}
    for name, column in zip(names, columns, strict=True):
        array = np.array(column, dtype=np.int64 if name in whole else np.float64)
        arrays[name] = array.reshape(-1, wide[name]) if name in wide else array
    return Labels(**arrays)


def _count(label: AssistanceLabel | ExtendedLabel) -> tuple[Any, ...]:
    data = label["data"]
    feedback = data["feedback"]
    critiques = feedback["critiques"]
    offered = data["assistance"]["critiques"] if data["assistance"] is not None else []
    used = edited = 0
    distance = 0.0
    severities = [0] * len(SEVERITIES)
    categories = [0] * len(CATEGORIES)
    for critique in critiques:
        severities[critique["severity"] - 1] += 1
        categories[CATEGORIES.index(critique["category"])] += 1
        if critique["assistance_critique"] is None:
            continue
        used += 1
        suggestion = offered[critique["assistance_critique"]]["text"]
        if critique["text"] != suggestion:
            edited += 1
            distance += Levenshtein.normalized_distance(critique["text"], suggestion)
    return (
        ANSWER_SOURCES.index(data["condition"]["answer_source"]),
        int(data["condition"]["assisted"]),
        len(critiques),
        used,
        edited,
        distance,
        severities,
        categories,
        feedback["total_time"] / 1000,
        feedback["rating"],
    )


def deciding_checks(checks: Iterable[IntendedCheckRecord]) -> Mapping[str, IntendedCheckRecord]:
    """The one check that counts for each label, by label id: the author's before others', then the latest."""
    ordered = sorted(checks, key=lambda check: (check["by_author"], check["time"]))
    return {check["label_id"]: check for check in ordered}


def _count_check(
    label: AssistanceLabel | ExtendedLabel, check: IntendedCheckRecord | None, intended: int
) -> tuple[int, ...]:
    if check is None:
        return (0, 0, 0, 0, 0, 0)
    verdicts = check["data"]["critiques"]
    texts = [critique["text"] for critique in label["data"]["feedback"]["critiques"]]
    if [verdict["critique"] for verdict in verdicts] != texts:
        raise CheckError(f"check {check['id']} judges other critiques than label {label['id']} holds")
    if check["data"]["intended"] != intended:
        known = check["data"]["intended"]
        raise CheckError(f"check {check['id']} knows {known} intended critiques, its question has {intended}")
    covered = {index for verdict in verdicts for index in verdict["covers"]}
    valid = [verdict for verdict in verdicts if verdict["valid"]]
    novel = [verdict for verdict in valid if not verdict["covers"]]
    return (1, intended, len(covered), len(valid), len(novel), len(verdicts))
