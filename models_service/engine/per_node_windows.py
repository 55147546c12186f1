"""Layers with a window in the per-node plans: each query's few keys are gathered, and nothing is shared or merged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from models_service.engine.attention import PartialAttention, Scoring, additive_mask, attention, visible_keys
from models_service.engine.packing import PackedTree
from models_service.engine.windows import Window

KeysValues = tuple[Tensor, Tensor]
#: The most queries that are taken together in prefill. All of them multiply the keys of the first one's window too.
BLOCK_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive tokens of a node and what they see: queries by their place in the chunk, keys in the packed tree."""

    queries: slice
    keys: slice | Tensor
    mask: Tensor


def blocks(tree: PackedTree, window: Window, start: int, stop: int, device: torch.device) -> list[Block]:
    """The tokens from `start` up to `stop` of the packed sequence, block by block."""
    return [
        _block(tree, index, window, first, last, start, device)
        for index, node in enumerate(tree.nodes)
        if start <= node.start < stop
        for first in range(node.start, node.stop, BLOCK_TOKENS)
        for last in [min(first + BLOCK_TOKENS, node.stop)]
    ]


def _block(
    tree: PackedTree, index: int, window: Window, first: int, last: int, start: int, device: torch.device
) -> Block:
    node = tree.nodes[index]
    position, end = (node.position + place - node.start for place in (first, last))
    begin = max(window.first(position), 0)
    queries, keys = torch.arange(position, end), torch.arange(begin, end)
    return Block(
        queries=slice(first - start, last - start),
        keys=places(tree, index, begin, end, device),
        mask=additive_mask(visible_keys(queries, keys, window)).to(device),
    )


def places(tree: PackedTree, index: int, begin: int, end: int, device: torch.device) -> slice | Tensor:
    """Where the positions from `begin` up to `end` of the path to a node stand in the packed sequence."""
    ranges = list(_ranges(tree, index, begin, end))
    if all(one[1] == other[0] for one, other in pairwise(ranges)):
        return slice(ranges[0][0], ranges[-1][1])
    return torch.cat([torch.arange(*both, device=device) for both in ranges])


def _ranges(tree: PackedTree, index: int, begin: int, end: int) -> Iterator[tuple[int, int]]:
    for node in (tree.nodes[i] for i in tree.path(index)):
        first, last = max(begin - node.position, 0), min(end - node.position, len(node.tokens))
        if first < last:
            yield node.start + first, node.start + last


def attend_in_blocks(todo: Sequence[Block], q: Tensor, kv: KeysValues, scoring: Scoring) -> PartialAttention:
    """The attention of all queries [1, H, T, D] to keys and values of the packed sequence, each [1, Hk, N, D]."""
    heads, kv_heads = q.shape[1], kv[0].shape[1]
    out = q.new_empty(1, heads, q.shape[2], kv[1].shape[-1])
    lse = torch.empty(1, heads, q.shape[2], device=q.device)
    for block in todo:
        keys, values = (x[:, :, block.keys] for x in kv)
        grouped = q[:, :, block.queries].reshape(1, kv_heads, -1, q.shape[-1])
        part, part_lse = attention(grouped, keys, values, scoring, block.mask.repeat(heads // kv_heads, 1))
        out[:, :, block.queries] = part.reshape(1, heads, -1, part.shape[-1])
        lse[:, :, block.queries] = part_lse.reshape(1, heads, -1)
    return out, lse


class WindowSuffixes:
    """The last tokens of each prompt, as many as what continues it can see, aligned at the prompts' ends."""

    def __init__(self, tree: PackedTree, ends: Sequence[int], window: Window) -> None:
        nodes = [tree.nodes[end] for end in ends]
        self._window = window
        self._lengths = [node.position + len(node.tokens) for node in nodes]
        seen = [
            [i for both in _ranges(tree, end, max(window.first(length), 0), length) for i in range(*both)]
            for end, length in zip(ends, self._lengths, strict=True)
        ]
        self._reach = max(map(len, seen))
        self._places = [[0] * (self._reach - len(one)) + one for one in seen]
        self._gathered: dict[int, KeysValues] = {}

    def keys_values(self, layer: int, kv_cache: dict[int, KeysValues]) -> KeysValues:
        """Keys and values [prompts, Hk, reach, D] of a layer, gathered at their first use."""
        if layer not in self._gathered:
            index = torch.tensor(self._places, device=kv_cache[layer][0].device)
            keys, values = (x[0][:, index].transpose(0, 1).contiguous() for x in kv_cache[layer])
            self._gathered[layer] = keys, values
        return self._gathered[layer]

    def step(self, positions: Tensor, length: int) -> tuple[int, Tensor | None]:
        """How many of the keys no row sees any more, and which of the others the new tokens see.

        `positions` [rows, new] continue rows of `length` tokens. The mask [prompts, rows a prompt, new, keys] is to be
        added to scores; None where everything is seen.
        """
        alike = positions.shape[1] == 1
        begins = [self._window.first(one + length * alike) - one + self._reach for one in self._lengths]
        skipped = min(max(min(begins), 0), self._reach)
        if alike and max(begins) <= skipped:
            return skipped, None
        lengths = torch.tensor(self._lengths, device=positions.device)
        keys = lengths[:, None] + torch.arange(skipped - self._reach, 0, device=positions.device)
        first = self._window.first(positions).clamp(0).view(len(keys), -1, positions.shape[1], 1)
        return skipped, additive_mask(keys[:, None, None] >= first)
