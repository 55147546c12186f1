"""Fine-tuning a real (tiny) model from the command line: it learns, resumes, and leaves a card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from findings import jsonl
from models_service.__main__ import main
from models_service.evaluation.loss import recorded_loss
from models_service.synthetic import TASKS
from models_service.synthetic.generate import records
from models_service.training.card import digest
from tests.models_service.tiny_models import make


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    directory = tmp_path_factory.mktemp("files")
    data = directory / "sums.jsonl"
    jsonl.write(data, records(TASKS["addition"], number=40, seed=1))
    return make(directory / "model"), data


def train(files: tuple[Path, Path], output: Path, *more: str) -> int:
    model, data = files
    return main(["train", "--model", str(model), "--output", str(output), "--synthetic", str(data),
                 "--learning-rate", "5e-3", "--batch", "16", "--context", "256", *more])  # fmt: skip


def test_training_leaves_a_model_a_curve_and_a_card(files: tuple[Path, Path], tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    assert train(files, tmp_path, "--epochs", "2") == 0
    AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    curve = [line.value for line in jsonl.read(tmp_path / "curve.jsonl")]
    losses = [row["loss"] for row in curve if "loss" in row]
    assert losses[-1] < losses[0]
    validation = [row["eval_loss"] for row in curve if "eval_loss" in row]
    assert recorded_loss(str(tmp_path / "model")) == validation[-1]
    assert (tmp_path / "curve.svg").read_text(encoding="utf-8").startswith("<?xml")
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert digest(files[1]) in card
    assert "nats per token" in card


def test_training_resumes_from_its_last_checkpoint(files: tuple[Path, Path], tmp_path: Path) -> None:
    settings = tmp_path / "trainer.json"
    settings.write_text(json.dumps({"save_steps": 4}), encoding="utf-8")
    train(files, tmp_path / "run", "--trainer", str(settings))
    steps = sorted(int(path.name.split("-")[1]) for path in (tmp_path / "run").glob("checkpoint-*"))
    assert train(files, tmp_path / "run", "--trainer", str(settings), "--epochs", "2", "--resume") == 0
    last = [line.value["step"] for line in jsonl.read(tmp_path / "run" / "curve.jsonl")][-1]
    assert last > steps[-1]


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")  # peft, of transformers
def test_adapters_are_a_setting(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert train(files, tmp_path, "--lora-rank", "2") == 0
    assert (tmp_path / "model" / "adapter_model.safetensors").exists()


def test_nothing_to_learn_from_is_said(files: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"each of the \d+ training examples is longer than 3 tokens"):
        train(files, tmp_path, "--context", "3")


def test_rows_of_the_test_split_alone_are_said_to_be_that(files: tuple[Path, Path], tmp_path: Path) -> None:
    asked = {"question": "Where?", "answer": "Here."}
    row: dict[str, Any] = {
        "id": "b1",
        "split": "test",
        "time": 1.5,
        "labeler": "a" * 64,
        "is_topic_based_summarization": True,
    }
    row["data"] = {"passage": {"text": "A text.", "title": None}, "questions": [asked]}
    jsonl.write(rows := tmp_path / "base.jsonl", [row])
    words = ["train", "--model", str(files[0]), "--output", str(tmp_path / "out"), "--learning-rate", "5e-3"]
    with pytest.raises(ValueError, match="each of the 1 examples is of the test split"):
        main([*words, "--base", str(rows)])
    rows.write_bytes(b"")
    with pytest.raises(ValueError, match="the files hold no example"):
        main([*words, "--base", str(rows)])
