"""The two kinds of forward pass over a prefix tree: reading the prompts, and writing many rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models_service.engine.attention import (
    Part,
    as_added,
    attend,
    attend_causally,
    merge,
    nothing_like,
    only_causally,
)
from models_service.engine.packing import Node, Packing

KeysValues = tuple[Tensor, Tensor]
#: Shared nodes shorter than this are cheaper copied into each row's branch than attended apart.
WORTH_SHARING = 32


class Reading:
    """Reads a packing, chunk by chunk, and keeps every layer's keys and values, each [1, Hk, T, D]."""

    def __init__(self, packing: Packing, last_layer: int) -> None:
        self.kept: dict[int, KeysValues] = {}
        self._packing = packing
        self._nodes = packing.nodes
        self._length = packing.nodes[-1].stop
        self._last_layer = last_layer
        self._start, self._stop = 0, 0
        self._wanted: Sequence[int] = ()
        self._seen: Tensor | None = None

    @property
    def layers(self) -> list[int]:
        """Whose keys and values are kept."""
        return sorted(self.kept)

    def next_chunk(self, stop: int, wanted: Sequence[int]) -> None:
        """The next forward pass brings the tokens up to `stop`; the logits at the `wanted` ones are read."""
        self._start, self._stop = self._stop, stop
        self._wanted, self._seen = wanted, None

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        keys, values = self._keep(layer, k, v)
        if layer == self._last_layer:
            return self._attend_from_wanted(q, (keys, values), scale)
        start, stop = self._start, self._stop
        _, heads, tokens, _ = q.shape
        out = q.new_empty(1, heads, tokens, v.shape[-1])
        log_sums = torch.empty(1, heads, tokens, dtype=torch.float32, device=q.device)
        for node in self._nodes:
            if start <= node.start < stop:
                here = slice(node.start - start, node.stop - start)
                there = slice(node.start, node.stop)
                own = (q[:, :, here], keys[:, :, there], values[:, :, there], scale)
                if node.parent is None:
                    out[:, :, here] = only_causally(*own)
                else:
                    out[:, :, here], log_sums[:, :, here] = attend_causally(*own)
        merged = [node for node in self._nodes if node.start < stop and node.below > max(node.stop, start)]
        for node in merged:
            self._merge_below(node, q, (keys, values), scale, (out, log_sums))
        return out.transpose(1, 2).contiguous()

    def _attend_from_wanted(self, q: Tensor, kv: KeysValues, scale: float) -> Tensor:
        """In the last layer nothing reads a token's output but its own logits: the others are left zero."""
        keys, values = (x[:, :, : self._stop] for x in kv)
        if self._seen is None:
            self._seen = as_added(self._what_wanted_see()).to(q.device)
        places = [place - self._start for place in self._wanted]
        _, heads, tokens, width = q.shape
        groups = heads // keys.shape[1]
        grouped = q[:, :, places].reshape(1, keys.shape[1], -1, width)
        part, _ = attend(grouped, keys, values, scale, self._seen.repeat(groups, 1))
        out = q.new_zeros(1, tokens, heads, values.shape[-1])
        out[:, places] = part.reshape(1, heads, len(places), -1).transpose(1, 2)
        return out

    def _what_wanted_see(self) -> Tensor:
        """Which tokens of the packing each wanted token attends to, [wanted, tokens so far]."""
        seen = torch.zeros(len(self._wanted), self._stop, dtype=torch.bool)
        for row, place in zip(seen, self._wanted, strict=True):
            here = next(i for i, node in enumerate(self._nodes) if node.start <= place < node.stop)
            for index in self._packing.path(here):
                node = self._nodes[index]
                row[node.start : min(node.stop, place + 1)] = True
        return seen

    def _merge_below(self, node: Node, q: Tensor, kv: KeysValues, scale: float, into: Part) -> None:
        """Everything below the node attends to all of it."""
        here = slice(max(node.stop, self._start) - self._start, min(node.below, self._stop) - self._start)
        if here.stop <= here.start:
            return
        keys, values = (x[:, :, node.start : node.stop] for x in kv)
        out, log_sums = into
        heads, queries = q.shape[1], here.stop - here.start
        grouped = q[:, :, here].reshape(1, keys.shape[1], -1, q.shape[-1])
        part_out, part_log = attend(grouped, keys, values, scale)
        part = part_out.reshape(1, heads, queries, -1), part_log.reshape(1, heads, queries)
        out[:, :, here], log_sums[:, :, here] = merge((out[:, :, here], log_sums[:, :, here]), part)

    def _keep(self, layer: int, k: Tensor, v: Tensor) -> KeysValues:
        if k.shape[2] == self._length:
            self.kept[layer] = k.contiguous(), v.contiguous()
            return self.kept[layer]
        if layer not in self.kept:
            self.kept[layer] = _room(k, self._length), _room(v, self._length)
        for kept, new in zip(self.kept[layer], (k, v), strict=True):
            kept[:, :, self._start : self._stop] = new
        return self.kept[layer]


