"""Operations and bytes, counted by hand for a model of one layer."""

from __future__ import annotations

import pytest

from models_service.roofline import Bundles, Ceilings, Shape, Work, measured_ceilings

ONE = Shape(hidden=8, intermediate=16, layers=1, heads=2, kv_heads=1, width=4, vocabulary=10, value_bytes=4)
#: Query 8x8, key 8x4, value 8x4, output 8x8, and three matrices of 8x16.
WEIGHTS = 64 + 32 + 32 + 64 + 3 * 128
TWO = Bundles(passage=10, answer=4, critiqueability=2, tail=3, new=5, answers=2, rows=8)


def test_counts_the_weights():
    assert ONE.layer_weights == WEIGHTS
    assert ONE.head_weights == 80


def test_counts_reading():
    tokens = 10 + 2 * (4 + 2)
    pairs = 50 + 2 * (4 * 12 + 2 * 14)
    work = TWO.reading(ONE)
    assert work.operations == 2 * WEIGHTS * tokens + 2 * 80 * 4 + 4 * pairs * 8
    assert work.bytes == 4 * (WEIGHTS + 80 + 2 * tokens * 4)


def test_counts_a_step():
    work = TWO.step(ONE, written=3)
    assert work.operations == 16 * (2 * WEIGHTS + 2 * 80 + 4 * (10 + 4 + 3 + 1) * 8)
    cached = 10 + 2 * (4 + 8 * 3)
    assert work.bytes == 4 * (WEIGHTS + 80 + 2 * (cached + 16) * 4), "the passage is read once for all rows"


def test_the_slower_of_the_two_limits_binds():
    ceilings = Ceilings(operations_per_second=100, bytes_per_second=10)
    assert ceilings.floor(Work(operations=200, bytes=5)) == 2
    assert ceilings.floor(Work(operations=200, bytes=50)) == 5
    floor = TWO.floor(ONE, ceilings)
    assert floor["bundle"] == pytest.approx(floor["prefill"] + floor["decode"] + floor["scoring"])


def test_measures_ceilings_that_a_machine_can_have():
    import torch

    ceilings = measured_ceilings("cpu", torch.float32)
    assert 1e8 < ceilings.operations_per_second < 1e15
    assert 1e8 < ceilings.bytes_per_second < 1e14
