"""Layers that see the latest tokens only, sinks, soft caps and moving positions: the tree says what plain says.

The windows hold 7 tokens, a prompt some 70 and a critique up to 14: every border lies inside what is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from transformers.masking_utils import (
    and_masks,
    bidirectional_mask_function,
    causal_mask_function,
    chunked_causal_mask_function,
    or_masks,
    sliding_window_causal_mask_function,
)

from models_service.engine.attention import visible_keys
from models_service.engine.backend import SamplingRequest
from models_service.engine.interface import EngineSettings
from models_service.engine.loading import load
from models_service.engine.packing import pack_prompts
from models_service.engine.plain import PlainBackend
from models_service.engine.prefix_tree import PrefixTreeBackend, UnsupportedArchitecture
from models_service.engine.random_streams import RandomStream
from models_service.engine.varlen_windows import below_through, own_segments, ranges_through
from models_service.engine.windows import Window, window_of
from tests.models_service.test_engine_exactness import PASSAGE, QUESTION, STRATEGIES, ask, assert_same
from tests.models_service.tiny_models import VOCABULARY, WINDOWED

ENDS = frozenset(range(0, VOCABULARY, 20))
ELSEWHERE = tuple(range(300, 340))
ASKS = [ask(0), ask(1), ask(2, question=(101, 102)), ask(3, passage=ELSEWHERE), ask(4, passage=(30,))]
#: The kernel of `varlen` knows no soft cap: on a GPU Gemma 2 is read per node.
BOTH = [(kind, strategy) for kind in WINDOWED for strategy in STRATEGIES if (kind, strategy) != ("gemma2", "varlen")]


@pytest.fixture
def opened(model_directory) -> Callable[[str, str], tuple[PrefixTreeBackend, PlainBackend]]:
    def both(kind: str, strategy: str) -> tuple[PrefixTreeBackend, PlainBackend]:
        settings = EngineSettings(model=str(model_directory(kind)))
        fast, plain = (replace(load(settings), end_ids=ENDS) for _ in range(2))
        return PrefixTreeBackend(fast, strategy), PlainBackend(plain)

    return both


@pytest.mark.parametrize(("kind", "strategy"), BOTH, ids=[f"{k}-{s}" for k, s in BOTH])
def test_says_what_plain_generation_says_through_windows(opened, kind, strategy):
    if kind == "gemma2" and transformers.Gemma2ForCausalLM._supports_sdpa:
        pytest.skip("plain leaves out the soft cap: this version of transformers reads Gemma 2 with sdpa")
    tree, plain = opened(kind, strategy)
    assert_same(tree.critique(ASKS, 14), plain.critique(ASKS, 14))
    prompts = [(*PASSAGE, 5), (*PASSAGE, *QUESTION), (*PASSAGE, *QUESTION, 9), (7, 3)]
    assert tree.score(prompts) == pytest.approx(plain.score(prompts), abs=1e-4)


@pytest.mark.parametrize("kind", ["gemma3", "gpt-oss", "llama4"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_where_the_work_is_cut_changes_nothing(opened, monkeypatch, kind, strategy):
    tree, plain = opened(kind, strategy)
    monkeypatch.setattr("models_service.engine.per_node_windows.BLOCK_TOKENS", 5)
    monkeypatch.setattr("models_service.engine.strategies.MAX_SPLIT_KEYS", 3)
    monkeypatch.setattr(tree._strategy, "chunk", 17)
    assert_same(tree.critique(ASKS, 14), plain.critique(ASKS, 14))


def test_a_soft_cap_is_refused_by_the_kernel_strategy_and_read_per_node(opened):
    with pytest.raises(UnsupportedArchitecture, match="soft cap"):
        opened("gemma2", "varlen")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_window_longer_than_every_text_shares_prefixes_as_full_attention_does(model_directory, strategy):
    settings = EngineSettings(model=str(model_directory("mistral")))
    wide, plain = (load(settings) for _ in range(2))
    for loaded in (wide, plain):
        loaded.model.config.sliding_window = 97
    tree = PrefixTreeBackend(wide, strategy)
    assert_same(tree.critique(ASKS[:2], 14), PlainBackend(plain).critique(ASKS[:2], 14))


WRONG = {
    "per-node": ("per_node_windows.visible_keys", lambda queries, keys, _: visible_keys(queries, keys, None)),
    "varlen": ("varlen_plans.own_segments", lambda nodes, w, device: own_segments(nodes, Window(w.size + 1), device)),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_trial_at_the_start_reaches_beyond_a_short_window(model_directory, monkeypatch, strategy):
    """So a kernel that got windows wrong would be refused there; on a GPU the trial reaches beyond any window."""
    name, wrong = WRONG[strategy]
    monkeypatch.setattr(f"models_service.engine.{name}", wrong)
    with pytest.raises(UnsupportedArchitecture, match="logits differ"):
        PrefixTreeBackend(load(EngineSettings(model=str(model_directory("mistral")))), strategy)


# ---- positions that depend on what is read together


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_longrope_reads_every_prompt_as_it_reads_it_alone(opened, strategy, monkeypatch):
    """One set of frequencies up to 60 tokens, another beyond: prompts below, above, and one that crosses."""
    tree, plain = opened("phi3 with longrope", strategy)
    lengths = [len(one.critique_prompt) for one in ASKS]
    assert min(lengths) + 14 < 60 < max(lengths)
    crossing = ask(1, passage=PASSAGE[:40])
    assert len(crossing.critique_prompt) < 60 < len(crossing.critique_prompt) + 14
    left: list[int] = []
    by_plain = tree._plain.critique
    monkeypatch.setattr(
        tree._plain, "critique", lambda asks, *a, **k: left.append(len(asks)) or by_plain(asks, *a, **k)
    )
    asks = [*ASKS, crossing]
    assert_same(tree.critique(asks, 14), plain.critique(asks, 14))
    assert 1 <= sum(left) < len(asks), "the tree reads what it can"
    prompts = [PASSAGE[:9], (*PASSAGE, *range(90, 130)), PASSAGE[:20]]
    assert tree.score(prompts) == pytest.approx(plain.score(prompts), abs=1e-4)
    rows = [SamplingRequest(p, RandomStream(1, "answer", str(i), 0), 0.5) for i, p in enumerate(prompts)]
    assert tree.sample(rows, 12) == plain.sample(rows, 12)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_scaled_positions_are_read_by_the_tree_as_far_as_they_stay_still(opened, strategy, monkeypatch):
    """Llama 4 scales by the place in the forward pass, here from 95 on."""
    tree, plain = opened("llama4 with scaled positions", strategy)
    short, long = ask(0, temperatures=(1.0, 0.5)), ask(4, passage=PASSAGE * 2, temperatures=(1.0, 0.5))
    assert tree._strategy.chunk < 95
    assert_same(tree.critique([short, long], 9), plain.critique([short, long], 9))
    monkeypatch.setattr(tree._plain, "critique", lambda *_, **__: pytest.fail("left to the slow way"))
    assert_same(tree.critique([short], 9), plain.critique([short], 9))


def test_a_model_that_is_refused_keeps_its_own_positions(model_directory, monkeypatch):
    loaded = load(EngineSettings(model=str(model_directory("phi3 with longrope"))))
    monkeypatch.setattr(PrefixTreeBackend, "_check_exact", lambda _: 1 / 0)
    with pytest.raises(UnsupportedArchitecture):
        PrefixTreeBackend(loaded)
    assert not [module for module in loaded.model.modules() if "forward" in vars(module)]


# ---- what transformers' masks say


@pytest.mark.parametrize("size", [1, 2, 7, 512])
def test_a_window_is_what_transformers_mask_function_says(size):
    padding = torch.zeros(1, dtype=torch.int)
    assert window_of(sliding_window_causal_mask_function(size), size) == Window(size)
    chunked = window_of(chunked_causal_mask_function(size, padding), size)
    assert chunked in {Window(size, chunked=True), Window(size)}, "chunks of one token are windows of one"
    assert (chunked == Window(size)) == (size == 1)
    assert window_of(causal_mask_function, None) is None


def test_any_other_mask_is_refused():
    sliding = sliding_window_causal_mask_function(7)
    odd = and_masks(sliding, lambda _batch, _head, q, k: (q + k) % 2 == 0)
    for other in (odd, or_masks(sliding, bidirectional_mask_function), bidirectional_mask_function):
        with pytest.raises(UnsupportedArchitecture, match="masks more than"):
            window_of(other, 7)
    with pytest.raises(UnsupportedArchitecture):
        window_of(sliding_window_causal_mask_function(8), 7)


WINDOWS = st.builds(Window, st.integers(1, 6), st.booleans())
PROMPTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12).map(tuple), min_size=1, max_size=5, unique=True)


@given(PROMPTS, WINDOWS)
def test_every_token_of_a_packed_tree_sees_its_window_once(prompts, window):
    """The segments given to the kernel, as sets of keys: a token's own node, then the levels above."""
    tree = pack_prompts(prompts)
    seen: dict[int, list[int]] = {place: [] for place in range(len(tree.tokens))}
    own = own_segments(tree.nodes, window, torch.device("cpu"))
    starts, counts = own.key_starts.tolist(), own.seqused_k.tolist()
    for first, last, start, count in zip(own.cu_seqlens_q, own.cu_seqlens_q[1:], starts, counts, strict=False):
        assert (int(first), int(last)) == (start, start + count), "queries are their own keys"
        for place in range(start, start + count):
            begin = start if own.last is None else max(start, place - own.last + 1)
            seen[place] += range(begin, place + 1)
    for node in tree.nodes:
        for one in below_through([node], tree.positions, window, 0, len(tree.tokens)):
            for place in range(one.query_start, one.query_stop):
                seen[place] += range(one.key_start, one.key_start + one.key_count)
    for index, node in enumerate(tree.nodes):
        path = [place for i in tree.path(index) for place in range(tree.nodes[i].start, tree.nodes[i].stop)]
        for offset, place in enumerate(range(node.start, node.stop)):
            position = node.position + offset
            assert sorted(seen[place]) == path[max(window.first(position), 0) : position + 1]


@given(PROMPTS, WINDOWS, st.integers(1, 4))
def test_a_rows_first_token_sees_the_end_of_its_prompt(prompts, window, longest):
    tree = pack_prompts(prompts)
    rows = ranges_through(tree, tree.ends, 2, window, longest)
    for number, prompt in enumerate(prompts):
        (row, same) = rows[2 * number : 2 * number + 2]
        assert row == same
        assert all(0 < count <= longest for _, count, _ in row)
        positions = [position + i for _, count, position in row for i in range(count)]
        assert positions == list(range(max(window.first(len(prompt)), 0), len(prompt)))
        assert [tree.tokens[start + i] for start, count, _ in row for i in range(count)] == [
            prompt[position] for position in positions
        ]
