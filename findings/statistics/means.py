"""Means of one value a question, by group, with intervals by passage: shares, win rates, gaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from findings.statistics.estimates import REPS, Floats, Interval, bootstrap, interval, ratio_of_sums

Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its interval, over `n` values on `n_passages` passages."""

    interval: Interval
    n: int
    n_passages: int

    @property
    def value(self) -> float:
        return self.interval.value


def means(values: Iterable[tuple[Group, str, float]], *, seed: int = 0, reps: int = REPS) -> dict[Group, Mean]:
    """The mean of the values of each group, from (group, passage, value); passages are resampled together.

    Groups come in order of appearance.
    """
    groups: dict[Group, int] = {}
    passages: dict[str, int] = {}
    sums: defaultdict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for group, passage, value in values:
        cell = sums[passages.setdefault(passage, len(passages)), groups.setdefault(group, len(groups))]
        cell[0] += value
        cell[1] += 1
    if not groups:
        return {}
    table = np.zeros((2, len(passages), len(groups)))
    for (passage_number, column), pair in sums.items():
        table[:, passage_number, column] = pair
    estimates, draws = bootstrap(
        ratio_of_sums(table[0], table[1]), len(passages), rng=np.random.default_rng(seed), reps=reps
    )
    return {group: _mean(table[1, :, k], float(estimates[k]), draws[:, k]) for group, k in groups.items()}


def _mean(counts: Floats, value: float, draws: Floats) -> Mean:
    contributing = int((counts > 0).sum())
    return Mean(interval(value, draws, passages=contributing), int(counts.sum()), contributing)
