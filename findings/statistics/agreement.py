"""How far labelers agree: percent of pairs, kappa, Krippendorff's alpha, each with its interval by passage.

A *rating* is one labeler's value for one unit (a critique, an ordered pair, an answer); a *pair* is two
different labelers' ratings of one unit. From all pairs, each counted in both directions:

- percent: the share of pairs with equal values;
- kappa = (percent - chance) / (1 - chance), chance being the agreement of two independent draws from the
  pooled values (Cohen's kappa for labelers without fixed roles, which is Scott's pi over pairs);
- alpha = 1 - observed / expected disagreement (Krippendorff), where a unit's pairs share the weight of its
  ratings, so that a unit rated by many does not count by the square; `interval` weighs disagreement by its
  size.

Worked example: two units rated (yes, yes) and (yes, no). Percent = 1/2; pooled values are 3/4 yes, so chance
is 9/16 + 1/16 = 5/8 and kappa = (1/2 - 5/8) / (3/8) = -1/3. Alpha: observed disagreement 2/4, expected
2 * 3 * 1 / (4 * 3) = 1/2, so alpha = 0.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from findings.statistics.estimates import REPS, Floats, Interval, bootstrap, divide, interval


class Rating(NamedTuple):
    """One labeler's value for one unit; `passage` is what the unit is resampled with."""

    unit: Hashable
    passage: str
    labeler: str
    value: Hashable


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement over all pairs of labelers. Kappa and alpha are null where every value is the same."""

    percent: Interval
    kappa: Interval | None
    alpha: Interval | None
    n_pairs: int
    n_agree: int
    n_units: int
    n_labelers: int
    n_passages: int


@dataclass(frozen=True, slots=True)
class _Counts:
    """Per passage: `pairs` and `weighted` pairs by the two values, (passages, values * values) each."""

    pairs: Floats
    weighted: Floats
    n_units: int
    n_labelers: int


def agreement(
    ratings: Iterable[Rating],
    values: Sequence[Hashable],
    *,
    as_interval: bool = False,
    seed: int = 0,
    reps: int = REPS,
) -> Agreement | None:
    """Agreement over all pairs of different labelers; None where no unit has two.

    `values` lists what a rating may be; with `as_interval` they are numbers, and alpha weighs a disagreement
    by the square of its size. Raises ValueError for a rating outside `values`.
    """
    counts = _count(ratings, values)
    if counts is None:
        return None
    sizes = np.array([float(value) if as_interval else 0.0 for value in values])  # type: ignore[arg-type]
    apart = (sizes[:, None] - sizes) ** 2 if as_interval else 1.0 - np.eye(len(values))

    def statistic(weights: Floats) -> Floats:
        pairs, weighted = weights @ counts.pairs, weights @ counts.weighted
        square = (-1, len(values), len(values))
        kappa_of = _percent_and_kappa(pairs.reshape(square))
        return np.column_stack([*kappa_of, _alpha(weighted.reshape(square), apart)])

    passages = len(counts.pairs)
    estimates, draws = bootstrap(statistic, passages, rng=np.random.default_rng(seed), reps=reps)
    percent, kappa, alpha = (
        interval(float(value), draws[:, k], passages=passages) if np.isfinite(value) else None
        for k, value in enumerate(estimates)
    )
    assert percent is not None
    both = counts.pairs.sum(axis=0).reshape(len(values), -1)
    return Agreement(
        percent=percent,
        kappa=kappa,
        alpha=alpha,
        n_pairs=round(both.sum() / 2),
        n_agree=round(np.trace(both) / 2),
        n_units=counts.n_units,
        n_labelers=counts.n_labelers,
        n_passages=passages,
    )


def _count(ratings: Iterable[Rating], values: Sequence[Hashable]) -> _Counts | None:
    number = {value: k for k, value in enumerate(values)}
    units: defaultdict[tuple[str, Hashable], list[tuple[str, int]]] = defaultdict(list)
    for rating in ratings:
        if rating.value not in number:
            raise ValueError(f"{rating.value!r} is not one of {list(values)}")
        units[rating.passage, rating.unit].append((rating.labeler, number[rating.value]))
    passages: dict[str, list[tuple[Floats, Floats]]] = {}
    labelers: set[str] = set()
    n_units = 0
    for (passage, _), rated in units.items():
        pairs = _unit_pairs(rated, len(values))
        if not pairs.any():
            continue
        n_units += 1
        labelers.update(labeler for labeler, _ in rated)
        # A unit of m ratings has m (m - 1) pairs in both directions; together they weigh m.
        weighted = pairs * (len(rated) / pairs.sum())
        passages.setdefault(passage, []).append((pairs.ravel(), weighted.ravel()))
    if not passages:
        return None
    sums = [np.sum(np.array(units_of), axis=0) for units_of in passages.values()]
    return _Counts(np.array([s[0] for s in sums]), np.array([s[1] for s in sums]), n_units, len(labelers))


def _unit_pairs(rated: Sequence[tuple[str, int]], size: int) -> Floats:
    """The unit's pairs of different labelers by their two values, in both directions, (values, values)."""
    pairs = np.zeros((size, size))
    for (one, value), (other, second) in itertools.combinations(rated, 2):
        if one != other:
            pairs[value, second] += 1
            pairs[second, value] += 1
    return pairs


def _percent_and_kappa(pairs: Floats) -> tuple[Floats, Floats]:
    """(batch, values, values) pairs to (batch,) percent and kappa."""
    total = pairs.sum(axis=(1, 2))
    percent = divide(np.trace(pairs, axis1=1, axis2=2), total)
    shares = divide(pairs.sum(axis=2), total[:, None])
    chance = (shares**2).sum(axis=1)
    return percent, divide(percent - chance, _not_rounding(1 - chance))


def _alpha(weighted: Floats, apart: Floats) -> Floats:
    """(batch, values, values) weighted pairs to (batch,) Krippendorff's alpha."""
    total = weighted.sum(axis=(1, 2))
    margins = weighted.sum(axis=2)
    observed = divide((weighted * apart).sum(axis=(1, 2)), total)
    expected = divide(np.einsum("bi,ij,bj->b", margins, apart, margins), total * (total - 1))
    alpha: Floats = 1 - divide(observed, _not_rounding(expected))
    return alpha


def _not_rounding(values: Floats) -> Floats:
    """Zero for what is zero but for rounding, so that agreement on a single value is undefined, not wild."""
    return np.where(np.abs(values) < 1e-12, 0.0, values)
