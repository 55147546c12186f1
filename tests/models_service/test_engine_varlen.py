"""The GPU's strategy, as far as a CPU can test it: the segments given to its kernel, and the random words it draws.

test_engine_exactness tests the tokens that come of it, with a reference in place of the kernel.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models_service.engine.attention import Scoring
from models_service.engine.cuda_graph_batch import CudaGraphBatch
from models_service.engine.gumbel_noise import DeviceGumbelNoise
from models_service.engine.interface import EngineSettings
from models_service.engine.loading import load
from models_service.engine.packing import pack_prompts
from models_service.engine.philox import philox
from models_service.engine.prefix_tree import PrefixTreeBackend, strategies_for
from models_service.engine.random_streams import RandomStream
from models_service.engine.strategies import VarlenStrategy
from models_service.engine.varlen_attention import Segment, Segments, finite_lse, varlen_attention
from models_service.engine.varlen_plans import KVCache, combine_splits, split_prompts
from tests.models_service.test_engine_exactness import ask
from tests.models_service.tiny_models import COVERED

PROMPTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9).map(tuple), min_size=1, max_size=5, unique=True)


@given(PROMPTS, st.integers(1, 3), st.integers(1, 4))
def test_every_row_attends_to_its_prompt_once_and_to_nothing_else(prompts, per_prompt, longest):
    packed = pack_prompts(prompts)
    order = sorted(range(len(prompts)), key=lambda i: packed.ends[i])
    for split in (splits := split_prompts(packed, [packed.ends[i] for i in order], per_prompt, longest)):
        assert [one.query_start for one in split] == [0, *(one.query_stop for one in split[:-1])], "no gap, no overlap"
        assert split[-1].query_stop == len(prompts) * per_prompt
        assert all(one.key_count <= longest for one in split)
    for row in range(len(prompts) * per_prompt):
        mine = [one for split in splits for one in split if one.query_start <= row < one.query_stop]
        read = [packed.tokens[i] for one in mine for i in range(one.key_start, one.key_start + one.key_count)]
        assert tuple(read) == prompts[order[row // per_prompt]]


def test_a_long_prompt_is_split_evenly():
    parts = split_prompts(pack_prompts([tuple(range(10))]), [0], 8, 4)
    assert parts == [[Segment(0, 8, 0, 3)], [Segment(0, 8, 3, 3)], [Segment(0, 8, 6, 4)]]


def test_prompts_that_share_a_passage_share_its_segment():
    packed = pack_prompts([(1, 2, 3, 4, 5), (1, 2, 3, 6)])
    assert split_prompts(packed, packed.ends, 2, 9) == [
        [Segment(0, 4, 0, 3)],
        [Segment(0, 2, 3, 2), Segment(2, 4, 5, 1)],
    ]


def test_attention_by_segments_and_splits_is_the_attention_over_all_keys():
    torch.manual_seed(3)
    q, k, v = torch.randn(6, 4, 8), torch.randn(20, 2, 8), torch.randn(20, 2, 8)
    cuts = [[Segment(0, 6, 2, 5)], [Segment(0, 2, 7, 3), Segment(2, 6, 10, 4)], [Segment(0, 6)]]
    seen = [[*range(2, 7), *(range(7, 10) if row < 2 else range(10, 14))] for row in range(6)]
    apart = [varlen_attention(q, k, v, Segments.of(cut, q.device), Scoring(0.3)) for cut in cuts]
    found = combine_splits(torch.stack([out for out, _ in apart]), torch.stack([log for _, log in apart], 1))
    for row, keys in enumerate(seen):
        for head in range(4):
            weights = (k[keys, head // 2] @ q[row, head] * 0.3).softmax(0)
            torch.testing.assert_close(found[row, head], weights @ v[keys, head // 2])


def test_no_keys_weigh_nothing():
    out, log_sum = varlen_attention(
        torch.ones(2, 1, 8),
        torch.ones(3, 1, 8),
        torch.ones(3, 1, 8),
        Segments.of([Segment(0, 2)], torch.device("cpu")),
        Scoring(1),
    )
    assert not out.any()
    assert finite_lse(log_sum).exp().eq(0).all()


def test_the_kv_cache_tells_when_its_addresses_change():
    cache, new = KVCache(), torch.ones(1, 2, 3, 4)
    cache.reserve(8)
    first = cache.put(0, slice(0, 3), new, new)[0].data_ptr()
    cache.reserve(6)
    assert cache.put(0, torch.tensor([4, 7, 5]), new, new)[0].data_ptr() == first
    before = cache.generation
    cache.reserve(100)
    assert cache.generation == before + 1


def test_passages_of_one_shape_share_a_graph_and_others_do_not(tiny):
    tree = PrefixTreeBackend(load(EngineSettings(model=str(tiny))), "varlen")
    said = [tree.critique([ask(n)], 9) for n in range(3)]
    batches = tree._strategy._batches
    mine = [batch for shape, batch in batches.items() if shape[0] == 8]
    assert len(mine) == 1
    assert isinstance(mine[0], CudaGraphBatch)
    tree.critique([ask(0), ask(1)], 9)
    assert sum(shape[0] == 16 for shape in batches) == 1
    assert [tree.critique([ask(n)], 9) for n in range(3)] == said, "what a buffer held before changes nothing"


def test_single_precision_and_processors_use_the_per_node_strategy(tiny):
    for dtype in ("float32", "bfloat16"):
        assert strategies_for(load(EngineSettings(model=str(tiny), dtype=dtype))) == ("per-node",)


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


@pytest.mark.parametrize("kind", [*COVERED[:5], "gemma3", "cohere2", "phi3 with longrope"])
def test_a_step_asks_nothing_of_the_host(model_directory, monkeypatch, kind):
    """On the meta device tensors have no values: whatever reads one fails there, as it would in a capture."""
    nowhere = torch.device("meta")
    loaded = load(EngineSettings(model=str(model_directory(kind))))
    tree = PrefixTreeBackend(loaded, "varlen")
    loaded.model.to(nowhere)
    tree._no_mask = tree._no_mask.to(nowhere)
    tree._positions._anchor = tree._positions._anchor.to(nowhere)
    strategy = VarlenStrategy(tree.forward, 3, frozenset({1, 2}), nowhere, tree._strategy._windows)
    packed = pack_prompts([ask(0).critique_prompt, ask(1).critique_prompt])
    strategy.prefill_plan(packed, rows=16, max_new_tokens=9)
    batch = strategy.decode_batch(packed, None, packed.ends, 8, 9)
    batch._noise = DeviceGumbelNoise(ask(0).streams + ask(1).streams, [0.5] * 16, nowhere)

    def kernel(q, k, v, segments, scoring):
        return q.new_empty(*q.shape[:2], v.shape[-1]), q.new_empty(q.shape[1], q.shape[0], dtype=torch.float32)

    monkeypatch.setattr("models_service.engine.varlen_plans.varlen_attention", kernel)
    batch._launch()
    assert batch._tokens.device.type == "meta"
