"""The area under the curve, by hand."""

from __future__ import annotations

import math

import numpy as np

from findings.statistics.auc import auc, weighted_auc


def test_ties_count_half() -> None:
    assert auc([1, 2, 2, 3], [False, True, False, True]) == 3.5 / 4


def test_there_is_none_of_one_kind_alone() -> None:
    assert math.isnan(auc([1, 2], [True, True]))
    assert math.isnan(auc([1, 2], [False, False]))


def test_it_moves_with_the_weights_of_groups() -> None:
    statistic = weighted_auc([0.9, 0.1, 0.5], [True, True, False], [0, 1, 2], 3)
    weights = np.array([[1.0, 1.0, 1.0], [2.0, 0.0, 1.0], [0.0, 2.0, 1.0], [3.0, 0.0, 0.0]])
    values = statistic(weights)[:, 0]
    assert values[:3].tolist() == [0.5, 1.0, 0.0]
    assert np.isnan(values[3])
