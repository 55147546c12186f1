"""The small critic's trainer: packing changes nothing but cost, and what it writes is what transformers runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from models_service.formats import FINETUNED, encode
from models_service.synthetic.lexicon import kept_words
from models_service.synthetic.report_text import read_statements
from models_service.training.small import curriculum_addition, curriculum_reports, loop
from models_service.training.small.decoder import Decoder, Shape
from models_service.training.small.export import save_for_transformers
from models_service.training.small.feeding import Feed, InProcess, Order, Workers
from models_service.training.small.lessons import Graded, Layout, Proportions, Sheet
from models_service.training.small.loop import Plan, Trainer
from models_service.training.small.probe import Probe
from models_service.training.small.publish import model_card
from models_service.training.small.trees import EOS, Node, Packer, Row, tree_mask
from models_service.training.small.vocabulary import Encoder, learn_vocabulary
from models_service.types import Subject

SHEET = Sheet(
    passage="Mara works at the mill.",
    title="Notes",
    graded=[
        Graded("Who works?", "Mara does.", valid=[], invalid=["It is wrong."]),
        Graded("Where?", "At home.", valid=["At the mill."], invalid=[], refinements=[("At the mill.", "The mill.")]),
    ],
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return learn_vocabulary(curriculum_addition.corpus(Random(1)), 400, split="digits")


@pytest.fixture(scope="module")
def model(tokenizer: Tokenizer) -> Decoder:
    torch.manual_seed(0)
    return Decoder(Shape(tokenizer.get_vocab_size(), width=32, layers=2, heads=2, head_width=16, hidden=48))


@pytest.fixture(scope="module")
def exported(model: Decoder, tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("exported")
    save_for_transformers(model, tokenizer, directory)
    return directory


def paths(node: Node, before: tuple[list[int], list[float]] = ([], [])) -> Iterator[tuple[list[int], list[float]]]:
    """Every text of a tree: to each place where it may end."""
    tokens, weights = before[0] + node.tokens, before[1] + node.weights
    if node.stop is not None:
        yield [*tokens, EOS], [*weights, node.stop]
    elif not node.children:
        yield tokens, weights
    for child in node.children:
        yield from paths(child, (tokens, weights))


def test_every_path_of_a_tree_is_an_example_of_the_shared_wording(tokenizer: Tokenizer, exported: Path) -> None:
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(exported)
    tree = Layout(tokenizer, Proportions(refinements=1.0)).tree(Random(1), SHEET)
    sound = Subject("", SHEET.passage, "Who works?", "Mara does.", "Notes")
    flawed = Subject("", SHEET.passage, "Where?", "At home.", "Notes")
    expected = [
        FINETUNED.answer_example(sound),
        FINETUNED.critique_example(sound, None),
        FINETUNED.helpfulness_example(sound, "It is wrong.", False),
        FINETUNED.answer_example(flawed),
        FINETUNED.critique_example(flawed, "At the mill."),
        FINETUNED.helpfulness_example(flawed, "At the mill.", True),
        FINETUNED.refinement_example(flawed, "At the mill.", "The mill."),
    ]
    assert [tokens for tokens, _ in paths(tree)] == [encode(theirs, pieces) for pieces in expected]


def test_only_what_an_oracle_said_is_learned(tokenizer: Tokenizer) -> None:
    tree = Layout(tokenizer, Proportions(refinements=1.0)).tree(Random(1), SHEET)
    learned = []
    for tokens, weights in paths(tree):
        learned.append(tokenizer.decode([t for t, w in zip(tokens, weights, strict=True) if w and t != EOS]))
    assert learned == [
        " Mara does.", " Mara does. No", " Mara does. No",
        "", " Yes At the mill.", " Yes At the mill. Yes", " The mill.",
    ]  # fmt: skip


def test_a_packed_token_predicts_what_it_would_in_its_own_plain_text(model: Decoder, tokenizer: Tokenizer) -> None:
    tree = Layout(tokenizer).tree(Random(1), SHEET)
    batch = Packer(lambda: tree, tree.size() * 2, 1, 4096, 8).batch()
    tokens, positions, ends, *_ = (tensor.long() for tensor in batch.tensors(torch.device("cpu")))
    row = Row()
    row.add(tree)
    with torch.no_grad():
        packed = model.hidden(tokens, positions, tree_mask(ends).float())[0]
        for path in _places(row):
            text = tokens[:, path]
            length = len(path)
            causal = torch.full((1, 1, length, length), -1e4).triu(1)
            plain = model.hidden(text, torch.arange(length)[None], causal)[0]
            assert torch.allclose(packed[path], plain, atol=1e-4)


def _places(row: Row) -> list[list[int]]:
    """The places in a row of each root-to-leaf path."""
    ends = row.ends
    leaves = [i for i in range(len(ends)) if ends[i] == i + 1]
    return [[j for j in range(leaf + 1) if leaf < ends[j]] for leaf in leaves]


def test_the_exported_model_computes_the_same(model: Decoder, tokenizer: Tokenizer, exported: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    theirs = AutoModelForCausalLM.from_pretrained(exported, dtype=torch.float32)
    text = "Question: 505579 + 900050\nAnswer: 1505629\nCritiqueable:"
    ids = AutoTokenizer.from_pretrained(exported)(text, return_tensors="pt").input_ids
    assert ids[0].tolist() == tokenizer.encode(text).ids
    length = ids.shape[1]
    causal = torch.full((1, 1, length, length), -1e4).triu(1)
    with torch.no_grad():
        ours = model.logits(model.hidden(ids, torch.arange(length)[None], causal))
        assert torch.allclose(theirs(ids).logits, ours, atol=2e-2)  # half precision on disk
    assert theirs.config.eos_token_id == theirs.generation_config.eos_token_id == EOS


def test_the_probe_says_what_transformers_generates(model: Decoder, tokenizer: Tokenizer, exported: Path) -> None:
    from transformers import AutoModelForCausalLM

    theirs = AutoModelForCausalLM.from_pretrained(exported, dtype=torch.float32)
    ours = Decoder(model.shape)
    ours.load_state_dict({k: v.half().float() for k, v in model.state_dict().items()})
    prompts = [tokenizer.encode(text).ids for text in ("Question: 1 + 2\nAnswer:", "Answer: 3")]
    with torch.autocast("cpu", enabled=False):
        said = Probe(ours, tokenizer).say(prompts, limit=5)
    for prompt, text in zip(prompts, said, strict=True):
        ids = theirs.generate(torch.tensor([prompt]), max_new_tokens=5, do_sample=False)[0][len(prompt) :]
        expected = tokenizer.decode([t for t in ids.tolist() if t != EOS]).strip()
        assert text[:3] == expected[:3]


@pytest.mark.parametrize("curriculum", [curriculum_addition, curriculum_reports])
@pytest.mark.parametrize("stage", [0.0, 1.0, 2.0])
def test_every_stage_of_a_curriculum_makes_sheets_the_oracle_agrees_with(curriculum, stage: float) -> None:  # type: ignore[no-untyped-def]
    from models_service.synthetic.task import Problem

    rng = Random(3)
    for _ in range(20):
        sheet = curriculum.sheet(rng, stage)
        for graded in sheet.graded:
            problem = Problem(sheet.passage, graded.question)
            assert list(graded.valid) == curriculum.TASK.valid_critiques(problem, graded.answer)


def test_a_run_that_resumes_goes_on_where_it_stopped(tokenizer: Tokenizer, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    curriculum = replace(curriculum_addition.curriculum(), probe=lambda probe, stage: {})

    def trainer(steps: int) -> Trainer:
        plan = Plan(steps=steps, length=128, rows=1, picked=64, hinted=16, looks=1)
        return Trainer(plan, curriculum, tokenizer, tmp_path, shape=Shape(0, 32, 1, 1, 32, 32), compiled=False)

    first = trainer(2)
    first.run()
    second = trainer(4)
    second.resume(tmp_path / "state.pt")
    second.run()
    assert second.step == 4
    assert second.tokens > first.tokens
    assert len((tmp_path / "curve.jsonl").read_text(encoding="utf-8").splitlines()) == 4


def _order(tokenizer: Tokenizer) -> Order:
    curriculum = replace(curriculum_addition.curriculum(), own=3)
    return Order(curriculum, tokenizer.to_str(), "a stream", 128, 2, 96, 32, own_from=1.7, own_share=0.5)


def _fed(feed: Feed, stage: float) -> list[object]:
    """What a feed gives around an answered question: every array of ten batches, and the prompts."""
    given: list[object] = [feed.next(stage) for _ in range(2)]
    asked: dict[int, list[list[int]]] = {}
    while not asked:
        asked = feed.asked(stage)
    feed.hear(0, [("Digit 1 is wrong.",)] * len(asked[0]))
    return [*given, asked]


def test_a_worker_feeds_what_would_be_made_in_process(tokenizer: Tokenizer) -> None:
    here, there = InProcess(_order(tokenizer)), Workers(_order(tokenizer), 1)
    try:
        (*batches, asked), (*others, asked_there) = _fed(here, 2.0), _fed(there, 2.0)
    finally:
        there.close()
    assert asked == asked_there
    for batch, other in zip(batches, others, strict=True):
        for ours, theirs in zip(astuple(batch), astuple(other), strict=True):
            assert np.array_equal(ours, theirs)


def test_every_worker_has_a_stream_of_its_own(tokenizer: Tokenizer) -> None:
    first, second = (InProcess(_order(tokenizer), number).next(0.5) for number in (0, 1))
    assert not np.array_equal(first.tokens, second.tokens)


def test_the_third_round_teaches_what_the_critic_said(tokenizer: Tokenizer) -> None:
    feed = InProcess(replace(_order(tokenizer), own_share=1.0))
    said = "Digit 99 is never right."
    assert feed.asked(1.0) == {}
    feed.hear(0, [(said,)] * len(feed.asked(2.0)[0]))
    for _ in range(16):  # what was waiting to be packed before
        batch = feed.next(2.0)
    assert any(said in tokenizer.decode(row.tolist()) for row in batch.tokens)


@pytest.mark.parametrize(
    "text", ["Title: A\nPassage: Mara's mill, Bo.\n", "", " Yes", "\n\nCritique:", "a  b ", "10 + 9é"]
)
def test_a_remembering_encoder_gives_the_tokenizer_s_tokens(tokenizer: Tokenizer, text: str) -> None:
    encoder, encoding = Encoder(tokenizer), tokenizer.encode(text)
    for _ in range(2):
        assert encoder.ids(text) == encoding.ids
        assert encoder.spans(text) == (encoding.ids, encoding.offsets)


class _Ticking:
    """Time that passes by being read, two milliseconds a reading: a busy machine must not change what a test sees."""

    process_time = staticmethod(time.process_time)

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.002
        return self.now


def test_a_run_by_time_ends_on_time_with_its_rate_decayed_and_can_be_cut_in_two(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curriculum = replace(curriculum_addition.curriculum(), probe=lambda probe, stage: {}, own=0)
    clock = _Ticking()
    monkeypatch.setattr(loop, "time", clock)

    def leg(begins: float, ends: float) -> Trainer:
        plan = Plan(steps=10**9, length=128, rows=1, picked=64, hinted=16, minutes=1.5 / 60, begins=begins, ends=ends)
        shape = Shape(0, 32, 1, 1, 32, 32)
        return Trainer(plan, curriculum, tokenizer, tmp_path, shape=shape, compiled=False)

    first = leg(0.0, 0.5)
    first.run()
    assert 1.5 <= clock.now - first.started < 1.6
    assert first.progress == 0.5
    assert first.muon.param_groups[0]["lr"] == first.plan.matrix_rate
    second = leg(0.5, 1.0)
    second.resume(tmp_path / "state.pt")
    assert second.progress == 0.5
    second.run()
    assert second.stage == 2
    assert second.step > first.step
    assert second.muon.param_groups[0]["lr"] < 0.2 * second.plan.matrix_rate


@pytest.mark.parametrize("stage", [1.0, 2.0])
def test_later_lessons_are_long_reports_of_strange_words_and_none_kept_for_testing(stage: float) -> None:
    rng = Random(5)
    sheets = [curriculum_reports.sheet(rng, stage) for _ in range(120)]
    for sheet in sheets:
        statements = [one for one in read_statements(sheet.passage) if one]
        assert not kept_words() & {word.lower() for one in statements for word in (one.subject, one.value)}
    longest = max(len(sheet.passage.split()) for sheet in sheets)
    assert (longest > 250) == (stage == 2.0)


@pytest.mark.parametrize(
    ("device", "said"), [("one core", "5.0 minutes of one CPU core"), ("NVIDIA H100", "9.0 minutes of one NVIDIA H100")]
)
def test_the_card_says_what_the_run_took_and_on_what(device: str, said: str) -> None:
    looked = {"valid": 0.5, "critiqueability": 0.5, "helpfulness": 0.5, "base": 0.5}
    curve = [
        {"parameters": 7, "device": device},
        {"step": 50, "millions": 1.0, "core_minutes": 5.0, "minutes": 9.0, "text": 1.0},
        {"step": 60, "probe": looked},
    ]
    card = {"name": "sums critic", "reads": "Sums.", "cannot": "Words.", "numbers": []}
    assert said in model_card(card, curve, start="nothing", command="train", remark="", seed=1, minutes=1.0)
