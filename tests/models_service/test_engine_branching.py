"""Models that the prefix tree does not read are read from copies of transformers' own caches, as plain reads them."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
import torch

from models_service.engine import EngineError, EngineSettings, open_engine
from models_service.engine.backend import SamplingRequest
from models_service.engine.branching import BranchingBackend
from models_service.engine.loading import load
from models_service.engine.plain import PlainBackend
from models_service.engine.random_streams import RandomStream
from models_service.engine.windows import UnsupportedArchitecture
from models_service.types import Subject
from tests.models_service.test_engine_exactness import PASSAGE, QUESTION, ask, assert_same
from tests.models_service.tiny_models import BRANCHED, VOCABULARY

STORY = Subject(key="a", passage="The ship left at dawn.", question="When?", answer="At dawn.")
ENDS = frozenset(range(0, VOCABULARY, 20))
ASKS = [ask(0), ask(2, question=(101, 102)), ask(4, passage=(30,))]


@pytest.fixture
def opened(model_directory):
    def both(kind: str) -> tuple[BranchingBackend, PlainBackend]:
        fast, plain = (replace(load(EngineSettings(model=str(model_directory(kind)))), end_ids=ENDS) for _ in range(2))
        return BranchingBackend(fast), PlainBackend(plain)

    return both


@pytest.mark.parametrize("kind", [*BRANCHED, "gemma3"])
def test_says_what_plain_generation_says(opened, kind):
    branching, plain = opened(kind)
    ours = branching.critique(ASKS, 9)
    assert_same(ours, plain.critique(ASKS, 9))
    assert len({len(critique) for told in ours for critique in told.critiques}) > 1, "of several lengths"


@pytest.mark.parametrize("kind", ["qwen3.5", "mamba"])
def test_scores_and_samples_single_prompts_as_plain_does(opened, kind):
    branching, plain = opened(kind)
    prompts = [(*PASSAGE, 5), (*PASSAGE, *QUESTION), PASSAGE, (7, 3)]
    assert branching.score(prompts) == pytest.approx(plain.score(prompts), abs=1e-4)
    rows = [
        SamplingRequest(p, RandomStream(1, "answer", str(i), 0), 0.3 * i) for i, p in enumerate([*prompts, prompts[0]])
    ]
    assert branching.sample(rows, 9) == plain.sample(rows, 9)


def test_every_shared_prefix_is_read_once(opened, monkeypatch):
    branching, _ = opened("qwen3.5")
    read: list[int] = []
    whole = branching._read

    def counting(tokens, cache):
        read.append(tokens.shape[1])
        return whole(tokens, cache)

    monkeypatch.setattr(branching, "_read", counting)
    first, second = ask(0), ask(1)
    branching.score([first.critique_prompt, first.critiqueability_prompt, second.critique_prompt])
    assert sum(read) < len(first.critique_prompt) + 20, "passage and question once, what differs beside them"


def test_a_model_that_forgets_its_cache_in_a_longer_pass_is_read_token_by_token(opened):
    """transformers' Mamba starts anew when several tokens follow a cache; the trial at the start notices."""
    assert opened("qwen3.5")[0]._in_one_pass
    assert not opened("mamba")[0]._in_one_pass


def test_a_cache_is_never_changed_by_what_branches_from_it(opened):
    branching, _ = opened("lfm2")
    alone = branching.critique([ASKS[0]], 9)
    assert branching.critique([ASKS[0]], 9) == alone
    assert_same(branching.critique(ASKS, 9)[:1], alone)


def test_progress_moves_with_each_token(opened):
    branching, _ = opened("lfm2")
    told: list[float] = []
    branching.critique(ASKS, 9, told.append)
    assert told == sorted(told)
    assert 0 < told[0] <= 1 / len(ASKS) / 9 + 1e-9
    assert len(set(told)) > len(ASKS)


# ---- how an engine chooses


def test_bundles_of_a_hybrid_say_local_and_the_log_says_how(model_directory, caplog):
    with caplog.at_level(logging.INFO):
        engine = open_engine(EngineSettings(model=str(model_directory("qwen3.5"))))
    assert engine.identity.engine == "local"
    assert "copies of its cache" in caplog.text
    (bundle,) = engine.critique([STORY], seed=1, max_new_tokens=4)
    assert len(bundle.suggestions) == 8


def test_a_model_that_keeps_its_state_to_itself_falls_back_and_says_so(model_directory, caplog):
    directory = str(model_directory("recurrent gemma"))
    with pytest.raises(UnsupportedArchitecture, match="copy of its cache"):
        BranchingBackend(load(EngineSettings(model=directory)))
    with caplog.at_level(logging.WARNING):
        engine = open_engine(EngineSettings(model=directory))
    assert engine.identity.engine == "plain"
    assert "slower plain engine: it does not go on from a copy of its cache" in caplog.text
    (bundle,) = engine.critique([STORY], seed=1, max_new_tokens=4)
    assert len(bundle.suggestions) == 8


def test_what_no_way_can_read_is_refused_at_the_start_in_a_sentence(tiny, monkeypatch):
    def broken(self, *_, **__):
        raise RuntimeError("sizes do not match")

    monkeypatch.setattr("transformers.LlamaForCausalLM.forward", broken)
    for engine in ("local", "plain"):
        with pytest.raises(EngineError, match=r"cannot be read: transformers' own generate fails .*sizes do not match"):
            open_engine(EngineSettings(model=str(tiny), engine=engine))


def test_a_model_that_gives_no_numbers_is_refused(tiny, tmp_path):
    loaded = load(EngineSettings(model=str(tiny)))
    loaded.model.get_output_embeddings().weight.fill_(torch.nan)
    loaded.model.save_pretrained(tmp_path)
    loaded.tokenizer.save_pretrained(tmp_path)
    with pytest.raises(EngineError, match="no numbers for Yes and No"):
        open_engine(EngineSettings(model=str(tmp_path)))
