"""The human study (sections 3.3 and 3.4 of the paper): every quantity, pooled over labels, with its interval.

Each quantity is a sum over labels divided by a sum over labels, within a cell (an answer source or all,
assisted, unassisted or both). A quantity exists where its denominator is not 0; labels that are missing from
a cell are simply not in its sums. docs/findings.md has the table of numerators and denominators.

    findings = estimate(tabulate(read(ASSISTANCE, "assistance.jsonl.gz"))).findings
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from findings.human_study.labels import ANSWER_SOURCES, CATEGORIES, SEVERITIES, Labels
from findings.statistics.estimates import REPS, Floats, Interval, bootstrap, divide, interval, ratio_of_sums, sum_by

Group = int | str | None

#: The check of intended critiques concerns misleading answers only.
CHECKED_NAMES: Final = frozenset({"intended_found", "valid_share", "valid_per_answer", "valid_novel_per_answer"})
SOURCES: Final = (*ANSWER_SOURCES, None)
CONDITIONS: Final = (False, True, None)


@dataclass(frozen=True, slots=True)
class Finding:
    """One number of the study. Null sources and conditions mean all; null bounds mean too few passages."""

    name: str
    answer_source: str | None
    assisted: bool | None
    group: Group
    value: float
    low: float | None
    high: float | None
    low95: float | None
    high95: float | None
    n_labels: int
    n_passages: int

    def as_dict(self) -> dict[str, Any]:
        """The keys of findings.json."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Effect:
    """Assisted against unassisted: the difference of two findings, and the first over the second."""

    name: str
    answer_source: str | None
    group: Group
    difference: Interval
    ratio: Interval | None
    """Null where the unassisted value is 0."""
    n_labels: int
    n_passages: int


@dataclass(frozen=True, slots=True)
class Summary:
    """All of the study's numbers, from one set of resamples."""

    findings: list[Finding]
    effects: list[Effect]


@dataclass(frozen=True, slots=True)
class _Quantity:
    name: str
    group: Group
    numerator: Floats
    denominator: Floats


@dataclass(frozen=True, slots=True)
class _Column:
    """A quantity within a cell: its place in the resampled matrix, and what it rests on."""

    quantity: _Quantity
    answer_source: str | None
    assisted: bool | None
    n_labels: int
    n_passages: int


def estimate(labels: Labels, *, seed: int = 0, reps: int = REPS) -> Summary:
    """Findings and effects of tabulated labels. Deterministic in (labels, seed, reps)."""
    columns, numerators, denominators = _cells(labels)
    if not columns:
        return Summary([], [])
    statistic = ratio_of_sums(numerators, denominators)
    values, draws = bootstrap(statistic, labels.passages, rng=np.random.default_rng(seed), reps=reps)
    return Summary(
        [_finding(column, values[k], draws[:, k]) for k, column in enumerate(columns)],
        list(_effects(columns, values, draws)),
    )


def quantities(labels: Labels) -> list[_Quantity]:
    """Numerator and denominator of each quantity, one entry a label."""
    one = np.ones(len(labels))
    checked = labels.checked
    severities = zip(SEVERITIES, labels.by_severity.T, strict=True)
    categories = zip(CATEGORIES, labels.by_category.T, strict=True)
    per_answer = [
        _Quantity("critiques_per_answer", None, labels.critiques, one),
        _Quantity("used_per_answer", None, labels.used, one),
        _Quantity("own_per_answer", None, labels.critiques - labels.used, one),
        *(_Quantity("critiques_by_severity", s, column, one) for s, column in severities),
        *(_Quantity("critiques_by_category", c, column, one) for c, column in categories),
        _Quantity("seconds", None, labels.seconds, one),
        _Quantity("critiqued_share", None, (labels.critiques > 0).astype(np.float64), one),
        _Quantity("mean_rating", None, labels.rating, one),
        _Quantity("edited_share", None, labels.edited, labels.used),
    ]
    return [
        *per_answer,
        _Quantity("intended_found", None, labels.intended_found, labels.intended),
        _Quantity("valid_share", None, labels.valid, labels.checked_critiques),
        _Quantity("valid_per_answer", None, labels.valid, checked),
        _Quantity("valid_novel_per_answer", None, labels.valid_novel, checked),
    ]


def edit_distance(labels: Labels) -> float | None:
    """Mean normalised Levenshtein distance of edited used critiques from the suggestions they came from."""
    edited = float(labels.edited.sum())
    return float(labels.edit_distance.sum()) / edited if edited else None


def _cells(labels: Labels) -> tuple[list[_Column], Floats, Floats]:
    """The defined (quantity, cell) pairs; their numerators and denominators, (passages, columns)."""
    columns: list[_Column] = []
    numerators: list[Floats] = []
    denominators: list[Floats] = []
    for quantity in quantities(labels):
        for source, assisted in itertools.product(SOURCES, CONDITIONS):
            if (quantity.name in CHECKED_NAMES) and source != "Human misleading":
                continue
            inside = _inside(labels, source, assisted) & (quantity.denominator > 0)
            if not inside.any():
                continue
            passages = int(np.unique(labels.passage[inside]).size)
            columns.append(_Column(quantity, source, assisted, int(inside.sum()), passages))
            numerators.append(np.where(inside, quantity.numerator, 0.0))
            denominators.append(np.where(inside, quantity.denominator, 0.0))
    if not columns:
        return [], np.empty((0, 0)), np.empty((0, 0))
    size = labels.passages
    return (
        columns,
        sum_by(labels.passage, np.column_stack(numerators), size),
        sum_by(labels.passage, np.column_stack(denominators), size),
    )


def _inside(labels: Labels, source: str | None, assisted: bool | None) -> np.ndarray[Any, np.dtype[np.bool_]]:
    inside = np.ones(len(labels), dtype=np.bool_)
    if source is not None:
        inside &= labels.source == ANSWER_SOURCES.index(source)
    if assisted is not None:
        inside &= labels.assisted == int(assisted)
    return inside


def _finding(column: _Column, value: float, draws: Floats) -> Finding:
    bounds = interval(float(value), draws, passages=column.n_passages)
    return Finding(
        name=column.quantity.name,
        answer_source=column.answer_source,
        assisted=column.assisted,
        group=column.quantity.group,
        **asdict(bounds),
        n_labels=column.n_labels,
        n_passages=column.n_passages,
    )


def _effects(columns: list[_Column], values: Floats, draws: Floats) -> Iterator[Effect]:
    at = {(c.quantity.name, c.quantity.group, c.answer_source, c.assisted): k for k, c in enumerate(columns)}
    for (name, group, source, assisted), with_help in at.items():
        without = at.get((name, group, source, False))
        if assisted is not True or without is None or name in {"used_per_answer", "own_per_answer"}:
            continue
        passages = min(columns[with_help].n_passages, columns[without].n_passages)
        difference = interval(
            float(values[with_help] - values[without]),
            draws[:, with_help] - draws[:, without],
            passages=passages,
        )
        ratio = None
        if values[without] > 0:
            ratios = divide(draws[:, with_help], draws[:, without])
            ratio = interval(float(values[with_help] / values[without]), ratios, passages=passages)
        labels = columns[with_help].n_labels + columns[without].n_labels
        yield Effect(name, source, group, difference, ratio, labels, passages)
