"""How sure: the bootstrap at passage level, for any statistic that can be computed from weights of passages.

The paper resamples passages (all answers, labels and critiques of a passage stay together) and draws one
standard deviation on each side (z = 1). A resample is a vector of weights, how often each passage was drawn;
a statistic maps a batch of such vectors to its values, so that sums over passages become one matrix product.

Worked example: two passages, one with 3 critiques on 2 answers, one with 1 on 2. The value is 4 / 4 = 1.0;
the resample that draws the first passage twice has weights [2, 0] and value 6 / 4 = 1.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: (batch, passages) weights in, (batch, quantities) values out; NaN where a resample leaves one undefined.
Statistic = Callable[[Floats], Floats]

REPS: Final = 2000
"""Resamples: the 2.5 % point then rests on 50 of them."""

#: Weights held at once; 4 million doubles are 32 MB.
_BATCH_CELLS: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with one standard deviation on each side (z = 1) and a 95 % interval; null where unknowable."""

    value: float
    low: float | None
    high: float | None
    low95: float | None
    high95: float | None


def passage_weights(passages: int, *, reps: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield batches (batch, passages) of resampled weights, `reps` rows in all; a row sums to `passages`."""
    batch = max(1, min(reps, _BATCH_CELLS // max(passages, 1)))
    for start in range(0, reps, batch):
        rows = min(batch, reps - start)
        drawn = rng.integers(0, passages, size=(rows, passages))
        drawn += np.arange(rows)[:, None] * passages
        counts = np.bincount(drawn.ravel(), minlength=rows * passages)
        yield counts.reshape(rows, passages).astype(np.float64)


def bootstrap(
    statistic: Statistic, passages: int, *, rng: np.random.Generator, reps: int = REPS
) -> tuple[Floats, Floats]:
    """A statistic's values, (quantities,), and its values under resampled passages, (reps, quantities)."""
    values = statistic(np.ones((1, passages)))[0]
    draws = [statistic(weights) for weights in passage_weights(passages, reps=reps, rng=rng)]
    return values, np.concatenate(draws) if draws else np.empty((0, values.size))


def ratio_of_sums(numerators: Floats, denominators: Floats) -> Statistic:
    """Pooled ratios, sum over passages / sum over passages; both arrays are (passages, quantities)."""

    def statistic(weights: Floats) -> Floats:
        return divide(weights @ numerators, weights @ denominators)

    return statistic


def divide(numerators: Floats, denominators: Floats) -> Floats:
    """Elementwise ratio, NaN where the denominator is 0."""
    ratios: Floats = np.full(np.broadcast(numerators, denominators).shape, np.nan)
    np.divide(numerators, denominators, out=ratios, where=denominators != 0)
    return ratios


def interval(value: float, draws: Floats, *, passages: int) -> Interval:
    """One quantity's interval from its resampled values, (reps,).

    z = 1 is the value and one standard deviation of the resamples on each side, as in the paper; 95 % is the
    percentile interval, which stays inside the range of a share. Resamples that leave the quantity undefined
    are passed over. `passages` counts those that contribute: with fewer than two there is nothing to
    resample, and the interval is null rather than of width zero.
    """
    defined = draws[np.isfinite(draws)]
    if passages < 2 or defined.size < 2 or not math.isfinite(value):
        return Interval(value, None, None, None, None)
    deviation = float(defined.std(ddof=1))
    low95, high95 = (float(q) for q in np.quantile(defined, [0.025, 0.975]))
    return Interval(value, value - deviation, value + deviation, low95, high95)


def sum_by(groups: Ints, values: Floats, size: int) -> Floats:
    """Sum (n, quantities) rows by group number into (size, quantities)."""
    sums = np.zeros((size, values.shape[1]))
    np.add.at(sums, groups, values)
    return sums
