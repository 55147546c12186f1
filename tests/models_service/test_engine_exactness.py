"""The prefix tree says what plain `generate` says: every token, and scores to 1e-4, whatever is grouped."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models_service.engine.backend import CritiqueRequest, SamplingRequest
from models_service.engine.interface import EngineSettings
from models_service.engine.loading import load
from models_service.engine.plain import PlainBackend
from models_service.engine.prefix_tree import PrefixTreeBackend, UnsupportedArchitecture
from models_service.engine.random_streams import RandomStream
from models_service.types import PAPER_TEMPERATURES
from tests.models_service.tiny_models import BRANCHED, COVERED, VOCABULARY

PASSAGE = tuple(range(20, 70))
QUESTION = tuple(range(100, 109))
STRATEGIES = ("per-node", "varlen")


def ask(number: int, *, passage=PASSAGE, question=QUESTION, temperatures=PAPER_TEMPERATURES) -> CritiqueRequest:
    """A bundle about an answer of its own length; all of a passage share what they can."""
    header = (*passage, *question, *range(200, 203 + 2 * number))
    return CritiqueRequest(
        critiqueability_prompt=(*header, 7, 8),
        critique_prompt=(*header, 9, 10, 11),
        streams=tuple(RandomStream(5, "critique", f"answer {number}", row) for row in range(len(temperatures))),
        temperatures=tuple(temperatures),
    )


@pytest.fixture(params=[(kind, strategy) for kind in COVERED for strategy in STRATEGIES], ids="-".join, scope="module")
def backends(request, model_directory):
    """The prefix tree and the reference on the same weights, with enough end tokens for ragged critiques.

    `varlen` is the GPU's strategy; here with a reference in place of its kernel, and no graph captured.
    """
    kind, strategy = request.param
    opened = EngineSettings(model=str(model_directory(kind)))
    ends = frozenset(range(0, VOCABULARY, 20))
    fast, plain = (replace(load(opened), end_ids=ends) for _ in range(2))
    return PrefixTreeBackend(fast, strategy), PlainBackend(plain)


@pytest.fixture(params=STRATEGIES, scope="module")
def llama(request, tiny):
    opened = EngineSettings(model=str(tiny))
    ends = frozenset(range(0, VOCABULARY, 20))
    fast, plain = (replace(load(opened), end_ids=ends) for _ in range(2))
    return PrefixTreeBackend(fast, request.param), PlainBackend(plain)


def assert_same(ours, theirs):
    assert [told.critiques for told in ours] == [told.critiques for told in theirs]
    for our, their in zip(ours, theirs, strict=True):
        assert our.critiqueability == pytest.approx(their.critiqueability, abs=1e-4)
        assert our.helpfulness == pytest.approx(their.helpfulness, abs=1e-4)


def test_says_what_plain_generation_says(backends):
    tree, plain = backends
    elsewhere = tuple(range(300, 340))
    asks = [ask(0), ask(1), ask(2, question=(101, 102)), ask(3, passage=elsewhere), ask(4, passage=(30,))]
    ours, theirs = tree.critique(asks, 14), plain.critique(asks, 14)
    assert_same(ours, theirs)
    lengths = {len(critique) for told in ours for critique in told.critiques}
    assert 14 in lengths, "some critiques reach the limit"
    assert len(lengths) > 4, "others end early, at different lengths"


def test_scores_and_samples_single_prompts_as_plain_does(backends):
    tree, plain = backends
    prompts = [(*PASSAGE, 5), (*PASSAGE, *QUESTION), (*PASSAGE, *QUESTION, 9), (400 % VOCABULARY, 3)]
    assert tree.score(prompts) == pytest.approx(plain.score(prompts), abs=1e-4)
    rows = [
        SamplingRequest(p, RandomStream(1, "answer", str(i), 0), 0.3 * i) for i, p in enumerate([*prompts, prompts[0]])
    ]
    assert tree.sample(rows, 12) == plain.sample(rows, 12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(st.integers(0, 5), min_size=1, max_size=5),
    passages=st.lists(st.sampled_from([PASSAGE, PASSAGE[:30], (30,), ()]), min_size=5, max_size=5),
    limit=st.sampled_from([1, 2, 9]),
)
def test_mates_never_change_a_bundle(llama, numbers, passages, limit):
    tree, plain = llama
    asks = [ask(n, passage=p) for n, p in zip(numbers, passages, strict=False)]
    together = tree.critique(asks, limit)
    assert_same(together, [tree.critique([one], limit)[0] for one in asks])
    assert_same(together, plain.critique(asks, limit))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_writes_critiques_of_one_token_and_of_none(tiny, strategy):
    fast, plain = (load(EngineSettings(model=str(tiny))) for _ in range(2))
    for backend in (PrefixTreeBackend(fast, strategy), PlainBackend(plain)):
        assert {len(c) for c in backend.critique([ask(1)], 1)[0].critiques} <= {0, 1}
    every_token_ends = frozenset(range(VOCABULARY))
    tree = PrefixTreeBackend(replace(fast, end_ids=every_token_ends), strategy)
    ours = tree.critique([ask(1)], 9)
    theirs = PlainBackend(replace(plain, end_ids=every_token_ends)).critique([ask(1)], 9)
    assert set(ours[0].critiques) == {()}
    assert_same(ours, theirs)


def test_progress_moves_with_each_token_up_to_the_whole(tiny):
    fast, plain = (load(EngineSettings(model=str(tiny))) for _ in range(2))
    for backend in (PrefixTreeBackend(fast), PlainBackend(plain)):
        told: list[float] = []
        outputs = backend.critique([ask(0), ask(1)], 12, told.append)
        assert told == sorted(told)
        assert 0 < told[0] <= 1 / 12
        assert told[-1] <= 1
        assert len(told) >= max(len(text) for one in outputs for text in one.critiques) - 1


def test_temperature_zero_is_greedy_whatever_the_stream(llama):
    tree, _ = llama
    cold = ask(2, temperatures=(0.0,) * 8)
    greedy = tree.critique([cold], 16)[0].critiques
    assert len(set(greedy)) == 1
    assert tree.critique([ask(2)], 16)[0].critiques[0] == greedy[0]


def test_reads_long_packings_in_chunks(llama, monkeypatch):
    tree, _ = llama
    asks = [ask(n) for n in range(3)]
    whole = tree.critique(asks, 12)
    monkeypatch.setattr(tree._strategy, "chunk", 17)
    assert_same(tree.critique(asks, 12), whole)


def test_bfloat16_repeats_itself_under_the_same_grouping(tiny):
    tree = PrefixTreeBackend(load(EngineSettings(model=str(tiny), dtype="bfloat16")))
    asks = [ask(0), ask(1)]
    assert tree.critique(asks, 12) == tree.critique(asks, 12)


@pytest.mark.parametrize("kind", BRANCHED)
def test_refuses_architectures_on_which_it_would_not_be_exact(model_directory, kind, monkeypatch):
    monkeypatch.setattr("models_service.engine.skinny_matmul.MIN_OUTPUT_BYTES", 1)
    loaded = load(EngineSettings(model=str(model_directory(kind))))
    before = loaded.model(torch.tensor([PASSAGE])).logits
    with pytest.raises(UnsupportedArchitecture):
        PrefixTreeBackend(loaded)
    assert torch.equal(loaded.model(torch.tensor([PASSAGE])).logits, before), "the model is as it was"
    assert not [module for module in loaded.model.modules() if "forward" in vars(module)], "nor is anything kept twice"


@pytest.mark.parametrize("how", ["packed", "in blocks"])
def test_large_matrices_multiplied_for_few_rows_give_the_same_tokens(tiny, monkeypatch, how):
    limit = "MIN_OUTPUT_BYTES" if how == "packed" else "MIN_BYTES"
    monkeypatch.setattr(f"models_service.engine.skinny_matmul.{limit}", 1)
    monkeypatch.setattr("models_service.engine.skinny_matmul.BLOCK_ROWS", 7)
    patched = PrefixTreeBackend(load(EngineSettings(model=str(tiny))))
    changed = {name for name, module in patched._model.named_modules() if "forward" in vars(module)}
    assert (changed == {"lm_head"}) if how == "packed" else ("model.layers.0.mlp.up_proj" in changed)
    plain = PlainBackend(load(EngineSettings(model=str(tiny))))
    assert_same(patched.critique([ask(0), ask(1)], 12), plain.critique([ask(0), ask(1)], 12))
