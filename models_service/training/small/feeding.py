"""Where batches come from: made in this process, or by several others, each from a seeded stream of its own.

Both ways a `Maker` makes them, so a stream gives the same batches either way. For the third round a maker asks
for critiques of fresh problems, and the loop, which holds the model, answers when it can.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from tokenizers import Tokenizer

from models_service.formats import FINETUNED
from models_service.synthetic.task import SyntheticTask
from models_service.training.small.lessons import Layout, Proportions, Sheet, with_own_critiques
from models_service.training.small.probe import Probe, encode
from models_service.training.small.trees import Batch, Node, Packer
from models_service.types import Subject

Prompts = list[list[int]]
#: For each prompt, what the critic said at each temperature.
Said = list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Curriculum:
    """What is taught when. The stage runs from 0 to 1 over the first round, from 1 to 2 over the second."""

    task: SyntheticTask
    sheet: Callable[[Random, float], Sheet]
    proportions: Callable[[float], Proportions]
    probe: Callable[[Probe, float], dict[str, float]]
    questions: int
    classes: int
    own: int = 0
    """The third round: how many problems at a time are taught with the model's own critiques of them."""


@dataclass(frozen=True, slots=True)
class Order:
    """What makers are told before they start; other processes get it pickled."""

    curriculum: Curriculum
    tokenizer: str
    """As JSON."""
    stream: str
    """Names the stream of random numbers: seed, process, place where a run goes on."""
    length: int
    rows: int
    picked: int
    hinted: int
    own_from: float
    """The stage from which the model's own critiques are among the helpfulness examples."""
    own_share: float
    """Of the third round's problems, how many carry the model's own critiques."""


class Maker:
    """Makes the batches of one stream."""

    def __init__(self, order: Order, number: int) -> None:
        self._order, self._number = order, number
        self._rng = Random(f"{order.stream} {number}")
        self._own_rng = Random(f"{order.stream} {number} own")
        self._tokenizer = Tokenizer.from_str(order.tokenizer)
        self._layout = Layout(self._tokenizer)
        self._packer = Packer(self._tree, order.length, order.rows, order.picked, order.hinted)
        self._stage = 0.0
        self._asked: list[Sheet] = []
        self._own: list[Sheet] = []

    def batch(self, stage: float) -> Batch:
        self._stage = stage
        self._layout.proportions = self._order.curriculum.proportions(stage)
        return self._packer.batch()

    def _tree(self) -> Node:
        if self._own and self._rng.random() < self._order.own_share:
            return self._layout.tree(self._rng, self._rng.choice(self._own))
        return self._layout.tree(self._rng, self._order.curriculum.sheet(self._rng, self._stage))

    def ask(self, stage: float) -> Prompts:
        """Prompts for critiques of fresh problems of the last stage; none before the third round, or while
        the last ones are unanswered."""
        if stage < self._order.own_from or self._asked:
            return []
        curriculum = self._order.curriculum
        self._asked = [curriculum.sheet(self._own_rng, 2.0) for _ in range(curriculum.own)]
        subjects = [
            Subject("", one.passage, graded.question, graded.answer, one.title)
            for one in self._asked
            for graded in one.graded
        ]
        return [encode(self._tokenizer, FINETUNED.critique_prompt(subject)) for subject in subjects]

    def hear(self, said: Said) -> None:
        """What the critic said after the prompts last asked for."""
        left = iter(said)
        task = self._order.curriculum.task
        self._own = [with_own_critiques(one, [next(left) for _ in one.graded], task) for one in self._asked]
        self._asked = []


class Feed(Protocol):
    """What the loop trains from."""

    waited: float
    """Seconds that the loop has waited for batches."""

    def next(self, stage: float) -> Batch: ...

    def asked(self, stage: float) -> dict[int, Prompts]:
        """By maker, the critiques that are wanted now."""

    def hear(self, number: int, said: Said) -> None:
        """The answer to one maker."""

    def close(self) -> None: ...


class InProcess:
    """One maker, here."""

    def __init__(self, order: Order, number: int = 0) -> None:
        self._maker = Maker(order, number)
        self.waited = 0.0

    def next(self, stage: float) -> Batch:
        started = time.monotonic()
        batch = self._maker.batch(stage)
        self.waited += time.monotonic() - started
        return batch

    def asked(self, stage: float) -> dict[int, Prompts]:
        prompts = self._maker.ask(stage)
        return {0: prompts} if prompts else {}

    def hear(self, number: int, said: Said) -> None:
        self._maker.hear(said)

    def close(self) -> None:
        pass


#: Batches made ahead by each process.
_AHEAD = 2
#: A process that gave no batch for so long has died; the slowest start takes a fraction of it. In seconds.
_DEAD = 120.0


class Workers:
    """Makers in processes of their own. They are spawned: a forked one would inherit the device."""

    def __init__(self, order: Order, number: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._stage = context.Value("d", 0.0)
        self._batches: Any = context.Queue(_AHEAD * number)
        self._asks: Any = context.Queue()
        self._answers: list[Any] = [context.Queue() for _ in range(number)]
        self._processes = [
            context.Process(
                target=_work, args=(order, one, self._stage, self._batches, self._asks, self._answers[one]), daemon=True
            )
            for one in range(number)
        ]
        self.waited = 0.0
        for process in self._processes:
            process.start()

    def next(self, stage: float) -> Batch:
        """Raises RuntimeError if no batch comes any more."""
        self._stage.value = stage
        started = time.monotonic()
        try:
            batch: Batch = self._batches.get(timeout=_DEAD)
        except queue.Empty:
            raise RuntimeError("no worker has made a batch: look for its error above") from None
        self.waited += time.monotonic() - started
        return batch

    def asked(self, stage: float) -> dict[int, Prompts]:
        self._stage.value = stage
        found: dict[int, Prompts] = {}
        while True:
            try:
                number, prompts = self._asks.get_nowait()
            except queue.Empty:
                return found
            found[number] = prompts

    def hear(self, number: int, said: Said) -> None:
        self._answers[number].put(said)

    def close(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()
        for line in (self._batches, self._asks, *self._answers):
            line.cancel_join_thread()
            line.close()


def _work(order: Order, number: int, stage: Any, batches: Any, asks: Any, answers: Any) -> None:
    """A worker's life: batches without end, and between them a question or an answer."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    maker = Maker(order, number)
    while True:
        batches.put(maker.batch(stage.value))
        with suppress(queue.Empty):
            maker.hear(answers.get_nowait())
        if prompts := maker.ask(stage.value):
            asks.put((number, prompts))


def all_said(probe: Probe, asked: Sequence[Prompts], *, temperatures: Sequence[float], seed: int) -> list[Said]:
    """What the critic says after each of all makers' prompts, in the largest batches there are."""
    prompts = [prompt for one in asked for prompt in one]
    drawn = [probe.say(prompts, temperature=t, seed=seed + place) for place, t in enumerate(temperatures)]
    said = list(zip(*drawn, strict=True))
    ends = [sum(len(one) for one in asked[: place + 1]) for place in range(len(asked))]
    return [said[end - len(one) : end] for one, end in zip(asked, ends, strict=True)]
