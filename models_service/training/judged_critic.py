"""A critic from judged passages, in four stages, each of so many seconds:

1. supervised: what the generator made (and released rows, at a share), as packed trees;
2. own: the critic's own critiques of fresh answers, judged by the oracle;
3. continued: on with these verdicts and fresh passages; 2 and 3 as many rounds as asked;
4. measured on passages of sources that it never saw.

What it leaves: the adapter (or the whole model), the curve of each stage, the measures, and its bundles to read.
"""

from __future__ import annotations

import json
import logging
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from findings import jsonl
from models_service.critic.described import described
from models_service.engine.checkpoints import base_of, read_checkpoint
from models_service.training.adapters import add_adapter, merged, save_adapter
from models_service.training.critic_card import command, write_card
from models_service.training.critic_measures import measure
from models_service.training.judged import judged_tree
from models_service.training.judged_tasks import JudgedTask
from models_service.training.own_critiques import JudgeAll, Writer, judged_own
from models_service.training.rows import BatchSource
from models_service.training.streams import Stream, drawn, mixed, read_judged, repeated, replayed, write_judged
from models_service.training.trainer import Outcome, Precision, TrainConfig, Trainer
from models_service.training.tree_reading import TreeReader, why_flat
from models_service.training.trees import Node
from models_service.types import JudgedPassage

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The knobs of a run."""

    base: Path
    output: Path
    supervised_seconds: float
    own_seconds: float = 0.0
    continued_seconds: float = 0.0
    rounds: int = 1
    """How many times own critiques are drawn and learned from."""
    learning_rate: float = 1e-3
    continued_rate: float = 5e-4
    rank: int = 16
    alpha: int = 32
    rows: int = 2
    length: int = 2048
    replays: int = 1
    """How many times a made passage is read."""
    released: tuple[JudgedPassage, ...] = ()
    released_share: float = 0.0
    own_share: float = 0.4
    """Of the passages of the third stage, how many carry the critic's own critiques."""
    own_temperatures: tuple[float, ...] = (0.0, 0.4, 0.7, 1.0)
    measured: int = 40
    """Held-out passages at the end."""
    device: str = "cpu"
    precision: Precision = "no"
    compiled: bool = False
    workers: int = 0
    tokens_at_once: int = 8192
    """How many tokens, padding included, are sampled from together."""
    seed: int = 1
    facts: dict[str, Any] = field(default_factory=dict)
    """What the card says besides: the files learned from."""


