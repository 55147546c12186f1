"""The GPU's way as far as a CPU can tell: the numbers that its kernel is given, and the random words it draws.

Which tokens come of it is told by test_engine_exactness, with a reference in place of the kernel.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models_service.engine.gumbel_noise import DeviceGumbelNoise
from models_service.engine.interface import EngineSettings
from models_service.engine.loading import load
from models_service.engine.packing import pack
from models_service.engine.philox import philox
from models_service.engine.prefix_tree import PrefixTreeBackend, ways_for
from models_service.engine.random_streams import RandomStream
from models_service.engine.recorded import RecordedBatch
from models_service.engine.stretch_plans import Store, combine, pieces
from models_service.engine.stretches import Stretch, Stretches, attend_stretches, known
from models_service.engine.ways import ByStretch
from tests.models_service.test_engine_exactness import ask
from tests.models_service.tiny_models import COVERED

PROMPTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9).map(tuple), min_size=1, max_size=5, unique=True)


@given(PROMPTS, st.integers(1, 3), st.integers(1, 4))
def test_every_row_attends_to_its_prompt_once_and_to_nothing_else(prompts, per_prompt, longest):
    packing = pack(prompts)
    order = sorted(range(len(prompts)), key=lambda i: packing.ends[i])
    for part in (parts := pieces(packing, [packing.ends[i] for i in order], per_prompt, longest)):
        assert [one.first for one in part] == [0, *(one.last for one in part[:-1])], "no gap, no overlap"
        assert part[-1].last == len(prompts) * per_prompt
        assert all(one.count <= longest for one in part)
    for row in range(len(prompts) * per_prompt):
        mine = [one for part in parts for one in part if one.first <= row < one.last]
        read = [packing.tokens[i] for one in mine for i in range(one.start, one.start + one.count)]
        assert tuple(read) == prompts[order[row // per_prompt]]


def test_a_long_prompt_is_cut_into_even_pieces():
    parts = pieces(pack([tuple(range(10))]), [0], 8, 4)
    assert parts == [[Stretch(0, 8, 0, 3)], [Stretch(0, 8, 3, 3)], [Stretch(0, 8, 6, 4)]]


def test_prompts_that_share_a_passage_share_its_stretch():
    packing = pack([(1, 2, 3, 4, 5), (1, 2, 3, 6)])
    assert pieces(packing, packing.ends, 2, 9) == [[Stretch(0, 4, 0, 3)], [Stretch(0, 2, 3, 2), Stretch(2, 4, 5, 1)]]


def test_attention_by_stretches_and_parts_is_the_attention_over_all_keys():
    torch.manual_seed(3)
    q, k, v = torch.randn(6, 4, 8), torch.randn(20, 2, 8), torch.randn(20, 2, 8)
    cuts = [[Stretch(0, 6, 2, 5)], [Stretch(0, 2, 7, 3), Stretch(2, 6, 10, 4)], [Stretch(0, 6)]]
    seen = [[*range(2, 7), *(range(7, 10) if row < 2 else range(10, 14))] for row in range(6)]
    apart = [attend_stretches(q, k, v, Stretches.of(cut, q.device), 0.3) for cut in cuts]
    found = combine(torch.stack([out for out, _ in apart]), torch.stack([log for _, log in apart], 1))
    for row, keys in enumerate(seen):
        for head in range(4):
            weights = (k[keys, head // 2] @ q[row, head] * 0.3).softmax(0)
            torch.testing.assert_close(found[row, head], weights @ v[keys, head // 2])


def test_no_keys_weigh_nothing():
    out, log_sum = attend_stretches(
        torch.ones(2, 1, 8),
        torch.ones(3, 1, 8),
        torch.ones(3, 1, 8),
        Stretches.of([Stretch(0, 2)], torch.device("cpu")),
        1,
    )
    assert not out.any()
    assert known(log_sum).exp().eq(0).all()


def test_the_store_tells_when_its_addresses_change():
    store, new = Store(), torch.ones(1, 2, 3, 4)
    store.reserve(8)
    first = store.put(0, slice(0, 3), new, new)[0].data_ptr()
    store.reserve(6)
    assert store.put(0, torch.tensor([4, 7, 5]), new, new)[0].data_ptr() == first
    before = store.version
    store.reserve(100)
    assert store.version == before + 1


def test_like_passages_share_a_recording_and_others_do_not(tiny):
    tree = PrefixTreeBackend(load(EngineSettings(model=str(tiny))), "stretch")
    said = [tree.critique([ask(n)], 9) for n in range(3)]
    batches = tree._way._batches
    mine = [batch for shape, batch in batches.items() if shape[0] == 8]
    assert len(mine) == 1
    assert isinstance(mine[0], RecordedBatch)
    tree.critique([ask(0), ask(1)], 9)
    assert sum(shape[0] == 16 for shape in batches) == 1
    assert [tree.critique([ask(n)], 9) for n in range(3)] == said, "what a buffer held before changes nothing"


def test_single_precision_and_processors_go_by_node(tiny):
    for dtype in ("float32", "bfloat16"):
        assert ways_for(load(EngineSettings(model=str(tiny), dtype=dtype))) == ("node",)


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        # Random123's known answers for philox4x32 of ten rounds, and one more worked out by hand below.
        ((0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((5, 3), (0xA4093822, 0x299F31D0), None),
    ],
)
def test_draws_the_published_random_words(counter, key, words):
    found = philox(torch.tensor([key]), torch.tensor([counter[1]]), counter[0] + 1)[0, counter[0]].tolist()
    assert tuple(found) == (words or _philox_in_python((*counter, 0, 0), key))


def _philox_in_python(counter, key):
    """The generator as its paper writes it, in numbers of any size."""
    a, b, c, d = counter
    for number in range(10):
        one, other = a * 0xD2511F53, c * 0xCD9E8D57
        k0, k1 = ((k + number * w) % 2**32 for k, w in zip(key, (0x9E3779B9, 0xBB67AE85), strict=True))
        a, b, c, d = (other >> 32) ^ b ^ k0, other % 2**32, (one >> 32) ^ d ^ k1, one % 2**32
    return a, b, c, d


def test_the_device_samples_by_temperature():
    rows, logits = 4000, torch.tensor([2.0, 1.0, 0.0, -1.0, 0.5])
    streams = [RandomStream(1, "critique", str(n), 0) for n in range(rows)]
    noise = DeviceGumbelNoise(streams, [0.7] * rows, torch.device("cpu"))
    picked = noise.sample(logits.expand(rows, -1))
    shares = np.bincount(picked, minlength=5) / rows
    assert np.abs(shares - (logits / 0.7).softmax(0).numpy()).max() < 0.03


def test_the_devices_noise_depends_on_stream_and_step_alone():
    streams = [RandomStream(1, "critique", "a", row) for row in range(3)]
    logits = torch.zeros(3, 7)
    noise = DeviceGumbelNoise(streams, [1.0, 0.0, 1.0], torch.device("cpu"))
    first, second = noise.perturb(logits), noise.perturb(logits)
    assert not first[1].any(), "no noise at temperature 0"
    assert not torch.equal(first, second)
    assert noise.reset([streams[2], streams[0], streams[1]], [1.0, 1.0, 1.0])
    again = noise.perturb(logits)
    assert torch.equal(again[0], first[2])
    assert torch.equal(again[1], first[0])


@pytest.mark.parametrize("kind", COVERED)
def test_a_step_asks_nothing_of_the_host(model_directory, monkeypatch, kind):
    """On the meta device tensors have no values: whatever reads one fails there, as it would in a recording."""
    nowhere = torch.device("meta")
    loaded = load(EngineSettings(model=str(model_directory(kind))))
    tree = PrefixTreeBackend(loaded, "stretch")
    loaded.model.to(nowhere)
    tree._no_mask = tree._no_mask.to(nowhere)
    way = ByStretch(tree.forward, 3, frozenset({1, 2}), nowhere)
    packing = pack([ask(0).critique, ask(1).critique])
    way.reading(packing, rows=16, limit=9)
    batch = way.batch(packing, None, packing.ends, 8, 9)
    batch._noise = DeviceGumbelNoise(ask(0).streams + ask(1).streams, [0.5] * 16, nowhere)

    def kernel(q, k, v, stretches, scale):
        return q.new_empty(*q.shape[:2], v.shape[-1]), q.new_empty(q.shape[1], q.shape[0], dtype=torch.float32)

    monkeypatch.setattr("models_service.engine.stretch_plans.attend_stretches", kernel)
    batch._launch()
    assert batch._tokens.device.type == "meta"
