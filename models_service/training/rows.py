"""Rows of trees into batches of one shape, made in background processes while the model learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from models_service.training.streams import worker_options, worker_seed
from models_service.training.trees import Node, Row, paths, shorten

#: How many trees wait to be placed: enough to find one that fills a row, few enough to stay fresh.
_POOL = 12


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step: tokens, positions and ends [rows, length]; sources (places in the flattened rows), targets
    and weights [learned]."""

    tokens: Tensor
    positions: Tensor
    ends: Tensor
    sources: Tensor
    targets: Tensor
    weights: Tensor
    read: int
    """How many tokens are no padding."""
    trees: int = 0

    @classmethod
    def of(cls, rows: Sequence[Row], length: int | None = None, trees: int = 0, device: Any = None) -> Batch:
        """Padded to `length`, or to the longest row."""
        length = length or max(len(row.tokens) for row in rows)
        sources = [at * length + place for at, row in enumerate(rows) for place in row.sources]

        def padded(name: str) -> Tensor:
            lines = [getattr(row, name) + [0] * (length - len(row.tokens)) for row in rows]
            return torch.tensor(lines, dtype=torch.int32, device=device)

        return cls(
            tokens=padded("tokens"),
            positions=padded("positions"),
            ends=padded("ends"),
            sources=torch.tensor(sources, dtype=torch.long, device=device),
            targets=torch.tensor([t for row in rows for t in row.targets], dtype=torch.long, device=device),
            weights=torch.tensor([w for row in rows for w in row.weights], dtype=torch.float32, device=device),
            read=sum(len(row.tokens) for row in rows),
            trees=trees,
        )

    def to(self, device: Any) -> Batch:
        """On the device; copied while it works on, where memory is pinned."""
        names = ("tokens", "positions", "ends", "sources", "targets", "weights")
        return replace(self, **{name: getattr(self, name).to(device, non_blocking=True) for name in names})

    def pin_memory(self) -> Batch:
        """For the data loader."""
        names = ("tokens", "positions", "ends", "sources", "targets", "weights")
        return replace(self, **{name: getattr(self, name).pin_memory() for name in names})


def batches(trees: Iterator[Node], *, rows: int, length: int, flat: bool = False) -> Iterator[Batch]:
    """Endless or not as `trees` is. A tree longer than a row loses its last branches, or is passed over."""
    whole = (tree for tree in trees if shorten(tree, length))
    texts = (text for tree in whole for text in paths(tree)) if flat else whole
    laid = laid_out(texts, length, flat=flat)
    while group := list(islice(laid, rows)):
        # Empty rows keep the shape, so that compiled code is reused.
        group += [] if flat else [(Row(), 0)] * (rows - len(group))
        yield Batch.of([row for row, _ in group], None if flat else length, sum(trees for _, trees in group))


def laid_out(trees: Iterator[Node], length: int, *, flat: bool) -> Iterator[tuple[Row, int]]:
    """Rows, each with the number of its trees; flat, each tree is one text and has a row of its own."""
    if not flat:
        yield from _filled(trees, length)
        return
    for text in trees:
        row = Row()
        row.add(text)
        yield row, 1


def _filled(trees: Iterator[Node], length: int) -> Iterator[tuple[Row, int]]:
    """The longest waiting tree, then whatever still fits, longest first."""
    waiting: list[tuple[int, int, Node]] = []
    number = 0
    while True:
        while len(waiting) < _POOL and (tree := next(trees, None)) is not None:
            waiting.append((-tree.size(), number, tree))
            number += 1
        if not waiting:
            return
        waiting.sort(key=lambda one: one[:2])
        row, left = Row(), []
        before = len(waiting)
        for one in waiting:
            if len(row.tokens) - one[0] <= length:
                row.add(one[2])
            else:
                left.append(one)
        waiting = left
        yield row, before - len(waiting)


class BatchSource(IterableDataset[Batch]):
    """Batches of a seeded, endless source of trees. Each process draws a stream of its own: the same batches in the
    same order for the same seed and number of processes."""

    def __init__(
        self, trees: Callable[[int], Iterator[Node]], *, seed: int, rows: int, length: int, flat: bool
    ) -> None:
        self._trees, self._seed = trees, seed
        self._shape: dict[str, Any] = {"rows": rows, "length": length, "flat": flat}

    def __iter__(self) -> Iterator[Batch]:
        return batches(self._trees(worker_seed(self._seed)), **self._shape)

    def loader(self, workers: int, *, pin: bool = False) -> DataLoader[Batch]:
        """With no workers batches are made between steps."""
        return DataLoader(self, batch_size=None, pin_memory=pin, **worker_options(workers))
