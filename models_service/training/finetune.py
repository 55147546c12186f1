"""Joint supervised fine-tuning of a causal language model on all tasks (paper, 2.2), by the one trainer.

Examples about one passage are packed as trees, so that the passage is read once; the loss is that of the examples one
by one, each learned token counted once. One epoch over everything, shuffled; the learning rate is the one knob.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Literal

import torch
from torch.nn import functional as F

from findings import jsonl
from models_service.engine.checkpoints import Checkpoint, base_of, read_checkpoint
from models_service.training.adapters import add_adapter, save_adapter
from models_service.training.demonstrations import Demonstration
from models_service.training.rows import BatchSource, batches
from models_service.training.splits import Split
from models_service.training.trainer import Outcome as Trained
from models_service.training.trainer import Precision, TrainConfig, Trainer
from models_service.training.tree_reading import TreeReader, why_flat
from models_service.training.trees import Node, Tree


@dataclass(frozen=True, slots=True)
class Settings:
    """What to train, where to, and how fast."""

    model: str
    output: Path
    learning_rate: float
    epochs: float = 1.0
    batch: int = 8
    """Rows of `context` tokens in a step, each filled with examples."""
    context: int = 2048
    seed: int = 1
    lora_rank: int | None = None
    """Train low-rank adapters of this rank on all linear layers, in place of all weights."""
    optimizer: Literal["adamw", "muon"] = "adamw"
    precision: Precision = "no"
    device: str = "cpu"
    workers: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Losses in nats per learned token, how much was learned from, and where the curve lies."""

    train_loss: float
    test_loss: float | None
    train_examples: int
    test_examples: int
    too_long: int
    tokens: int
    """Read in training: what several examples share is counted once."""
    flat: str | None
    """Why examples were not packed, where they were not."""
    curve: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """Examples of one split as trees; `too_long` counts those longer than the context, which are left out."""

    trees: tuple[Node, ...]
    examples: int
    too_long: int

    def tokens(self) -> int:
        return sum(tree.size() for tree in self.trees)


def packed(tokenizer: Any, demonstrations: Iterable[Demonstration], *, context: int) -> Packed:
    """One tree a passage, or several where one would be longer than `context` tokens. No example is ever cut."""
    open_trees: dict[str, Tree] = {}
    trees: list[Tree] = []
    fitting = too_long = 0
    for one in demonstrations:
        alone = Tree(tokenizer, {})
        alone.add(one.pieces)
        if alone.size() > context:
            too_long += 1
            continue
        fitting += 1
        tree = open_trees.get(one.passage)
        if tree is None or tree.size() + tree.new_tokens(one.pieces) > context:
            tree = open_trees[one.passage] = Tree(tokenizer, {})
            trees.append(tree)
        tree.add(one.pieces)
    return Packed(tuple(tree.root for tree in trees), fitting, too_long)


def finetune(settings: Settings, demonstrations: list[Demonstration], *, resume: bool = False) -> Outcome:
    """Train, save model and tokenizer to `output/model`, the curve to `output/curve.jsonl`.

    With `resume`, go on from the last checkpoint in `output`. Raises EngineError for a model that cannot be had,
    ValueError without training examples.
    """
    base = read_checkpoint(settings.model, torch.float32)
    train, test = (_of(base.tokenizer, demonstrations, split, settings.context) for split in ("train", "test"))
    if not train.trees:
        why = _why_nothing(train.too_long, len(demonstrations), settings.context)
        raise ValueError(f"nothing to learn from: {why}")
    model = base.model.to(settings.device)
    flat = why_flat(model)
    adapted = None
    if settings.lora_rank is not None:
        adapted = add_adapter(model, rank=settings.lora_rank, alpha=2 * settings.lora_rank, seed=settings.seed)
    reader = TreeReader(model if adapted is None else adapted.get_base_model(), flat)
    outcome = _train(settings, reader, train, test, resume=resume)
    if rank() == 0:
        _save(settings, base, adapted)
    curve = tuple(line.value for line in jsonl.read(settings.output / "curve.jsonl"))
    return Outcome(
        train_loss=outcome.loss,
        test_loss=next((row["eval_loss"] for row in reversed(curve) if "eval_loss" in row), None),
        train_examples=train.examples,
        test_examples=test.examples,
        too_long=train.too_long + test.too_long,
        tokens=outcome.tokens,
        flat=flat,
        curve=curve,
    )


def rank() -> int:
    """Which of the processes that share a run this is; the first writes what is left."""
    return int(os.environ.get("RANK", "0"))


def _save(settings: Settings, base: Checkpoint, adapted: Any) -> None:
    directory = settings.output / "model"
    if adapted is None:
        base.model.save_pretrained(directory)
        base.tokenizer.save_pretrained(directory)
        return
    named = base_of(settings.model, base.revision)
    save_adapter(adapted, directory, base=named["name"])
    (directory / "card.json").write_text(json.dumps({"base": named}, indent=1) + "\n", encoding="utf-8")


def _of(tokenizer: Any, demonstrations: Sequence[Demonstration], split: Split, context: int) -> Packed:
    return packed(tokenizer, (one for one in demonstrations if one.split == split), context=context)


def _train(settings: Settings, reader: TreeReader, train: Packed, test: Packed, *, resume: bool) -> Trained:
    source = BatchSource(
        partial(_epochs, train.trees),
        seed=settings.seed + 7919 * rank(),
        rows=settings.batch,
        length=settings.context,
        flat=bool(reader.flat),
    )
    tokens = int(settings.epochs * train.tokens())
    config = TrainConfig(
        learning_rate=settings.learning_rate,
        tokens=max(1, tokens),
        warm_up=max(1, round(0.03 * tokens / (settings.batch * settings.context))),
        optimizer=settings.optimizer,
        precision=settings.precision,
        note_every=max(1, round(0.01 * tokens / (settings.batch * settings.context))),
        seed=settings.seed,
    )
    look = partial(_test_loss, reader, test, settings) if test.trees else None
    made = partial(source.loader, settings.workers, pin=settings.device.startswith("cuda"))
    looks = max(1, round(settings.epochs))
    return Trainer(reader, made, config, settings.output, look=look, looks=looks).run(resume=resume)


def _epochs(trees: Sequence[Node], seed: int) -> Iterator[Node]:
    rng = Random(f"epochs {seed}")
    while True:
        yield from rng.sample(trees, len(trees))


@torch.no_grad()
def _test_loss(reader: TreeReader, test: Packed, settings: Settings) -> dict[str, float]:
    """Nats per learned token of examples about other passages."""
    total, count = 0.0, 0
    device = reader.model.device
    for batch in batches(iter(test.trees), rows=settings.batch, length=settings.context, flat=bool(reader.flat)):
        there = batch.to(device)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=settings.precision == "bf16"):
            logits = reader(there, there.sources)
        total += float(F.cross_entropy(logits, there.targets, reduction="sum"))
        count += len(batch.targets)
    return {"eval_loss": total / count}


def _why_nothing(too_long: int, read: int, context: int) -> str:
    if too_long:
        return f"each of the {too_long} training examples is longer than {context} tokens"
    if read:
        return (
            f"each of the {read} examples is of the test split, or about one of its passages; "
            "--split-by-passage SEED splits them by a hash of the passage"
        )
    return "the files hold no example"
