"""How good a helpfulness score is against labelers' verdicts: reliability, and ranking within a question.

A scored critique is a probability that it is helpful, a verdict, and the question and passage it belongs to.
Any scorer on any rows fits: the model's stored scores, or a new model's on released helpfulness rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from findings.statistics.auc import auc
from findings.statistics.estimates import REPS, Floats, Interval, Ints, bootstrap, interval, ratio_of_sums, sum_by

BINS: Final = 10


class ScoredCritique(NamedTuple):
    """One critique's score and one labeler's verdict; `question` tells apart the lists that are ranked."""

    score: float
    helpful: bool
    question: Hashable
    passage: str


@dataclass(frozen=True)
class Scored:
    """Scored critiques as columns."""

    score: Floats
    helpful: Floats
    question: Ints
    passage: Ints

    @classmethod
    def of(cls, critiques: Iterable[ScoredCritique]) -> Scored:
        """Number questions and passages as they appear. Raises ValueError for a score outside 0..1."""
        questions: dict[Hashable, int] = {}
        passages: dict[str, int] = {}
        rows = []
        for c in critiques:
            question = questions.setdefault((c.passage, c.question), len(questions))
            rows.append((c.score, c.helpful, question, passages.setdefault(c.passage, len(passages))))
        table = np.array(rows, dtype=np.float64).reshape(-1, 4)
        if not ((table[:, 0] >= 0) & (table[:, 0] <= 1)).all():
            raise ValueError("a score is a probability: it lies in 0..1")
        return cls(table[:, 0], table[:, 1], table[:, 2].astype(np.int64), table[:, 3].astype(np.int64))

    def __len__(self) -> int:
        return int(self.score.size)


@dataclass(frozen=True, slots=True)
class Bin:
    """Critiques whose scores fall in one tenth: what the model said, and how many were helpful."""

    low: float
    high: float
    mean_score: float
    helpful: Interval
    n: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """How well scores match the verdicts' frequencies."""

    bins: list[Bin]
    brier: Interval
    """Mean squared difference of score and verdict; 0 is best, the helpful share's variance is ignorance."""
    expected_error: float
    """Mean over critiques of the gap between their bin's mean score and its helpful share."""
    n: int
    n_passages: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well scores order the critiques of one question."""

    auc: Interval | None
    """Mean over questions of the chance that a helpful critique scores above one that is not, ties half."""
    n_auc: int
    """Questions with both a helpful critique and one that is not."""
    precision_at_1: Interval | None
    """Share of questions whose highest-scored critique is helpful; tied ones share the place."""
    random_at_1: float | None
    """The same for a random choice: the mean helpful share of a question."""
    n_questions: int


def reliability(scored: Scored, *, seed: int = 0, reps: int = REPS) -> Reliability | None:
    """Reliability in ten bins of equal width, with intervals by passage; None without critiques."""
    if not len(scored):
        return None
    which = np.minimum((scored.score * BINS).astype(np.int64), BINS - 1)
    passages = int(scored.passage.max()) + 1
    inside = np.eye(BINS)[which]
    error = (scored.score - scored.helpful) ** 2
    numerators = sum_by(scored.passage, np.column_stack([inside * scored.helpful[:, None], error]), passages)
    denominators = sum_by(scored.passage, np.column_stack([inside, np.ones(len(scored))]), passages)
    statistic = ratio_of_sums(numerators, denominators)
    values, draws = bootstrap(statistic, passages, rng=np.random.default_rng(seed), reps=reps)
    bins = []
    for k in np.unique(which).tolist():
        contributing = int(np.unique(scored.passage[which == k]).size)
        helpful = interval(float(values[k]), draws[:, k], passages=contributing)
        mean = float(scored.score[which == k].mean())
        bins.append(Bin(k / BINS, (k + 1) / BINS, mean, helpful, int((which == k).sum())))
    gaps = sum(b.n * abs(b.mean_score - b.helpful.value) for b in bins)
    brier = interval(float(values[BINS]), draws[:, BINS], passages=passages)
    return Reliability(bins, brier, gaps / len(scored), len(scored), passages)


def ranking(scored: Scored, *, seed: int = 0, reps: int = REPS) -> Ranking:
    """Ranking quality within questions, with intervals by passage."""
    order = np.argsort(scored.question, kind="stable")
    starts = np.flatnonzero(np.diff(scored.question[order], prepend=-1))
    groups = np.split(order, starts[1:]) if len(order) else []
    rows = []
    for group in groups:
        score, helpful = scored.score[group], scored.helpful[group]
        rows.append((scored.passage[group[0]], auc(score, helpful), _at_1(score, helpful), helpful.mean()))
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    whose = table[:, 0].astype(np.int64)
    defined = np.isfinite(table[:, 1])
    return Ranking(
        auc=_mean(whose[defined], table[defined, 1], seed=seed, reps=reps),
        n_auc=int(defined.sum()),
        precision_at_1=_mean(whose, table[:, 2], seed=seed, reps=reps),
        random_at_1=float(table[:, 3].mean()) if len(table) else None,
        n_questions=len(table),
    )


def _mean(passage: Ints, values: Floats, *, seed: int, reps: int) -> Interval | None:
    """The mean of one value a question, its interval by passage; None without values."""
    if not values.size:
        return None
    numbers, passage = np.unique(passage, return_inverse=True)
    sums = sum_by(passage, np.column_stack([values, np.ones(values.size)]), numbers.size)
    statistic = ratio_of_sums(sums[:, :1], sums[:, 1:])
    value, draws = bootstrap(statistic, numbers.size, rng=np.random.default_rng(seed), reps=reps)
    return interval(float(value[0]), draws[:, 0], passages=numbers.size)


def _at_1(score: Floats, helpful: Floats) -> float:
    return float(helpful[score == score.max()].mean())
