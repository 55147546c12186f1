"""Token trees: a passage once, its questions and answers as branches, what is said of them as leaves.

Every root-to-leaf path is exactly one linear prompt with its demonstration. A token attends only to its
ancestors and stands at the position it would have in that linear text, so packing changes nothing but cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

PAD, EOS = 0, 1


@dataclass(slots=True)
class Node:
    """A run of tokens, how much each one's prediction weighs in the loss, and what may follow it."""

    tokens: list[int]
    weights: list[float]
    hints: list[tuple[int, int, int]] = field(default_factory=list)
    """Training-only questions: (place in `tokens`, which question, its right class)."""
    children: list[Node] = field(default_factory=list)
    stop: float | None = None
    """If given, the text may end here: the weight of predicting the end token, which no child sees."""

    def size(self) -> int:
        own = len(self.tokens) + (self.stop is not None)
        return own + sum(child.size() for child in self.children)


@dataclass(slots=True)
class Row:
    """Trees laid out one after another. `ends[j]` is where j's subtree ends: i sees j iff j <= i < ends[j]."""

    tokens: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    hints: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, node: Node, depth: int = 0) -> None:
        start = len(self.tokens)
        self.tokens += node.tokens
        self.weights += node.weights
        self.positions += range(depth, depth + len(node.tokens))
        self.hints += [(start + place, question, answer) for place, question, answer in node.hints]
        self.ends += [0] * len(node.tokens)
        if node.stop is not None:
            self.tokens.append(EOS)
            self.weights.append(node.stop)
            self.positions.append(depth + len(node.tokens))
            self.ends.append(len(self.tokens))
        for child in node.children:
            self.add(child, depth + len(node.tokens))
        for place in range(start, start + len(node.tokens)):
            self.ends[place] = len(self.tokens)


@dataclass(slots=True)
class Batch:
    """Tensors of one step; the shapes never change, so that compiled code is reused.

    tokens, positions (rows, length); mask (rows, 1, length, length); predicted, targets, weights (picked);
    hints (hinted, 3) with hint_weights (hinted). `real` counts tokens that are not padding.
    """

    tokens: Tensor
    positions: Tensor
    mask: Tensor
    predicted: Tensor
    targets: Tensor
    weights: Tensor
    hints: Tensor
    hint_weights: Tensor
    real: int
    used: int


#: How many trees wait to be placed: enough to find one that fills a row, few enough to stay fresh.
_POOL = 16


class Packer:
    """Fills rows of `length` tokens with trees; a tree that does not fit waits for another row.

    A tree longer than a row loses its last branches.
    """

    def __init__(self, trees: Callable[[], Node], length: int, rows: int, picked: int, hinted: int) -> None:
        self._trees = trees
        self._length, self._rows, self._picked, self._hinted = length, rows, picked, hinted
        self._waiting: list[Node] = []
        self.dropped = 0
        self._causal = torch.ones(length, length, dtype=torch.bool).tril()

    def _row(self) -> Row:
        """The longest waiting tree, then whatever still fits, longest first."""
        while len(self._waiting) < _POOL:
            self._waiting.append(self._fitting())
        row = Row()
        for tree in sorted(self._waiting, key=Node.size, reverse=True):
            if len(row.tokens) + tree.size() <= self._length:
                row.add(tree)
                self._waiting = [other for other in self._waiting if other is not tree]
        return row

    def _fitting(self) -> Node:
        while True:
            tree = self._trees()
            while tree.children and tree.size() > self._length:
                tree.children.pop()
            if tree.children:
                return tree
            self.dropped += 1

    def batches(self) -> Iterator[Batch]:
        """Batches without end."""
        while True:
            yield self._batch([self._row() for _ in range(self._rows)])

    def _batch(self, rows: list[Row]) -> Batch:
        length = self._length
        tokens, weights, positions, ends = (
            np.stack([_padded(getattr(row, name), length) for row in rows])
            for name in ("tokens", "weights", "positions", "ends")
        )
        places = torch.arange(length)
        ends_t = torch.tensor(ends).long()
        seen = self._causal & (places[None, :, None] < ends_t[:, None, :])
        seen |= torch.eye(length, dtype=torch.bool)  # padding looks at itself, or its softmax has no term
        mask = torch.zeros(seen.shape, dtype=torch.bfloat16).masked_fill_(~seen, -1e4)[:, None]
        # Token t is predicted at t-1. A branch's first token follows its parent's last one, which stands
        # elsewhere in the row, so it never carries weight.
        ahead = np.zeros_like(weights)
        ahead[:, :-1] = weights[:, 1:]
        follow = np.zeros_like(tokens)
        follow[:, :-1] = tokens[:, 1:]
        index = np.flatnonzero(ahead)[: self._picked]
        predicted, targets, loss_weights = (np.zeros(self._picked, dtype=np.int64) for _ in range(3))
        loss_weights = loss_weights.astype(np.float32)
        used = len(index)
        predicted[:used] = index
        targets[:used] = follow.reshape(-1)[index]
        loss_weights[:used] = ahead.reshape(-1)[index]
        hints = np.zeros((self._hinted, 3), dtype=np.int64)
        given = [(r * length + p, q, a) for r, row in enumerate(rows) for p, q, a in row.hints]
        if len(given) > self._hinted:  # an even thinning, not the last rows' loss
            step = len(given) / self._hinted
            given = [given[int(i * step)] for i in range(self._hinted)]
        hint_weights = np.zeros(self._hinted, dtype=np.float32)
        if given:
            hints[: len(given)] = given
            hint_weights[: len(given)] = 1
        return Batch(
            tokens=torch.tensor(tokens).long(),
            positions=torch.tensor(positions).long(),
            mask=mask,
            predicted=torch.from_numpy(predicted),
            targets=torch.from_numpy(targets),
            weights=torch.from_numpy(loss_weights),
            hints=torch.from_numpy(hints),
            hint_weights=torch.from_numpy(hint_weights),
            real=sum(len(row.tokens) for row in rows),
            used=used,
        )


def _padded(values: list[int] | list[float], length: int) -> np.ndarray:
    return np.array(list(values) + [0] * (length - len(values)))
