"""Prefill and decode over a prefix tree by variable-length attention: few kernel launches a layer, at fixed addresses.

The results are those of `per_node_plans`. There every shared node is a call of its own, which suits a CPU. Here, for a
GPU, a level of the tree is one call in prefill, and all keys are one call in decode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from models_service.engine.attention import (
    PartialAttention,
    Scoring,
    additive_mask,
    attention,
    merge_partials,
    share_with_sinks,
)
from models_service.engine.packing import PackedTree, PrefixNode
from models_service.engine.varlen_attention import Segment, Segments, finite_lse, varlen_attention
from models_service.engine.varlen_windows import Range, WindowSplits, below_through, own_segments
from models_service.engine.windows import Window

#: The most keys in one split of a prompt. Splits run side by side (split-KV): eight key heads alone leave most of a
#: GPU idle.
MAX_SPLIT_KEYS = 256


class KVCache:
    """Keys and values of every layer at fixed addresses, [slots, Hk, D]: the prompts' first, then the rows' own.

    It grows when more slots are needed than it has. A new `generation` means that the addresses have changed.
    """

    def __init__(self) -> None:
        self.generation = 0
        self._slots = 0
        self._layers: dict[int, tuple[Tensor, Tensor]] = {}

    def reserve(self, slots: int) -> None:
        """Make room for so many tokens. Growing loses the contents."""
        if slots > self._slots:
            # A quarter more than asked for: the next passage is seldom the same length.
            self._slots = slots + slots // 4
            self._layers.clear()
            self.generation += 1

    def put(self, layer: int, slots: slice | Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Write the new tokens' k and v [1, Hk, T, D] to their slots; returns all keys and values of the layer."""
        if layer not in self._layers:
            self._layers[layer] = tuple(x.new_zeros(self._slots, x.shape[1], x.shape[-1]) for x in (k, v))  # type: ignore[assignment]
        for cached, new in zip(self._layers[layer], (k, v), strict=True):
            if isinstance(slots, slice):
                cached[slots] = new[0].transpose(0, 1)
            else:
                cached.index_copy_(0, slots, new[0].transpose(0, 1))
        return self._layers[layer]

    @property
    def layers(self) -> list[int]:
        return sorted(self._layers)


class VarlenPrefill:
    """Prefills a packed tree, chunk by chunk, into the first slots of the cache."""

    def __init__(
        self, tree: PackedTree, cache: KVCache, device: torch.device, windows: Mapping[int, Window] | None = None
    ) -> None:
        """`windows` of the layers that have one."""
        self._nodes, self._positions = tree.nodes, tree.positions
        longest = max(self._positions)
        self._windows = {i: window for i, window in (windows or {}).items() if not window.covers(longest)}
        self._levels = _levels(tree)
        self._cache, self._device = cache, device
        self._start, self._stop = 0, 0

    @property
    def layers(self) -> list[int]:
        return self._cache.layers

    def next_chunk(self, stop: int, logit_indices: Sequence[int]) -> None:
        """The next forward pass computes the tokens up to `stop`."""
        self._start, self._stop = self._stop, stop
        within = [node for node in self._nodes if self._start <= node.start < stop]
        segments = [Segment(node.start, node.stop, node.start, len(node.tokens)) for node in within]
        self._own: dict[Window | None, Segments] = {None: Segments.of(segments, self._device, causal=True)}
        levels = [_below(level, self._start, stop) for level in self._levels]
        self._above: dict[Window | None, list[tuple[slice, Segments]]] = {None: self._above_of(levels)}
        for window in dict.fromkeys(self._windows.values()):
            self._own[window] = own_segments(within, window, self._device)
            levels = [below_through(level, self._positions, window, self._start, stop) for level in self._levels]
            self._above[window] = self._above_of(levels)

    def _above_of(self, levels: Sequence[Sequence[Segment]]) -> list[tuple[slice, Segments]]:
        """For each level the queries of the chunk that lie below its nodes, and their segments."""
        return [
            (
                slice(below[0].query_start - self._start, below[-1].query_stop - self._start),
                Segments.of(below, self._device),
            )
            for below in levels
            if below
        ]

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scoring: Scoring) -> Tensor:
        window = self._windows.get(layer)
        keys, values = self._cache.put(layer, slice(self._start, self._stop), k, v)
        queries = q[0].transpose(0, 1)
        out, lse = varlen_attention(queries, keys, values, self._own[window], scoring)
        for here, segments in self._above[window]:
            part = varlen_attention(queries[here], keys, values, segments, scoring)
            out[here], lse[:, here] = _merge((out[here], lse[:, here]), part)
        if scoring.sinks is not None:
            out = share_with_sinks((out.transpose(0, 1), lse), scoring.sinks[:, None]).transpose(0, 1)
        return out[None]


