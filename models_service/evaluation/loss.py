"""A model's scale: its loss in nats per learned token, on demonstrations it was not trained on (paper, section 2.2.2).

Demonstrations are made as for training (`models_service.training.demonstrations`): of each fresh problem the sound
answer, a valid critique or No, and the oracle's verdicts. Losses compare models that spell the task alike, with the
same tokenizer, and only on the same demonstrations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from findings import jsonl
from models_service.engine.interface import PromptTooLong
from models_service.synthetic import SyntheticTask
from models_service.synthetic.generate import record
from models_service.training.demonstrations import Demonstration, from_synthetic
from models_service.training.examples import IGNORED, collate, example

if TYPE_CHECKING:
    from models_service.engine.loading import Loaded

#: Few, for the logits of every token of a batch are held at once.
BATCH: Final = 4


def demonstrations(task: SyntheticTask, *, problems: int, seed: int) -> Iterator[Demonstration]:
    """What the oracles say of `problems` fresh problems, every second answer flawed."""
    rng = Random(f"loss {seed}")
    for place in range(problems):
        problem, answer = task.draw(rng, flawed=place % 2 == 1)
        yield from from_synthetic({**record(rng, task, problem, answer)}, rng)


def token_losses(loaded: Loaded, shown: Sequence[Demonstration]) -> Iterator[tuple[str, str, float]]:
    """(task of the demonstration, passage, nats) of every learned token; what `findings.statistics.means.means` takes.

    Raises PromptTooLong before anything is computed.
    """
    made = [(one, _row(loaded, one)) for one in shown]
    # Alike lengths together, so that little of a batch is padding.
    made.sort(key=lambda pair: len(pair[1]["input_ids"]))
    for start in range(0, len(made), BATCH):
        batch = made[start : start + BATCH]
        for (one, _), nats in zip(batch, _nats(loaded, [row for _, row in batch]), strict=True):
            for value in nats:
                yield one.task, one.passage, value


def _row(loaded: Loaded, demonstration: Demonstration) -> dict[str, list[int]]:
    made = example(loaded.tokenizer, demonstration)
    if loaded.context is not None and len(made.input_ids) > loaded.context:
        raise PromptTooLong(f"a demonstration has {len(made.input_ids)} tokens, the model reads {loaded.context}")
    return {"input_ids": made.input_ids, "labels": made.labels}


def _nats(loaded: Loaded, rows: Sequence[dict[str, list[int]]]) -> list[list[float]]:
    """For each row the loss of each of its learned tokens."""
    import torch

    batch: dict[str, Any] = {name: value.to(loaded.model.device) for name, value in collate(rows, pad=0).items()}
    labels = batch.pop("labels")[:, 1:]
    with torch.inference_mode():
        logits = loaded.model(**batch).logits[:, :-1].float()
    nats = torch.nn.functional.cross_entropy(logits.transpose(1, 2), labels, ignore_index=IGNORED, reduction="none")
    return [line[mask].tolist() for line, mask in zip(nats, labels != IGNORED, strict=True)]


def recorded_loss(model: str) -> float | None:
    """The last validation loss that `models_service train` wrote beside the model; None if it wrote none.

    Training leaves `OUTPUT/model` and `OUTPUT/curve.jsonl`. Raises JsonlError for a curve that cannot be read.
    """
    curve = Path(model).resolve().parent / "curve.jsonl"
    if Path(model).resolve().name != "model" or not curve.is_file():
        return None
    losses = [line.value["eval_loss"] for line in jsonl.read(curve) if "eval_loss" in line.value]
    return float(losses[-1]) if losses else None
