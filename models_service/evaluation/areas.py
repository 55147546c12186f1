"""Area under the ROC curve as a statistic of weighted problems, for the bootstrap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from findings.statistics.estimates import Floats, Statistic, divide


def area(scores: Sequence[float], labels: Sequence[bool], groups: Sequence[int], size: int) -> Statistic:
    """The chance that a true case scores above a false one, ties counting half.

    `groups` names each case's problem (0 to size - 1): cases of one problem are drawn together. The value is
    NaN where a resample has no true case or no false one.

    >>> float(area([0.9, 0.2, 0.2], [True, True, False], [0, 1, 2], 3)(np.ones((1, 3)))[0, 0])
    0.75
    """
    s, t, g = np.asarray(scores, float), np.asarray(labels, bool), np.asarray(groups, int)
    wins = np.sign(s[t][:, None] - s[~t][None]) / 2 + 0.5

    def statistic(weights: Floats) -> Floats:
        true, false = weights[:, g[t]], weights[:, g[~t]]
        won = ((true @ wins) * false).sum(1)
        value: Floats = divide(won, true.sum(1) * false.sum(1))[:, None]
        return value

    return statistic
