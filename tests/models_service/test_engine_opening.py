"""Opening an engine: what is refused, what is recorded, what is imported."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from models_service.engine import EngineError, EngineSettings, open_engine
from models_service.engine.backend import CritiqueOutput
from models_service.engine.checkpoints import directory_revision
from models_service.engine.interface import PromptTooLong
from models_service.engine.loading import load
from models_service.engine.local import LocalEngine
from models_service.engine.scripted import ScriptedEngine
from models_service.engine.yes_no import label_tokens
from models_service.formats import FINETUNED
from models_service.types import Subject
from tests.models_service.tiny_models import tokenizer

STORY = Subject(key="a", passage="The ship left at dawn.", question="When?", answer="At dawn.")


@pytest.mark.parametrize("module", ["models_service", "models_service.engine", "models_service.__main__"])
def test_importing_it_loads_no_torch(module):
    check = f"import sys, {module}; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_an_unknown_engine_is_refused_by_name():
    with pytest.raises(EngineError, match="no engine 'lokal'; there are local, plain, remote, scripted"):
        open_engine(EngineSettings(model="m", engine="lokal"))


def test_the_identity_tells_which_model_spoke(tiny):
    identity = open_engine(EngineSettings(model=str(tiny))).identity
    assert (identity.engine, identity.dtype, identity.device) == ("local", "float32", "cpu")
    assert (identity.format_name, identity.format_version) == ("finetuned", 1)
    assert identity.revision == directory_revision(tiny)


def test_another_weight_is_another_revision(tiny, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny, copy)
    assert directory_revision(copy) == directory_revision(tiny), "the place does not matter"
    weights = copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert directory_revision(copy) != directory_revision(tiny)


def test_half_precision_weights_are_read_as_the_settings_say(tiny, tmp_path):
    loaded = load(EngineSettings(model=str(tiny)))
    half = tmp_path / "half"
    loaded.model.half().save_pretrained(half)
    tokenizer().save_pretrained(half)
    assert load(EngineSettings(model=str(half))).model.dtype == torch.float32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "/nowhere"}, "cannot load the model"),
        ({"dtype": "float8"}, "dtype must be one of"),
        ({"format_name": "haiku"}, "no such format: 'haiku'"),
    ],
)
def test_refuses_what_it_cannot_open(tiny, change, message):
    with pytest.raises(EngineError, match=message):
        open_engine(replace(EngineSettings(model=str(tiny)), **change))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_refuses_a_gpu_that_is_not_there(tiny):
    with pytest.raises(EngineError, match="no CUDA device"):
        open_engine(EngineSettings(model=str(tiny), device="cuda"))


def test_refuses_labels_that_are_not_single_tokens():
    with pytest.raises(EngineError, match="single, distinct tokens"):
        label_tokens(tokenizer(), replace(FINETUNED, yes=" Yes indeed"))
    with pytest.raises(EngineError, match="single, distinct tokens"):
        label_tokens(tokenizer(), replace(FINETUNED, yes=" No"))


def test_refuses_a_prompt_longer_than_the_context_with_the_counts(tiny):
    engine = open_engine(EngineSettings(model=str(tiny)))
    long = replace(STORY, key="long one", passage="storm " * 600)
    with pytest.raises(PromptTooLong, match=r"'long one': its prompt has \d+ tokens .* context is 512"):
        engine.score_critiqueability([STORY, long])
    prompt = engine.critique([STORY], seed=1, max_new_tokens=4)[0].grouping["prompt_tokens"]
    tail = len(load(EngineSettings(model=str(tiny))).helpfulness_tail)
    engine.critique([STORY], seed=1, max_new_tokens=512 - prompt - tail)
    with pytest.raises(PromptTooLong):
        engine.critique([STORY], seed=1, max_new_tokens=512 - prompt - tail + 1)


class Cramped:
    """A backend whose memory holds two answers and no more."""

    name = "prefix_tree"

    def __init__(self, room: int) -> None:
        self.room, self.groups = room, []

    def critique(self, requests, max_new_tokens, heartbeat):
        if len(requests) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.groups.append(len(requests))
        return [
            CritiqueOutput(0.5, ((5,),) * len(request.temperatures), (0.5,) * len(request.temperatures))
            for request in requests
        ]


def test_out_of_memory_makes_smaller_groups_then_a_clear_error(tiny):
    settings = EngineSettings(model=str(tiny))
    subjects = [replace(STORY, key=str(i)) for i in range(5)]
    cramped = Cramped(2)
    bundles = LocalEngine(load(settings), cramped, settings).critique(subjects, seed=1)
    assert [b.key for b in bundles] == ["0", "1", "2", "3", "4"]
    assert max(cramped.groups) == 2
    with pytest.raises(EngineError, match="memory does not hold one answer"):
        LocalEngine(load(settings), Cramped(0), settings).critique(subjects, seed=1)


def test_groups_the_answers_of_a_passage_and_keeps_the_order(tiny):
    settings = EngineSettings(model=str(tiny), max_rows=24)
    cramped = Cramped(9)
    passages = ["one", "two", "one", "two", "one"]
    subjects = [replace(STORY, key=str(i), passage=p) for i, p in enumerate(passages)]
    told: list[tuple[int, int]] = []
    bundles = LocalEngine(load(settings), cramped, settings).critique(
        subjects, seed=1, progress=lambda *p: told.append(p)
    )
    assert cramped.groups == [3, 2]
    assert [b.key for b in bundles] == ["0", "1", "2", "3", "4"]
    assert [b.grouping["answers"] for b in bundles] == [3, 2, 3, 2, 3]
    assert told[-1] == (40, 40)


def test_the_same_record_gives_the_same_text_again(tiny):
    engine = open_engine(EngineSettings(model=str(tiny)))
    others = [replace(STORY, key=str(i), answer="noon " * i) for i in range(4)]
    again = open_engine(EngineSettings(model=str(tiny), max_rows=8)).critique([STORY], seed=9, max_new_tokens=8)
    first = engine.critique([*others, STORY], seed=9, max_new_tokens=8)[-1]
    assert [s.text for s in first.suggestions] == [s.text for s in again[0].suggestions]
    other_seed = engine.critique([STORY], seed=10, max_new_tokens=8)[0]
    assert [s.text for s in other_seed.suggestions] != [s.text for s in first.suggestions]


def test_special_tokens_in_anyones_writing_are_plain_characters(tiny):
    engine = open_engine(EngineSettings(model=str(tiny)))
    sly = replace(STORY, answer="At dawn.<eos>")
    prompt = FINETUNED.critiqueability_prompt(sly)
    from models_service.formats import encode

    assert tokenizer().eos_token_id not in encode(tokenizer(), prompt)
    assert 0 < engine.score_critiqueability([sly])[0] < 1


def test_the_scripted_engine_repeats_itself_and_makes_duplicates():
    engine = ScriptedEngine()
    (first,) = engine.critique([STORY], seed=1)
    assert engine.critique([STORY], seed=1) == [first]
    assert len(first.suggestions) == 8
    assert any(s.same_as is not None for s in first.suggestions)
    assert open_engine(EngineSettings(model="any", engine="scripted")).critique([STORY], seed=1)[0] == replace(
        first, model=replace(first.model, name="any")
    )


@pytest.mark.parametrize("how", [{"max_new_tokens": 0}, {"temperatures": []}, {"temperatures": [0.5, -0.1]}])
def test_refuses_what_cannot_be_sampled(tiny, how):
    with pytest.raises(EngineError, match="must be"):
        open_engine(EngineSettings(model=str(tiny))).critique([STORY], seed=1, **how)
