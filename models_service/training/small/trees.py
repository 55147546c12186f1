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


@dataclass(frozen=True, slots=True)
class Batch:
    """Arrays of one step, small enough to send; the shapes never change, so that compiled code is reused.

    tokens, positions, ends (rows, length); predicted (picked), places in the flattened rows, with targets and
    weights; hints (hinted, 3), each a place, a question and its class, with hint_weights (hinted). `real` counts
    tokens that are not padding, `used` the predicted ones.
    """

    tokens: np.ndarray
    positions: np.ndarray
    ends: np.ndarray
    predicted: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    hints: np.ndarray
    hint_weights: np.ndarray
    real: int
    used: int
    hinted: int
    dropped: int
    """How many trees found no room so far."""

    def tensors(self, device: torch.device) -> Iterator[Tensor]:
        """The arrays on the device, in order; copied while the device works on."""
        arrays = (
            self.tokens, self.positions, self.ends, self.predicted, self.targets, self.weights, self.hints,
            self.hint_weights,
        )  # fmt: skip
        for array in arrays:
            tensor = torch.from_numpy(array)
            yield tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


def tree_mask(ends: Tensor) -> Tensor:
    """What to add to the scores of (rows, length) trees: (rows, 1, length, length), 0 where i sees j, -1e4 elsewhere.

    Padding looks at itself, or its softmax would have no term.
    """
    places = torch.arange(ends.shape[1], device=ends.device)
    i, j = places[None, :, None], places[None, None, :]
    seen = (j <= i) & (i < ends.long()[:, None, :]) | (i == j)
    return torch.where(seen, 0.0, -1e4).to(torch.bfloat16)[:, None]


#: How many trees wait to be placed: enough to find one that fills a row, few enough to stay fresh.
_POOL = 32


class Packer:
    """Fills rows of `length` tokens with trees; a tree that does not fit waits for another row.

    A tree longer than a row loses its last branches.
    """

    def __init__(self, trees: Callable[[], Node], length: int, rows: int, picked: int, hinted: int) -> None:
        self._trees = trees
        self._length, self._rows, self._picked, self._hinted = length, rows, picked, hinted
        self._waiting: list[tuple[int, Node]] = []
        self.dropped = 0

    def _row(self) -> Row:
        """The longest waiting tree, then whatever still fits, longest first."""
        while len(self._waiting) < _POOL:
            tree = self._fitting()
            self._waiting.append((tree.size(), tree))
        self._waiting.sort(key=lambda one: one[0], reverse=True)
        row, waiting = Row(), []
        for size, tree in self._waiting:
            if len(row.tokens) + size <= self._length:
                row.add(tree)
            else:
                waiting.append((size, tree))
        self._waiting = waiting
        return row

    def _fitting(self) -> Node:
        while True:
            tree = self._trees()
            while tree.children and tree.size() > self._length:
                tree.children.pop()
            if tree.children:
                return tree
            self.dropped += 1

    def batch(self) -> Batch:
        """The next rows, whole."""
        rows, length = [self._row() for _ in range(self._rows)], self._length
        tokens, positions, ends = (
            np.stack([_padded(getattr(row, name), length, np.int16) for row in rows])
            for name in ("tokens", "positions", "ends")
        )
        weights = np.stack([_padded(row.weights, length, np.float32) for row in rows])
        # Token t is predicted at t-1. A branch's first token follows its parent's last one, which stands
        # elsewhere in the row, so it never carries weight.
        ahead = np.zeros_like(weights)
        ahead[:, :-1] = weights[:, 1:]
        follow = np.zeros_like(tokens)
        follow[:, :-1] = tokens[:, 1:]
        index = _thinned(np.flatnonzero(ahead), self._picked)
        given = [(r * length + p, q, a) for r, row in enumerate(rows) for p, q, a in row.hints]
        hints = _thinned(np.array(given, dtype=np.int32).reshape(-1, 3), self._hinted)
        return Batch(
            tokens=tokens,
            positions=positions,
            ends=ends,
            predicted=_filled(index, self._picked, np.int32),
            targets=_filled(follow.reshape(-1)[index], self._picked, np.int16),
            weights=_filled(ahead.reshape(-1)[index], self._picked, np.float32),
            hints=_filled(hints, self._hinted, np.int32),
            hint_weights=_filled(np.ones(len(hints)), self._hinted, np.float32),
            real=sum(len(row.tokens) for row in rows),
            used=len(index),
            hinted=len(hints),
            dropped=self.dropped,
        )


def _padded(values: list[int] | list[float], length: int, kind: type) -> np.ndarray:
    return _filled(np.array(values, dtype=kind), length, kind)


def _filled(array: np.ndarray, length: int, kind: type) -> np.ndarray:
    """Zeros after the array's own entries."""
    full = np.zeros((length, *array.shape[1:]), dtype=kind)
    full[: len(array)] = array
    return full


def _thinned(array: np.ndarray, most: int) -> np.ndarray:
    """At most so many entries, left out evenly: not the last rows'."""
    return array if len(array) <= most else array[np.arange(most) * len(array) // most]