class CriticRun:
    """One run of a recipe; stages that are done are not done again when it is started once more."""

    def __init__(self, recipe: Recipe, task: JudgedTask, judge_all: JudgeAll) -> None:
        self._recipe, self._task, self._judge_all = recipe, task, judge_all
        device = torch.device(recipe.device)
        half = device.type == "cuda" and recipe.precision == "bf16"
        base = read_checkpoint(str(recipe.base), torch.bfloat16 if half else torch.float32)
        self._tokenizer, self._revision = base.tokenizer, base.revision
        self._half = half
        flat = why_flat(base.model.to(device))
        self._adapted = add_adapter(base.model, rank=recipe.rank, alpha=recipe.alpha, seed=recipe.seed)
        self._reader = TreeReader(self._adapted.get_base_model(), flat)
        if self._reader.flat:
            _LOG.warning("this model reads each text by itself, not packed as trees: %s", self._reader.flat)

    def run(self) -> dict[str, Any]:
        """All stages; returns the card."""
        recipe = self._recipe
        recipe.output.mkdir(parents=True, exist_ok=True)
        made, outcomes = self._made(), []
        outcomes.append(self._train("supervised", made, recipe.supervised_seconds, recipe.learning_rate, 0))
        self._save(outcomes, {})
        own: list[JudgedPassage] = []
        for number in range(1, recipe.rounds + 1) if recipe.continued_seconds else ():
            own += self._own(number)
            stream = mixed([(1 - recipe.own_share, made), (recipe.own_share, repeated(own))])
            rate = recipe.continued_rate * (recipe.rounds - number + 1) / recipe.rounds
            outcomes.append(self._train(f"continued-{number}", stream, recipe.continued_seconds, rate, number))
            self._save(outcomes, {})
        return self._save(outcomes, self._measure() if recipe.measured else {})

    # ---- the stages

    def _made(self) -> Stream:
        share, made = self._recipe.released_share, replayed(self._task.training, self._recipe.replays)
        return mixed([(1 - share, made), (share, repeated(self._recipe.released))]) if share else made

    def _train(self, name: str, stream: Stream, seconds: float, rate: float, number: int) -> Outcome:
        recipe = self._recipe
        source = BatchSource(
            Trees(self._tokenizer, stream),
            seed=recipe.seed * 100 + number,
            rows=recipe.rows,
            length=recipe.length,
            flat=bool(self._reader.flat),
        )
        config = TrainConfig(
            learning_rate=rate,
            seconds=seconds,
            final_share=0.1 if number < self._last() else 0.0,
            precision=recipe.precision,
            compiled=recipe.compiled and number == 0,
            seed=recipe.seed,
        )
        pin = recipe.device.startswith("cuda")
        trainer = Trainer(self._reader, lambda: source.loader(recipe.workers, pin=pin), config, recipe.output / name)
        outcome = trainer.run(resume=True)
        _LOG.info("%s: %s", name, json.dumps(asdict(outcome)))
        return outcome

    def _last(self) -> int:
        return self._recipe.rounds if self._recipe.continued_seconds else 0

    def _own(self, number: int) -> list[JudgedPassage]:
        recipe, path = self._recipe, self._recipe.output / f"own-{number}.jsonl"
        if not path.exists():
            passages = drawn(self._task.training, recipe.seed * 100 + 50 + number, recipe.workers)
            own = judged_own(
                self._writer(),
                passages,
                self._judge_all,
                temperatures=recipe.own_temperatures,
                seconds=recipe.own_seconds,
                at_once=max(1, recipe.tokens_at_once // _TOKENS_A_PASSAGE),
                seed=recipe.seed * 1000 + number,
            )
            write_judged(path, own)
        found = read_judged(path)
        told = [one.helpful for passage in found for answer in passage.answers for one in answer.critiques]
        _LOG.info("own critiques %d: %d, valid %.3f", number, len(told), sum(map(bool, told)) / max(1, len(told)))
        return found

    def _writer(self) -> Writer:
        model = merged(self._adapted, torch.bfloat16 if self._half else torch.float32)
        return Writer(model, self._tokenizer, tokens_at_once=self._recipe.tokens_at_once)

    def _measure(self) -> dict[str, float]:
        recipe, writer = self._recipe, self._writer()
        passages = list(islice(drawn(self._task.held_out, recipe.seed, recipe.workers), recipe.measured))
        reader = TreeReader(writer.model, self._reader.flat)
        measures, bundles = measure(writer, reader, passages, self._judge_all, seed=recipe.seed, rows=recipe.rows)
        jsonl.write(recipe.output / "bundles.jsonl", (one.record() for one in bundles))
        _LOG.info("measured: %s", json.dumps(measures))
        return measures

    # ---- what is left

    def _save(self, outcomes: list[Outcome], measures: dict[str, float]) -> dict[str, Any]:
        recipe = self._recipe
        directory = save_adapter(self._adapted, recipe.output / "adapter", base=recipe.base.name)
        settings = {k: v for k, v in asdict(replace(recipe, released=(), facts={})).items() if k not in _NO_SETTINGS}
        card = {
            **described(self._task.name),
            "base": base_of(str(recipe.base), self._revision),
            "end": self._tokenizer.eos_token,
            "command": command(sys.argv[1:]),
            "recipe": settings,
            **recipe.facts,
            "device": torch.cuda.get_device_name() if recipe.device.startswith("cuda") else recipe.device,
            "stages": [asdict(one) for one in outcomes],
            "measures": {name: None if math.isnan(value) else round(value, 4) for name, value in measures.items()},
            "numbers": [],
        }
        write_card(directory, card, sorted(recipe.output.glob("*/curve.jsonl"), key=_stage))
        return card


#: About what a passage's answers and temperatures take when they are sampled from together.
_TOKENS_A_PASSAGE = 8192


#: Of a recipe: what names this machine, or is said elsewhere in the card.
_NO_SETTINGS = ("base", "output", "released", "facts", "device")


@dataclass(frozen=True, slots=True)
class Trees:
    """A stream of passages as trees of tokens."""

    tokenizer: Any
    stream: Callable[[int], Iterator[JudgedPassage]]

    def __call__(self, seed: int) -> Iterator[Node]:
        return (judged_tree(self.tokenizer, passage).root for passage in self.stream(seed))


def _stage(curve: Path) -> tuple[bool, str]:
    """The supervised stage comes before the continued ones."""
    return curve.parent.name != "supervised", curve.parent.name
