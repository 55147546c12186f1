"""Layers with a window in the varlen plans: which range of keys each query still sees, as segments of the kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

import torch
from torch import Tensor

from models_service.engine.packing import PackedTree, PrefixNode
from models_service.engine.varlen_attention import Segment, Segments
from models_service.engine.windows import Window

Range = tuple[int, int, int]
"""Keys in the cache: the first slot, how many, and the position of the first."""


def own_segments(nodes: Sequence[PrefixNode], window: Window, device: torch.device) -> Segments:
    """The tokens of each node attend to themselves: a node is cut where a chunk ends, a sliding window slides."""
    if not window.chunked:
        segments = [Segment(node.start, node.stop, node.start, len(node.tokens)) for node in nodes]
        return Segments.of(segments, device, causal=True, last=window.size)
    segments = []
    for node in nodes:
        end = node.position + len(node.tokens)
        borders = range((node.position // window.size + 1) * window.size, end, window.size)
        for first, last in pairwise([node.position, *borders, end]):
            start = node.start + first - node.position
            segments.append(Segment(start, start + last - first, start, last - first))
    return Segments.of(segments, device, causal=True)


def below_through(
    level: Sequence[PrefixNode], positions: Sequence[int], window: Window, start: int, stop: int
) -> list[Segment]:
    """The tokens from `start` up to `stop` below each node attend to the part of it that their window shows.

    Consecutive tokens that see the same keys share a segment; those in between attend to nothing.
    """
    segments: list[Segment] = []
    for node in level:
        first, last = max(node.stop, start), min(node.subtree_end, stop)
        if first >= last:
            continue
        if segments and segments[-1].query_stop < first:
            segments.append(Segment(segments[-1].query_stop, first))
        segments += _seen(node, positions, window, first, last)
    return segments


def _seen(node: PrefixNode, positions: Sequence[int], window: Window, first: int, last: int) -> Iterator[Segment]:
    length = len(node.tokens)

    def hidden(query: int) -> int:
        """How many of the node's tokens its window has passed."""
        return min(max(window.first(positions[query]) - node.position, 0), length)

    for passed, queries in groupby(range(first, last), hidden):
        here = list(queries)
        yield Segment(here[0], here[-1] + 1, node.start + passed, length - passed)


def ranges_through(
    tree: PackedTree, ends: Sequence[int], per_prompt: int, window: Window, max_keys: int
) -> list[list[Range]]:
    """What each row's first new token sees of its prompt, in ranges of at most `max_keys` keys."""
    rows: list[list[Range]] = []
    for end in ends:
        begin = window.first(tree.nodes[end].position + len(tree.nodes[end].tokens))
        ranges: list[Range] = []
        for node in (tree.nodes[i] for i in tree.path(end)):
            for passed in range(max(begin - node.position, 0), len(node.tokens), max_keys):
                count = min(max_keys, len(node.tokens) - passed)
                ranges.append((node.start + passed, count, node.position + passed))
        rows += [ranges] * per_prompt
    return rows


class WindowSplits:
    """The prompts' keys of every row, split by split, at fixed addresses. Split 0 is left for the rows' own keys."""

    def __init__(self, window: Window, splits: int, rows: int, device: torch.device) -> None:
        self.splits = splits
        self._window = window
        self._starts, self._counts, self._positions = (
            torch.zeros(splits, rows, 1, dtype=torch.long, device=device) for _ in range(3)
        )

    def begin(self, own_starts: Sequence[int], lengths: Sequence[int], ranges: Sequence[Sequence[Range]]) -> None:
        """Start over with rows whose own keys begin at these slots, behind prompts of these lengths."""
        filled = [
            [(start, 0, length), *one, *[(0, 0, 0)] * (self.splits - 1 - len(one))]
            for start, length, one in zip(own_starts, lengths, ranges, strict=True)
        ]
        table = torch.tensor(filled).permute(2, 1, 0)[..., None]
        for kept, new in zip((self._starts, self._counts, self._positions), table, strict=True):
            kept.copy_(new)

    def segments(self, positions: Tensor, own_keys: Tensor | int, per_query: int, longest: int) -> Segments:
        """One for each split, row and new token, of `per_query` query heads; `positions` [rows, new].

        `own_keys`: how many of its own keys a row has; 0 where it attends to those apart.
        """
        counts = self._counts.expand(-1, -1, positions.shape[1]).clone()
        counts[0] = own_keys
        passed = (self._window.first(positions) - self._positions).clamp(0).minimum(counts)
        counts = counts - passed
        number = counts.numel()
        ends = torch.arange(number + 1, dtype=torch.int32, device=counts.device) * per_query
        starts = torch.nn.functional.pad((self._starts + passed).flatten(), (0, 1))
        return Segments(ends, starts.int(), counts.flatten().int(), per_query, longest)
