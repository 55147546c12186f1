"""A model's scale: its validation loss, measured, recorded by its training, or told; and drawn."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from findings import jsonl
from findings.__main__ import main as findings_main
from models_service.__main__ import main
from models_service.engine.interface import EngineSettings, PromptTooLong
from models_service.engine.loading import Loaded, load
from models_service.evaluation.loss import demonstrations, recorded_loss, token_losses
from models_service.evaluation.reporting import loss_rows
from models_service.synthetic import TASKS
from models_service.training.examples import IGNORED, example
from tests.models_service.tiny_models import VOCABULARY, make

ADDITION = TASKS["addition"]


def opened(directory: Path) -> Loaded:
    return load(EngineSettings(model=str(make(directory))))


def test_a_model_that_knows_nothing_loses_the_log_of_its_vocabulary(tmp_path: Path) -> None:
    """All weights 0: each of 384 tokens is as likely, so every learned token costs ln 384 = 5.951 nats."""
    directory = make(tmp_path)
    model: Any = AutoModelForCausalLM.from_pretrained(directory)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    model.save_pretrained(directory)
    rows = list(loss_rows(load(EngineSettings(model=str(directory))), ADDITION, problems=4, seed=1))
    assert {row["group"] for row in rows} == {"all", "answer", "critique", "helpfulness"}
    for row in rows:
        assert row["value"] == pytest.approx(math.log(VOCABULARY), abs=1e-5)
        assert row["value"] == pytest.approx(5.951, abs=1e-3)


def test_the_loss_is_that_of_training_token_by_token(tmp_path: Path) -> None:
    """Batched and padded it is what the model's own loss says of each example alone, summed over learned tokens."""
    loaded = opened(tmp_path)
    shown = list(demonstrations(ADDITION, problems=6, seed=1))
    expected: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0])
    for one in shown:
        made = example(loaded.tokenizer, one)
        ids, labels = torch.tensor([made.input_ids]), torch.tensor([made.labels])
        learned = sum(label != IGNORED for label in made.labels)
        expected[one.task][0] += float(loaded.model(input_ids=ids, labels=labels).loss) * learned
        expected[one.task][1] += learned
    found: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0])
    for task, _, nats in token_losses(loaded, shown):
        found[task][0] += nats
        found[task][1] += 1
    assert found.keys() == expected.keys()
    for task, (nats, count) in expected.items():
        assert found[task] == [pytest.approx(nats, rel=1e-4), count]


def test_all_counts_every_learned_token_alike(tmp_path: Path) -> None:
    """The loss of all is the mean of the kinds weighted by their tokens, not by their number."""
    everything, *kinds = loss_rows(opened(tmp_path), ADDITION, problems=4, seed=1)
    assert everything["n"] == sum(row["n"] for row in kinds)
    assert everything["value"] == pytest.approx(sum(row["n"] * row["value"] for row in kinds) / everything["n"])


def test_the_same_seed_shows_the_same_demonstrations_to_every_model() -> None:
    one, two, other = (list(demonstrations(ADDITION, problems=3, seed=seed)) for seed in (1, 1, 2))
    assert one == two != other


def test_a_demonstration_longer_than_the_context_is_refused(tmp_path: Path) -> None:
    """A loss over the short ones alone would flatter the model."""
    loaded = opened(tmp_path)
    with pytest.raises(PromptTooLong, match="tokens, the model reads 512"):
        list(token_losses(loaded, list(demonstrations(TASKS["reports"], problems=2, seed=1))))


def test_the_last_loss_that_training_recorded_is_the_scale(tmp_path: Path) -> None:
    curve = [{"step": 1, "eval_loss": 2.5}, {"step": 2, "loss": 9.0}, {"step": 2, "eval_loss": 1.5}, {"step": 2}]
    jsonl.write(tmp_path / "curve.jsonl", curve)
    assert recorded_loss(str(tmp_path / "model")) == 1.5
    assert recorded_loss(str(tmp_path / "another")) is None
    jsonl.write(tmp_path / "curve.jsonl", curve[1:2])
    assert recorded_loss(str(tmp_path / "model")) is None


def evaluate(output: Path, *words: str) -> list[dict[str, Any]]:
    shared = ["--task", "alphabetize", "--n", "3", "--engine", "scripted", "--output", str(output)]
    assert main(["evaluate", *words, *shared]) == 0
    return [line.value for line in jsonl.read(output)]


def test_what_is_told_goes_before_what_was_recorded(tmp_path: Path) -> None:
    recorded = str(tmp_path / "model")
    jsonl.write(tmp_path / "curve.jsonl", [{"eval_loss": 1.5}])
    words = ["quality", "--model", recorded, "--model", "rule", "--model", "a=b"]
    rows = evaluate(tmp_path / "rows.jsonl", *words, "--scale", "a=b=0.75")
    assert {(row["model"], row["scale"]) for row in rows} == {(recorded, 1.5), ("rule", None), ("a=b", 0.75)}
    rows = evaluate(tmp_path / "rows.jsonl", *words[:3], "--scale", f"{recorded}=2")
    assert {row["scale"] for row in rows} == {2.0}


def test_measured_losses_put_models_at_their_scale(tmp_path: Path) -> None:
    """Those of the task and models asked for; what is told on the command line goes before them."""
    losses = tmp_path / "losses.jsonl"
    measured = [("alphabetize", "x", 2.5), ("alphabetize", "y", 1.5), ("addition", "x", 9.0), ("alphabetize", "z", 8.0)]
    jsonl.write(losses, [{"task": task, "model": model, "scale": scale} for task, model, scale in measured])
    words = ["self-critique", "--model", "x", "--model", "y", "--scale-from", str(losses), "--scale", "y=1"]
    rows = evaluate(tmp_path / "rows.jsonl", *words)
    assert {(row["model"], row["scale"]) for row in rows} == {("x", 2.5), ("y", 1.0)}


@pytest.mark.parametrize("words", ["rule", "rule=", "=1", "rule=-1", "rule=nan", "rule=inf", "rule=low"])
def test_a_scale_that_is_no_loss_is_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate", "gdc", "--engine", "scripted", "--model", "rule", "--scale", words])
    assert "is not MODEL=LOSS" in capsys.readouterr().err


def test_a_scale_of_a_model_that_is_not_evaluated_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="--scale names other, but the models are rule"):
        evaluate(tmp_path / "rows.jsonl", "gdc", "--model", "rule", "--scale", "other=1")


@pytest.mark.parametrize("kind", ["self-critique", "gdc", "refinement", "quality", "sycophancy"])
def test_every_evaluation_of_scaled_models_is_drawn_at_their_scale(kind: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    evaluate(rows, kind, "--model", "x", "--model", "y", "--scale", "x=2", "--scale", "y=1")
    assert findings_main(["draw", str(rows), "--out", str(tmp_path / "drawn")]) == 0
    page = (tmp_path / "drawn" / "report.html").read_text(encoding="utf-8")
    assert page.count("Models by scale, their validation loss: x 2, y 1.") == page.count("<svg") > 0


def test_measured_losses_are_written_and_drawn_at_themselves(tmp_path: Path) -> None:
    output, model = tmp_path / "losses.jsonl", str(make(tmp_path / "tiny"))
    words = ["--task", "addition", "--model", model, "--n", "2", "--output", str(output)]
    assert main(["evaluate", "loss", *words]) == 0
    rows = [line.value for line in jsonl.read(output)]
    assert {row["scale"] for row in rows} == {row["value"] for row in rows if row["group"] == "all"}
    assert findings_main(["draw", str(output), "--out", str(tmp_path / "drawn")]) == 0
