"""One command makes a critic: it learns, hears the oracle on its own critiques, is measured, and loads as any model."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch

from findings import jsonl
from models_service.__main__ import main
from models_service.engine import EngineSettings, open_engine
from models_service.engine.checkpoints import read_checkpoint
from models_service.training.critic_measures import measure
from models_service.training.judged_tasks import judged_task
from models_service.training.own_critiques import Writer, judged_own, judging
from models_service.training.tree_reading import TreeReader
from models_service.types import JudgedAnswer, JudgedCritique, JudgedPassage, Subject
from tests.findings.rows import helpfulness_row
from tests.models_service.test_training_trees import TREES, model_of
from tests.models_service.tiny_models import tokenizer

SUM = Subject("a", "", "What is 12 + 5?", "18")


def train(base: Path, output: Path, *more: str) -> int:
    where = ["--task", "addition", "--base", str(base), "--output", str(output)]
    shape = ["--rank", "2", "--rows", "4", "--length", "256"]
    stages = ["--supervised", "3", "--own", "0", "--continued", "2", "--measured", "3"]
    return main(["train-critic", *where, *shape, *stages, *more])


@pytest.fixture(scope="module")
def run(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("run")
    base = shutil.copytree(tiny, directory / "tiny")
    assert train(base, directory / "out", "--workers", "2") == 0
    return directory


def test_it_leaves_an_adapter_that_loads_with_its_base(run: Path) -> None:
    adapter = shutil.copytree(run / "out" / "adapter", run / "critic", dirs_exist_ok=True)
    engine = open_engine(EngineSettings(model=str(adapter)))
    assert engine.identity.engine == "local"
    (bundle,) = engine.critique([SUM], seed=1, max_new_tokens=4)
    assert len(bundle.suggestions) == 8
    base = open_engine(EngineSettings(model=str(run / "tiny"))).score_critiqueability([SUM])
    assert engine.score_critiqueability([SUM]) != base, "it learned something"


def test_the_card_says_how_it_was_made_and_names_no_place(run: Path) -> None:
    text = (run / "out" / "adapter" / "card.json").read_text(encoding="utf-8")
    card = json.loads(text)
    readme = (run / "out" / "adapter" / "README.md").read_text(encoding="utf-8")
    assert str(run) not in text + readme
    assert f"SHA-256 `{card['base']['digest']}`" in readme
    assert "No other texts were used." in readme
    curve = [line.value for line in jsonl.read(run / "out" / "adapter" / "curve.jsonl")]
    assert list(dict.fromkeys(note["stage"] for note in curve)) == ["supervised", "continued-1"]
    assert card["base"]["name"] == "tiny"
    assert [stage["steps"] > 0 for stage in card["stages"]] == [True, True]
    assert card["measures"]["flawed_answers"] == 3
    assert {"critiqueability_auc", "greedy_valid", "first_shown_valid", "greedy_valid_without_the_passage"} <= set(
        card["measures"]
    )


def test_its_own_critiques_are_judged_and_kept(run: Path) -> None:
    (own,) = [line.value for line in islice(jsonl.read(run / "out" / "own-1.jsonl"), 1)]
    told = [one for answer in own["answers"] for one in answer["critiques"]]
    assert told
    assert all(one["helpful"] in {True, False} and not one["learn"] for one in told)
    bundles = list(jsonl.read(run / "out" / "bundles.jsonl"))
    assert [len(line.value["suggestions"]) for line in bundles] == [8, 8, 8]


def test_started_again_it_does_nothing_twice(run: Path) -> None:
    before = (run / "out" / "supervised" / "curve.jsonl").read_bytes()
    own = (run / "out" / "own-1.jsonl").stat().st_mtime_ns
    assert train(run / "tiny", run / "out", "--workers", "2") == 0
    assert (run / "out" / "supervised" / "curve.jsonl").read_bytes() == before
    assert (run / "out" / "own-1.jsonl").stat().st_mtime_ns == own


class Oracle:
    """Says that a critique is valid where it names the seven."""

    def __call__(self, _passage: JudgedPassage, _answer: JudgedAnswer, critique: str) -> dict[str, bool]:
        return {"valid": "7" in critique, "long": len(critique) > 20}


PASSAGES = [
    JudgedPassage(
        f"Sum {n}.",
        (
            JudgedAnswer("2 + 5?", "9", True, (JudgedCritique("It is 7.", helpful=True, learn=True),)),
            JudgedAnswer("2 + 5?", "7", False, (JudgedCritique("It is 8.", helpful=False, learn=False),)),
        ),
    )
    for n in range(3)
]


def test_own_critiques_stand_under_the_answers_that_they_are_about() -> None:
    writer = Writer(model_of(TREES["llama"]()), tokenizer(), max_new_tokens=6, tokens_at_once=400)
    with judging(Oracle(), 0) as judge_all:
        own = judged_own(
            writer, iter(PASSAGES), judge_all, temperatures=(0.0, 1.0, 1.0), seconds=0, at_once=2, seed=1
        )  # fmt: skip
    assert [one.passage for one in own] == ["Sum 0.", "Sum 1."], "one group, once the time is over"
    for passage, made in zip(own, PASSAGES, strict=False):
        for answer, asked in zip(passage.answers, made.answers, strict=True):
            assert replace(answer, critiques=()) == replace(asked, critiques=())
            greedy = writer.write([(made, asked)], [0.0], 1)[0]
            assert greedy in [one.text for one in answer.critiques]
            assert all(one.helpful == ("7" in one.text) and not one.learn for one in answer.critiques)


def test_measures_are_of_the_flawed_answers_and_by_every_grade() -> None:
    model = model_of(TREES["llama"]())
    writer = Writer(model, tokenizer(), max_new_tokens=6, tokens_at_once=400)
    with judging(Oracle(), 0) as judge_all:
        found, bundles = measure(writer, TreeReader(model), PASSAGES, judge_all, seed=1, rows=2)
    assert found["passages"] == 3
    assert found["flawed_answers"] == len(bundles) == 3
    for bundle in bundles:
        assert bundle.answer.critiqueable
        assert [grades["valid"] for grades in bundle.grades] == ["7" in s.text for s in bundle.suggestions]
        first = min((s for s in bundle.suggestions if s.rank is not None), key=lambda s: s.rank or 0)
        assert first.helpfulness == max(s.helpfulness for s in bundle.suggestions)
    greedy = [bundle.grades[0]["valid"] for bundle in bundles]
    assert found["greedy_valid"] == pytest.approx(sum(greedy) / 3)
    assert {"greedy_long", "first_shown_long"} <= set(found)


def test_the_scores_beside_suggestions_are_those_that_the_engine_gives(tiny: Path) -> None:
    engine = open_engine(EngineSettings(model=str(tiny)))
    found = read_checkpoint(str(tiny), torch.float32)
    writer = Writer(found.model.eval(), found.tokenizer, max_new_tokens=6, tokens_at_once=400)
    with judging(Oracle(), 0) as judge_all:
        _, (bundle, *_) = measure(writer, TreeReader(found.model), PASSAGES, judge_all, seed=1, rows=2)
    subject = Subject("", "Sum 0.", "2 + 5?", "9")
    assert bundle.critiqueability == pytest.approx(engine.score_critiqueability([subject])[0], abs=1e-5)
    told = [s for s in bundle.suggestions if s.text][:3]
    expected = engine.score_helpfulness([subject] * len(told), [s.text for s in told])
    assert [s.helpfulness for s in told] == pytest.approx(expected, abs=1e-5)


def test_the_english_task_judges_by_the_record_that_its_answers_carry() -> None:
    task = judged_task("english")
    passages = list(islice(task.held_out(1), 2))
    assert [p.passage for p in passages] == [p.passage for p in islice(task.held_out(1), 2)]
    for passage in passages:
        assert {answer.critiqueable for answer in passage.answers} == {True, False}
        for answer in passage.answers:
            for one in answer.critiques:
                grades = task.judge(passage, answer, one.text)
                assert grades["valid"] == one.helpful
                assert set(grades) == {"valid", "names_false", "names_both"}


def test_rows_of_one_split_only_are_refused_by_what_is_true(tiny: Path, tmp_path: Path) -> None:
    row = helpfulness_row([True, False], [0, 1]) | {"split": "test"}
    jsonl.write(file := tmp_path / "rows.jsonl", [row | {"id": str(n)} for n in range(3)])
    with pytest.raises(SystemExit, match="all 3 rows are of the split test, none of train; --split-by-passage SEED"):
        train(tiny, tmp_path / "out", "--released", str(file), "--released-share", "0.5")
