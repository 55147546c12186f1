"""The two ways to compute over a prefix tree: a call a node, for a CPU; a call a level, for a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from models_service.engine.attention import Plan
from models_service.engine.batch import Batch, Forward
from models_service.engine.packing import Packing
from models_service.engine.plans import Reading, Writing
from models_service.engine.recorded import RecordedBatch
from models_service.engine.stretch_plans import Store, StretchReading, StretchWriting, pieces
from models_service.engine.stretches import Stretch


class ReadingPlan(Plan, Protocol):
    """A plan that reads a packing chunk by chunk."""

    @property
    def layers(self) -> list[int]:
        """Whose keys and values are kept."""

    def next_chunk(self, stop: int, wanted: Sequence[int]) -> None:
        """The next forward pass brings the tokens up to `stop`; the logits at the `wanted` ones are read."""


class Way(Protocol):
    """Makes the plans for a packing."""

    chunk: int
    """The most tokens of prompts in one forward pass; longer packings are read in chunks."""

    def reading(self, packing: Packing, rows: int = 0, limit: int = 0) -> ReadingPlan:
        """To read the prompts, which `rows` of at most `limit` tokens may then continue."""

    def batch(self, packing: Packing, reading: Any, ends: Sequence[int], per_prompt: int, limit: int) -> Batch:
        """`per_prompt` rows for each prompt that ends at `ends`, which are in the packing's order."""


class ByNode:
    """Every shared node is a call of its own: few operations, each of them large."""

    chunk = 4096

    def __init__(self, forward: Forward, layers: int, tail: int, end_ids: frozenset[int], device: torch.device) -> None:
        self._forward, self._layers, self._tail = forward, layers, tail
        self._end_ids, self._device = end_ids, device

    def reading(self, packing: Packing, rows: int = 0, limit: int = 0) -> Reading:
        return Reading(packing, self._layers - 1)

    def batch(self, packing: Packing, reading: Reading, ends: Sequence[int], per_prompt: int, limit: int) -> Batch:
        plan = Writing(packing, reading, ends, per_prompt, limit + self._tail + 1)
        lengths = torch.tensor(_lengths(packing, ends, per_prompt), device=self._device)
        return Batch(self._forward, plan, lengths, self._end_ids)


class ByStretch:
    """A level of the tree is one call, the rows' step is recorded; buffers stay where they are."""

    chunk = 16384
    #: Numbers of parts and of stretches are rounded up to these, so that like passages share a recording.
    parts_by, stretches_by = 4, 16
    #: How many recordings are kept.
    most_recordings = 16

    def __init__(self, forward: Forward, tail: int, end_ids: frozenset[int], device: torch.device) -> None:
        self._forward, self._tail, self._end_ids, self._device = forward, tail, end_ids, device
        self._store = Store()
        self._batches: dict[tuple[int, ...], RecordedBatch] = {}

    def reading(self, packing: Packing, rows: int = 0, limit: int = 0) -> StretchReading:
        before = self._store.version
        self._store.reserve(packing.nodes[-1].stop + rows * self._capacity(limit))
        if self._store.version != before:
            self._batches.clear()
        return StretchReading(packing, self._store, self._device)

    def batch(self, packing: Packing, reading: Any, ends: Sequence[int], per_prompt: int, limit: int) -> RecordedBatch:
        rows, parts = len(ends) * per_prompt, pieces(packing, ends, per_prompt)
        parts += [[Stretch(0, rows)]] * (-(len(parts) + 1) % self.parts_by)
        stretches = rows + sum(map(len, parts))
        stretches += -stretches % self.stretches_by
        shape = (rows, len(parts) + 1, stretches, limit)
        if shape not in self._batches:
            if len(self._batches) >= self.most_recordings:
                del self._batches[next(iter(self._batches))]
            plan = StretchWriting(self._store, rows, len(parts) + 1, stretches, self._capacity(limit), self._device)
            self._batches[shape] = RecordedBatch(self._forward, plan, limit, self._end_ids)
        batch = self._batches[shape]
        batch.plan.begin(parts, packing.nodes[-1].stop)
        return batch.begin(_lengths(packing, ends, per_prompt))

    def _capacity(self, limit: int) -> int:
        """Slots for what a row writes, a slot that may stay empty, and the tail."""
        return limit + self._tail + 1


def _lengths(packing: Packing, ends: Sequence[int], per_prompt: int) -> list[int]:
    """How many tokens each row's prompt has."""
    nodes = [packing.nodes[end] for end in ends]
    return [node.depth + len(node.tokens) for node in nodes for _ in range(per_prompt)]
