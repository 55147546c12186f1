"""The bootstrap at passage level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from findings.statistics.estimates import bootstrap, interval, passage_weights, ratio_of_sums


@settings(max_examples=30, deadline=None)
@given(passages=st.integers(1, 60), reps=st.integers(1, 50), seed=st.integers(0, 2**32))
def test_every_resample_draws_as_many_passages_as_there_are(passages: int, reps: int, seed: int) -> None:
    batches = list(passage_weights(passages, reps=reps, rng=np.random.default_rng(seed)))
    weights = np.concatenate(batches)
    assert weights.shape == (reps, passages)
    assert (weights.sum(axis=1) == passages).all()


def test_the_spread_of_a_mean_is_the_standard_error() -> None:
    """Passages of one label each: the bootstrap of a mean has the textbook standard deviation."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(200, 1))
    value, draws = bootstrap(ratio_of_sums(values, np.ones((200, 1))), 200, rng=rng, reps=20_000)
    assert value[0] == pytest.approx(values.mean())
    assert draws.std() == pytest.approx(values.std() / np.sqrt(200), rel=0.02)


def test_labels_of_a_passage_move_together() -> None:
    """Ten labels alike in each of four passages carry four pieces of news, not forty."""
    rng = np.random.default_rng(0)
    numerators = 10 * np.array([[0.0], [0], [1], [1]])
    _, draws = bootstrap(ratio_of_sums(numerators, np.full((4, 1), 10.0)), 4, rng=rng, reps=20_000)
    assert draws.std() == pytest.approx(np.sqrt(1 / 4 / 4), rel=0.02)


def test_resamples_that_leave_a_quantity_undefined_are_passed_over() -> None:
    draws = np.array([1.0, np.nan, 3.0])
    bounds = interval(2.0, draws, passages=2)
    assert bounds.low == pytest.approx(2 - np.sqrt(2))
    assert bounds.high95 == pytest.approx(2.95)


def test_the_batches_do_not_change_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(passage_weights(7, reps=50, rng=np.random.default_rng(3)))
    monkeypatch.setattr("findings.statistics.estimates._BATCH_CELLS", 21)
    parts = list(passage_weights(7, reps=50, rng=np.random.default_rng(3)))
    assert (len(whole), len(parts)) == (1, 17)
    assert (np.concatenate(whole) == np.concatenate(parts)).all()