def _merge(one: PartialAttention, other: PartialAttention) -> PartialAttention:
    """Outputs [Q, H, D] and log-sum-exps [H, Q] over the keys of both. The first has keys for every query."""
    out, lse = merge_partials((one[0].transpose(0, 1), one[1]), (other[0].transpose(0, 1), finite_lse(other[1])))
    return out.transpose(0, 1), lse


def _levels(tree: PackedTree) -> list[list[PrefixNode]]:
    """The inner nodes by their depth in the tree. Nodes of one level share no token."""
    levels: list[list[PrefixNode]] = []
    for index, node in enumerate(tree.nodes):
        depth = len(tree.path(index)) - 1
        levels += [[] for _ in range(depth + 1 - len(levels))]
        if node.subtree_end > node.stop:
            levels[depth].append(node)
    return levels


def _below(level: Sequence[PrefixNode], start: int, stop: int) -> list[Segment]:
    """The tokens from `start` up to `stop` below each node attend to it; those in between attend to nothing."""
    segments: list[Segment] = []
    for node in level:
        first, last = max(node.stop, start), min(node.subtree_end, stop)
        if first >= last:
            continue
        if segments and segments[-1].query_stop < first:
            segments.append(Segment(segments[-1].query_stop, first))
        segments.append(Segment(first, last, node.start, len(node.tokens)))
    return segments


