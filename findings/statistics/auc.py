"""Area under the ROC curve: the chance that a true case scores above a false one, ties counting half."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from findings.statistics.estimates import Floats, Statistic, divide


def auc(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """The area of these cases; NaN where none is true or none is false.

    >>> auc([0.9, 0.2, 0.2], [True, True, False])
    0.75
    """
    wins = _wins(np.asarray(scores, float), np.asarray(labels, bool))
    return float(wins.mean()) if wins.size else float("nan")


def weighted_auc(scores: Sequence[float], labels: Sequence[bool], groups: Sequence[int], size: int) -> Statistic:
    """The area as a statistic of weighted groups, for the bootstrap.

    `groups` names each case's group (0 to size - 1): cases of one group are drawn together. The value is NaN where
    a resample has no true case or no false one.
    """
    t, g = np.asarray(labels, bool), np.asarray(groups, int)
    wins = _wins(np.asarray(scores, float), t)

    def statistic(weights: Floats) -> Floats:
        true, false = weights[:, g[t]], weights[:, g[~t]]
        won = ((true @ wins) * false).sum(1)
        value: Floats = divide(won, true.sum(1) * false.sum(1))[:, None]
        return value

    return statistic


def _wins(scores: Floats, labels: npt.NDArray[np.bool_]) -> Floats:
    """(true cases, false cases): 1 where the true one scores higher, 1/2 for a tie, else 0."""
    differences = scores[labels][:, None] - scores[~labels][None]
    wins: Floats = np.sign(differences) / 2 + 0.5
    return wins