def _room(like: Tensor, length: int, rows: int = 1) -> Tensor:
    """Uninitialised keys or values [rows, Hk, length, D] for such as [1, Hk, T, D]."""
    return like.new_empty(rows, like.shape[1], length, like.shape[-1])


@dataclass(frozen=True, slots=True)
class Shared:
    """A node that the rows from `first` up to `last` attend to."""

    first: int
    last: int
    node: Node


class Writing:
    """Rows that continue prompts of a packing: `per_prompt` rows for each prompt that ends at `ends`.

    Each row has keys and values of its own; nodes that several prompts share exist once; what only one
    prompt has is padded to a batch of branches. `ends` must be in the packing's order.
    """

    def __init__(self, packing: Packing, read: Reading, ends: Sequence[int], per_prompt: int, capacity: int) -> None:
        self.rows = len(ends) * per_prompt
        self.filled = 0
        self.mask: Tensor | None = None
        """Added to the scores of each row's new tokens with its own keys, [rows, 1, new, keys]."""
        self._capacity = capacity
        self._read = read.kept
        self._own: dict[int, KeysValues] = {}
        self._levels = _levels(packing, ends, per_prompt)
        shared = {id(block.node) for level in self._levels for block in level}
        paths = [[packing.nodes[i] for i in packing.path(end)] for end in ends]
        self._branches = _Branches([[n for n in path if id(n) not in shared] for path in paths])

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        rows, (_, heads, tokens, width) = self.rows, q.shape
        kv_heads, new = k.shape[1], tokens // rows
        queries = q.view(kv_heads, heads // kv_heads, rows, new, width).permute(2, 0, 1, 3, 4)
        queries = queries.reshape(rows, kv_heads, -1, width)
        part = attend(queries, *self._with_own(layer, k, v, new), scale, self._own_mask(queries, new))
        if (branches := self._branches.of(layer, self._read)) is not None:
            part = merge(part, _for_groups(queries, branches, scale, self._branches.mask))
        for level in self._levels:
            part = merge(part, self._of_level(level, layer, queries, scale, part))
        out = part[0].view(rows, kv_heads, heads // kv_heads, new, -1).permute(0, 3, 1, 2, 4)
        return out.reshape(1, tokens, heads, -1)

    def _with_own(self, layer: int, k: Tensor, v: Tensor, new: int) -> KeysValues:
        """The rows' own keys and values with the new ones, [rows, Hk, filled + new, D]."""
        if layer not in self._own:
            self._own[layer] = _room(k, self._capacity, self.rows), _room(v, self._capacity, self.rows)
        for own_x, x in zip(self._own[layer], (k, v), strict=True):
            by_row = x.view(x.shape[1], self.rows, new, x.shape[-1]).transpose(0, 1)
            own_x[:, :, self.filled : self.filled + new] = by_row
        keys, values = self._own[layer]
        return keys[:, :, : self.filled + new], values[:, :, : self.filled + new]

    def _own_mask(self, queries: Tensor, new: int) -> Tensor | None:
        """The mask for queries [rows, Hk, heads per Hk x new, D]."""
        return None if self.mask is None else self.mask.repeat(1, 1, queries.shape[2] // new, 1)

    def _of_level(self, level: list[Shared], layer: int, q: Tensor, scale: float, like: Part) -> Part:
        """Attention to nodes that share no row; rows without such a node attend to nothing."""
        keys, values = self._read[layer]
        pieces: list[Part] = []
        done = 0
        for block in level:
            if block.first > done:
                pieces.append(nothing_like((like[0][done : block.first], like[1][done : block.first])))
            there = slice(block.node.start, block.node.stop)
            mine = q[block.first : block.last]
            kv = keys[:, :, there], values[:, :, there]
            pieces.append(_for_groups(mine, kv, scale, None))
            done = block.last
        if done < self.rows:
            pieces.append(nothing_like((like[0][done:], like[1][done:])))
        if len(pieces) == 1:
            return pieces[0]
        return torch.cat([out for out, _ in pieces]), torch.cat([log for _, log in pieces])


def _for_groups(q: Tensor, kv: KeysValues, scale: float, mask: Tensor | None) -> Part:
    """Rows [R, Hk, M, D], in equal groups, to keys and values of their group [G, Hk, N, D]."""
    keys, values = kv
    groups, (rows, heads, queries, width) = keys.shape[0], q.shape
    if groups == rows:
        return attend(q, keys, values, scale, mask)
    grouped = q.view(groups, rows // groups, heads, queries, width).transpose(1, 2)
    out, log = attend(grouped.reshape(groups, heads, -1, width), keys, values, scale, mask)
    out = out.view(groups, heads, rows // groups, queries, -1).transpose(1, 2)
    log = log.view(groups, heads, rows // groups, queries).transpose(1, 2)
    return out.reshape(rows, heads, queries, -1), log.reshape(rows, heads, queries)


def _levels(packing: Packing, ends: Sequence[int], per_prompt: int) -> list[list[Shared]]:
    """The shared nodes worth attending to apart; nodes of one level share no row."""
    spans: dict[int, tuple[int, int]] = {}
    for place, end in enumerate(ends):
        for index in packing.path(end):
            spans[index] = spans.get(index, (place, place))[0], place + 1
    levels: list[list[Shared]] = []
    for index, (first, last) in spans.items():
        node = packing.nodes[index]
        if last - first > 1 and len(node.tokens) >= WORTH_SHARING:
            block = Shared(first * per_prompt, last * per_prompt, node)
            for level_blocks in levels:
                if level_blocks[-1].last <= block.first:
                    level_blocks.append(block)
                    break
            else:
                levels.append([block])
    return levels


class _Branches:
    """What each prompt has for itself, gathered from the packing and padded to the longest."""

    def __init__(self, branches: list[list[Node]]) -> None:
        places = [[i for node in nodes for i in range(node.start, node.stop)] for nodes in branches]
        longest = max(map(len, places))
        self._count, self._longest = len(places), longest
        self._places = places
        self._gathered: dict[int, KeysValues] = {}
        lengths = torch.tensor([len(p) for p in places])
        ragged = bool((lengths != longest).any())
        seen = torch.arange(longest) < lengths[:, None]
        self.mask = as_added(seen)[:, None, None] if ragged else None

    def of(self, layer: int, read: dict[int, KeysValues]) -> KeysValues | None:
        """Keys and values [G, Hk, N, D] of a layer, gathered at its first use; None if there are none."""
        if not self._longest:
            return None
        if layer not in self._gathered:
            keys, values = read[layer]
            self._gathered[layer] = self._gather(keys), self._gather(values)
        return self._gathered[layer]

    def _gather(self, kept: Tensor) -> Tensor:
        first = self._places[0]
        if self._count == 1 and first[-1] - first[0] == len(first) - 1:
            return kept[:, :, first[0] : first[-1] + 1]
        if self.mask is not None:
            self.mask = self.mask.to(kept.device)
        padded = [p + [0] * (self._longest - len(p)) for p in self._places]
        index = torch.tensor(padded, device=kept.device)
        return kept[0][:, index].transpose(0, 1).contiguous()