class VarlenDecode:
    """Decodes rows that continue prompts of a packed tree. Everything that a step reads is at fixed addresses.

    A step's queries are ordered [split, row, new token, query head of a key head's group]. Split 0 attends to the row's
    own keys, each other split to a part of its prompt. `begin` fills in which part, so that a step captured once as a
    CUDA graph serves every passage of the same shape.
    """

    def __init__(
        self,
        cache: KVCache,
        rows: int,
        splits: int,
        segments: int,
        capacity: int,
        device: torch.device,
        windows: Mapping[int, Window] | None = None,
        window_splits: Mapping[Window, int] | None = None,
    ) -> None:
        """`window_splits`: how many splits there are of what each window shows, the rows' own keys among them."""
        self.rows, self.length = rows, 0
        self._windows = windows or {}
        self._through = {w: WindowSplits(w, number, rows, device) for w, number in (window_splits or {}).items()}
        self._prompt_lengths = torch.zeros(rows, dtype=torch.long, device=device)
        self._cache, self._splits, self._capacity = cache, splits, capacity
        self._cu_seqlens_q, self._key_starts, self._seqused_k = (
            torch.zeros(segments + more, dtype=torch.int32, device=device) for more in (1, 1, 0)
        )
        self.device_length = torch.zeros(1, dtype=torch.long, device=device)
        """How many tokens of each row are in the cache, where the device can read it; `length` is the host's count."""
        self._own_slots = torch.zeros(rows, dtype=torch.long, device=device)
        self._first_own = 0

    def begin(
        self,
        splits: Sequence[Sequence[Segment]],
        first_own: int,
        lengths: Sequence[int] = (),
        ranges: Mapping[Window, Sequence[Sequence[Range]]] | None = None,
    ) -> None:
        """Start over with other rows, whose prompts `splits` gives. Their own keys begin at the slot `first_own`.

        For layers with a window: how long each row's prompt is, and what of it the window shows.
        """
        rows, device = self.rows, self._own_slots.device
        own = [Segment(row, row + 1, first_own + row * self._capacity, 1) for row in range(rows)]
        segments = [
            Segment(number * rows + one.query_start, number * rows + one.query_stop, one.key_start, one.key_count)
            for number, split in enumerate([own, *splits])
            for one in split
        ]
        last = segments[-1].query_stop
        segments += [Segment(last, last)] * (len(self._seqused_k) - len(segments))
        filled_in = Segments.of(segments, device)
        self._cu_seqlens_q.copy_(filled_in.cu_seqlens_q)
        self._key_starts.copy_(filled_in.key_starts)
        self._seqused_k.copy_(filled_in.seqused_k)
        self._own_slots.copy_(torch.arange(rows, device=device) * self._capacity + first_own)
        self._first_own = first_own
        self.device_length.zero_()
        self.length = 0
        own_starts = [first_own + row * self._capacity for row in range(rows)]
        for window, one in (ranges or {}).items():
            self._prompt_lengths.copy_(torch.tensor(lengths))
            self._through[window].begin(own_starts, lengths, one)

    def advance(self) -> None:
        """Count one more token of every row, on the device."""
        self.device_length += 1
        self._seqused_k[: self.rows] += 1

    def step(self, positions: Tensor, visible: Tensor | None = None) -> None:
        """As `DecodePlan.step`."""
        self._step_positions, self._visible = positions, visible
        self._segments: dict[tuple[Window | None, int], Segments] = {}

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scoring: Scoring) -> Tensor:
        rows, (_, heads, tokens, width) = self.rows, q.shape
        new, kv_heads = tokens // rows, k.shape[1]
        group, window = heads // kv_heads, self._windows.get(layer)
        if window not in self._through:
            window = None
        keys, values = self._cache.put(layer, self._slots(new), k, v)
        queries = q[0].view(kv_heads, group, rows, new, width).permute(2, 3, 1, 0, 4).reshape(-1, kv_heads, width)
        segments, splits = self._segments_of(window, new, group)
        out, lse = varlen_attention(queries.repeat(splits, 1, 1), keys, values, segments, scoring)
        out, lse = out.view(splits, -1, kv_heads, out.shape[-1]), lse.view(kv_heads, splits, -1)
        if new != 1:
            own_out, own_lse = self._attend_own(queries, keys, values, scoring, self._own_mask(window), new)
            out, lse = torch.cat([own_out, out[1:]]), torch.cat([own_lse, lse[:, 1:]], 1)
        if (sinks := scoring.sinks) is not None:
            sinks = sinks.view(kv_heads, group).repeat(1, rows * new)
        return combine_splits(out, lse, sinks).view(1, tokens, group, kv_heads, -1).transpose(2, 3).flatten(2, 3)

    def _slots(self, new: int) -> Tensor:
        """The slots of the rows' new keys, row by row."""
        slots = self._own_slots + self.device_length
        return slots if new == 1 else (slots[:, None] + torch.arange(new, device=slots.device)).reshape(-1)

    def _segments_of(self, window: Window | None, new: int, group: int) -> tuple[Segments, int]:
        """The segments for `new` tokens a row and `group` query heads a key head, and the number of splits."""
        if (window, group) not in self._segments:
            self._segments[window, group] = (
                self._segments_of_step(new * group, own=new == 1)
                if window is None
                else self._segments_through(window, new, group)
            )
        return self._segments[window, group], self._splits if window is None else self._through[window].splits

    def _segments_through(self, window: Window, new: int, group: int) -> Segments:
        longest = max(MAX_SPLIT_KEYS, self._capacity)
        own_keys = self.device_length + 1 if new == 1 else 0
        return self._through[window].segments(self._step_positions, own_keys, group, longest)

    def _own_mask(self, window: Window | None) -> Tensor | None:
        """Added to the scores of each row's new tokens with its own keys, [rows, new, keys]."""
        visible = self._visible
        if window is not None:
            before = self._prompt_lengths[:, None] + torch.arange(self.length, device=self._prompt_lengths.device)
            keys = torch.cat([before, self._step_positions], 1)
            seen = keys[:, None] >= window.first(self._step_positions)[:, :, None]
            visible = seen if visible is None else seen & visible
        return None if visible is None else additive_mask(visible)

    def _segments_of_step(self, per_row: int, *, own: bool) -> Segments:
        """The segments for `per_row` queries a row. Without `own`, split 0 attends to nothing."""
        seqused_k = self._seqused_k
        if not own:
            seqused_k = seqused_k.clone()
            seqused_k[: self.rows] = 0
        longest = max(MAX_SPLIT_KEYS, self._capacity)
        return Segments(self._cu_seqlens_q * per_row, self._key_starts, seqused_k, self.rows * per_row, longest)

    def _attend_own(
        self, queries: Tensor, keys: Tensor, values: Tensor, scoring: Scoring, mask: Tensor | None, new: int
    ) -> PartialAttention:
        """Split 0 where a row has several new tokens, under the mask: [1, Q, Hk, D] and [Hk, 1, Q]."""
        rows, length = self.rows, self.length + new
        own = slice(self._first_own, self._first_own + rows * self._capacity)
        by_row = (x[own].view(rows, self._capacity, *x.shape[1:]) for x in (keys, values))
        own_keys, own_values = (x[:, :length].transpose(1, 2) for x in by_row)
        q = queries.view(rows, -1, *queries.shape[1:]).transpose(1, 2)
        if mask is not None:
            mask = mask.repeat_interleave(q.shape[2] // new, 1)[:, None]
        out, lse = attention(q, own_keys, own_values, scoring, mask)
        return out.transpose(1, 2).flatten(0, 1)[None], lse.transpose(0, 1).flatten(1)[:, None]


def combine_splits(out: Tensor, lse: Tensor, sinks: Tensor | None = None) -> Tensor:
    """The attention over the keys of all splits: outputs [S, Q, H, D] and log-sum-exps [H, S, Q] to [Q, H, D].

    `sinks` [H, Q] have their share of the weights.
    """
    lse = finite_lse(lse)
    if sinks is not None:
        lse = torch.cat([lse, sinks[:, None].to(lse.dtype)], 1)
    weights = lse.softmax(1)[:, : len(out)].permute(1, 2, 0)
    return (out * weights[..., None]).sum(0).to(out.dtype)


def split_prompts(
    tree: PackedTree, ends: Sequence[int], per_prompt: int, max_keys: int = MAX_SPLIT_KEYS
) -> list[list[Segment]]:
    """Which rows attend to which tokens of the tree, as splits that each cover all rows once.

    A prompt's path is cut into ranges of at most `max_keys` tokens; the n-th ranges of all prompts are split n. Rows
    whose prompts share a range share its segment. A row without an n-th range attends to nothing in split n.
    """
    paths = [_cut(ranges, max_keys) for ranges in _key_ranges(tree, ends)]
    splits = []
    for number in range(max(map(len, paths))):
        split: list[Segment] = []
        for place, path in enumerate(paths):
            start, stop = path[number] if number < len(path) else (0, 0)
            first, last = place * per_prompt, (place + 1) * per_prompt
            if split and (split[-1].key_start, split[-1].key_count) == (start, stop - start):
                first = split.pop().query_start
            split.append(Segment(first, last, start, stop - start))
        splits.append(split)
    return splits


def _key_ranges(tree: PackedTree, ends: Sequence[int]) -> list[list[tuple[int, int]]]:
    """Each prompt as ranges (start, stop) of the packed sequence, cut where the set of prompts sharing it changes."""
    paths = [tree.path(end) for end in ends]
    sharing = Counter(index for path in paths for index in path)
    ranges_of = []
    for path in paths:
        ranges: list[tuple[int, int]] = []
        before = 0
        for index in path:
            node = tree.nodes[index]
            if ranges and ranges[-1][1] == node.start and before == sharing[index]:
                ranges[-1] = ranges[-1][0], node.stop
            else:
                ranges.append((node.start, node.stop))
            before = sharing[index]
        ranges_of.append(ranges)
    return ranges_of


def _cut(ranges: Sequence[tuple[int, int]], max_keys: int) -> list[tuple[int, int]]:
    """The ranges cut into pieces of at most `max_keys` tokens; the pieces of one range are equally long."""
    pieces = []
    for start, stop in ranges:
        number = -(-(stop - start) // max_keys)
        pieces += list(pairwise(start + (stop - start) * n // number for n in range(number + 1)))
    return pieces
