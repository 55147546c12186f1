"""Fine-tuning a real (tiny) model from the command line: it learns, resumes, and leaves a card."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from findings import jsonl
from models_service.__main__ import main
from models_service.engine import EngineSettings, open_engine
from models_service.engine.checkpoints import directory_revision
from models_service.engine.loading import load
from models_service.evaluation.loss import recorded_loss, token_losses
from models_service.synthetic import TASKS
from models_service.synthetic.generate import records
from models_service.training.card import digest
from models_service.training.demonstrations import read_demonstrations
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
                 "--learning-rate", "5e-3", "--batch", "2", "--context", "256", *more])  # fmt: skip


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


def test_the_validation_loss_is_that_of_the_examples_one_by_one(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert train(files, tmp_path) == 0
    shown = [one for one in read_demonstrations(synthetic=(files[1],), seed=1) if one.split == "test"]
    loaded = load(EngineSettings(model=str(tmp_path / "model")))
    nats = [nats for _, _, nats in token_losses(loaded, shown)]
    assert recorded_loss(str(tmp_path / "model")) == pytest.approx(sum(nats) / len(nats), abs=1e-4)


def test_training_resumes_from_its_last_checkpoint(files: tuple[Path, Path], tmp_path: Path) -> None:
    def steps() -> list[int]:
        return [line.value["step"] for line in jsonl.read(tmp_path / "run" / "curve.jsonl") if "loss" in line.value]

    train(files, tmp_path / "run")
    first = steps()
    assert train(files, tmp_path / "run", "--epochs", "2", "--resume") == 0
    assert steps()[: len(first)] == first
    assert steps()[-1] > first[-1]
    assert train(files, tmp_path / "run") == 0
    assert steps() == first, "without --resume it begins anew"


def test_adapters_are_a_setting_and_load_with_their_base(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train(files, tmp_path, "--lora-rank", "2") == 0
    monkeypatch.setenv("MODELS_DIR", str(files[0].parent))
    identity = open_engine(EngineSettings(model=str(tmp_path / "model"))).identity
    assert identity.revision.endswith(f" on {directory_revision(files[0])[:40]}")


def test_several_processes_share_a_run(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Each reads batches of its own, and their gradients are averaged: one curve, one model."""
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    words += ["-m", "models_service", "train"]
    words += ["--model", str(files[0]), "--output", str(tmp_path), "--synthetic", str(files[1])]
    words += ["--learning-rate", "5e-3", "--batch", "2", "--context", "256"]
    ran = subprocess.run(words, check=False, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert ran.returncode == 0, ran.stderr[-2000:]
    curve = [line.value for line in jsonl.read(tmp_path / "curve.jsonl")]
    assert [row["processes"] for row in curve if "config" in row] == [2]
    losses = [row["loss"] for row in curve if "loss" in row]
    assert losses[-1] < losses[0]
    assert (tmp_path / "model" / "README.md").exists()


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
