"""Sampling by streams of each row's own."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from models_service.engine.gumbel_noise import HostGumbelNoise
from models_service.engine.random_streams import RandomStream

CPU = torch.device("cpu")


def noise(streams, temperatures):
    return HostGumbelNoise(streams, temperatures, CPU)


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**40),
    mates=st.lists(st.text(max_size=3), max_size=4),
    place=st.integers(0, 4),
    steps=st.integers(1, 4),
)
def test_a_rows_noise_does_not_depend_on_its_mates(seed, mates, place, steps):
    mine = RandomStream(seed, "critique", "mine", 3)
    streams = [RandomStream(seed, "critique", mate, 0) for mate in mates]
    place = min(place, len(streams))
    streams.insert(place, mine)
    temperatures = [0.7] * len(streams)
    logits = torch.zeros(len(streams), 33)
    together, alone = noise(streams, temperatures), noise([mine], [0.7])
    for _ in range(steps):
        assert torch.equal(together.perturb(logits)[place], alone.perturb(logits[:1])[0])


@pytest.mark.parametrize(
    "other",
    [
        RandomStream(2, "critique", "k", 0),
        RandomStream(1, "answer", "k", 0),
        RandomStream(1, "critique", "l", 0),
        RandomStream(1, "critique", "k", 1),
    ],
)
def test_seed_task_key_and_row_each_make_another_stream(other):
    logits = torch.zeros(1, 64)
    mine = noise([RandomStream(1, "critique", "k", 0)], [1.0]).perturb(logits)
    assert not torch.equal(mine, noise([other], [1.0]).perturb(logits))


def test_the_stream_is_the_documented_one():
    """Philox keyed by a SHA-256: a record made today is sampled again tomorrow, with any version."""
    first = RandomStream(7, "critique", "answer 1", 2).generator().random_raw(2)
    assert [int(word) for word in first] == [15224132684726179175, 10815852012421243180]


def test_samples_from_the_softmax_of_logits_over_temperature():
    logits, temperature, draws = torch.tensor([2.0, 1.0, 0.0, -30.0]), 0.5, 4000
    picked = noise([RandomStream(0, "critique", str(i), 0) for i in range(draws)], [temperature] * draws).sample(
        logits.expand(draws, -1)
    )
    counts = torch.bincount(picked, minlength=4)
    expected = (logits.double() / temperature).softmax(0) * draws
    assert counts[3] == 0
    assert chisquare(counts[:3], expected[:3] * counts.sum() / expected[:3].sum()).pvalue > 1e-4


def test_no_noise_is_infinite_and_none_is_at_temperature_zero():
    rows = [RandomStream(3, "critique", str(i), 0) for i in range(40)]
    warm = noise(rows, [1.0] * 40).perturb(torch.zeros(40, 50_000))
    assert torch.isfinite(warm).all()
    logits = torch.randn(40, 50, generator=torch.Generator().manual_seed(0))
    cold = noise(rows, [0.0] * 40)
    assert torch.equal(cold.perturb(logits), logits)
    assert torch.equal(cold.sample(logits), logits.argmax(-1))


def test_refuses_a_negative_temperature():
    with pytest.raises(ValueError, match="0 or more"):
        noise([RandomStream(0, "critique", "k", 0)], [-0.1])
