"""Prefill and decode over a prefix tree with one attention call per shared node: few operations, each of them large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models_service.engine.attention import (
    PartialAttention,
    Scoring,
    additive_mask,
    attention,
    causal_attention,
    causal_attention_output,
    merge_partials,
    no_keys_like,
    share_with_sinks,
)
from models_service.engine.packing import PackedTree, PrefixNode
from models_service.engine.per_node_windows import Block, WindowSuffixes, attend_in_blocks, blocks
from models_service.engine.windows import Window

KeysValues = tuple[Tensor, Tensor]
#: Shared nodes with fewer tokens are cheaper copied to each prompt than attended to apart.
MIN_SHARED_TOKENS = 32


class PerNodePrefill:
    """Prefills a packed tree, chunk by chunk, and caches every layer's keys and values, each [1, Hk, T, D]."""

    def __init__(self, tree: PackedTree, last_layer: int, windows: Mapping[int, Window] | None = None) -> None:
        """`windows` of the layers that have one."""
        longest = max(node.position + len(node.tokens) for node in tree.nodes)
        self._windows = {i: window for i, window in (windows or {}).items() if not window.covers(longest)}
        self._blocks: dict[Window, list[Block]] = {}
        self.kv_cache: dict[int, KeysValues] = {}
        self._tree = tree
        self._nodes = tree.nodes
        self._length = tree.nodes[-1].stop
        self._last_layer = last_layer
        self._start, self._stop = 0, 0
        self._logit_indices: Sequence[int] = ()
        self._logit_mask: Tensor | None = None

    @property
    def layers(self) -> list[int]:
        """The layers whose keys and values are cached."""
        return sorted(self.kv_cache)

    def next_chunk(self, stop: int, logit_indices: Sequence[int]) -> None:
        """The next forward pass computes the tokens up to `stop`, and logits at `logit_indices`."""
        self._start, self._stop = self._stop, stop
        self._logit_indices, self._logit_mask = logit_indices, None
        self._blocks.clear()

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scoring: Scoring) -> Tensor:
        kv, window = self._update_cache(layer, k, v), self._windows.get(layer)
        if layer == self._last_layer:
            return self._attend_for_logits(q, kv, scoring, window)
        if window is not None:
            part = attend_in_blocks(self._blocks_of(window, q.device), q, kv, scoring)
        else:
            part = self._attend_to_paths(q, kv, scoring)
        sinks = None if scoring.sinks is None else scoring.sinks[:, None]
        return share_with_sinks(part, sinks).transpose(1, 2).contiguous()

    def _blocks_of(self, window: Window, device: torch.device) -> list[Block]:
        if window not in self._blocks:
            self._blocks[window] = blocks(self._tree, window, self._start, self._stop, device)
        return self._blocks[window]

    def _attend_to_paths(self, q: Tensor, kv: KeysValues, scoring: Scoring) -> PartialAttention:
        """Every token attends to its node up to itself and to the nodes above."""
        keys, values = kv
        start, stop = self._start, self._stop
        _, heads, tokens, _ = q.shape
        out = q.new_empty(1, heads, tokens, values.shape[-1])
        lse = torch.empty(1, heads, tokens, dtype=torch.float32, device=q.device)
        for node in self._nodes:
            if start <= node.start < stop:
                here = slice(node.start - start, node.stop - start)
                there = slice(node.start, node.stop)
                own = (q[:, :, here], keys[:, :, there], values[:, :, there], scoring)
                if node.parent is None and scoring.sinks is None:
                    out[:, :, here] = causal_attention_output(*own)
                else:
                    out[:, :, here], lse[:, :, here] = causal_attention(*own)
        for node in self._nodes:
            if node.start < stop and node.subtree_end > max(node.stop, start):
                self._merge_descendants(node, q, kv, scoring, (out, lse))
        return out, lse

    def _attend_for_logits(self, q: Tensor, kv: KeysValues, scoring: Scoring, window: Window | None) -> Tensor:
        """In the last layer only the logits read a token's output: compute those outputs and leave the others zero."""
        keys, values = (x[:, :, : self._stop] for x in kv)
        if self._logit_mask is None:
            self._logit_mask = additive_mask(self._visible_to_logits(window)).to(q.device)
        places = [index - self._start for index in self._logit_indices]
        _, heads, tokens, width = q.shape
        groups = heads // keys.shape[1]
        grouped = q[:, :, places].reshape(1, keys.shape[1], -1, width)
        part, lse = attention(grouped, keys, values, scoring, self._logit_mask.repeat(groups, 1))
        sinks = None if scoring.sinks is None else scoring.sinks.view(keys.shape[1], groups)
        part = share_with_sinks((part, lse), None if sinks is None else sinks.repeat_interleave(len(places), 1))
        out = q.new_zeros(1, tokens, heads, values.shape[-1])
        out[:, places] = part.reshape(1, heads, len(places), -1).transpose(1, 2)
        return out

    def _visible_to_logits(self, window: Window | None) -> Tensor:
        """Which tokens each token with logits attends to, [logits, tokens so far]."""
        visible = torch.zeros(len(self._logit_indices), self._stop, dtype=torch.bool)
        for row, place in zip(visible, self._logit_indices, strict=True):
            here = next(i for i, node in enumerate(self._nodes) if node.start <= place < node.stop)
            position = self._nodes[here].position + place - self._nodes[here].start
            first = 0 if window is None else window.first(position)
            for index in self._tree.path(here):
                node = self._nodes[index]
                row[node.start + max(first - node.position, 0) : min(node.stop, place + 1)] = True
        return visible

    def _merge_descendants(
        self, node: PrefixNode, q: Tensor, kv: KeysValues, scoring: Scoring, into: PartialAttention
    ) -> None:
        """Everything below the node attends to all of it."""
        here = slice(max(node.stop, self._start) - self._start, min(node.subtree_end, self._stop) - self._start)
        if here.stop <= here.start:
            return
        keys, values = (x[:, :, node.start : node.stop] for x in kv)
        out, lse = into
        heads, queries = q.shape[1], here.stop - here.start
        grouped = q[:, :, here].reshape(1, keys.shape[1], -1, q.shape[-1])
        part_out, part_lse = attention(grouped, keys, values, scoring)
        part = part_out.reshape(1, heads, queries, -1), part_lse.reshape(1, heads, queries)
        out[:, :, here], lse[:, :, here] = merge_partials((out[:, :, here], lse[:, :, here]), part)

    def _update_cache(self, layer: int, k: Tensor, v: Tensor) -> KeysValues:
        if k.shape[2] == self._length:
            self.kv_cache[layer] = k.contiguous(), v.contiguous()
            return self.kv_cache[layer]
        if layer not in self.kv_cache:
            self.kv_cache[layer] = _allocate(k, self._length), _allocate(v, self._length)
        for cached, new in zip(self.kv_cache[layer], (k, v), strict=True):
            cached[:, :, self._start : self._stop] = new
        return self.kv_cache[layer]


def _allocate(like: Tensor, length: int, rows: int = 1) -> Tensor:
    """Uninitialised keys or values [rows, Hk, length, D], given some of shape [1, Hk, T, D]."""
    return like.new_empty(rows, like.shape[1], length, like.shape[-1])


@dataclass(frozen=True, slots=True)
class SharedPrefix:
    """A node that the rows from `first` up to `last` attend to."""

    first: int
    last: int
    node: PrefixNode


class PerNodeDecode:
    """Decodes rows that continue prompts: `per_prompt` rows for each prompt that ends at `ends`, in the tree's order.

    Each row has keys and values of its own. Nodes that several prompts share exist once. What only one prompt has is
    padded to a batch of suffixes.
    """

    def __init__(
        self,
        tree: PackedTree,
        prefill: PerNodePrefill,
        ends: Sequence[int],
        per_prompt: int,
        capacity: int,
        windows: Mapping[int, Window] | None = None,
    ) -> None:
        self.rows = len(ends) * per_prompt
        self.length = 0
        self._capacity = capacity
        lengths = [tree.nodes[end].position + len(tree.nodes[end].tokens) for end in ends]
        longest = max(lengths) + capacity
        self._windows = {i: window for i, window in (windows or {}).items() if not window.covers(longest)}
        self._suffixes_of = {w: WindowSuffixes(tree, ends, w) for w in dict.fromkeys(self._windows.values())}
        self._prompt_lengths = torch.tensor([one for one in lengths for _ in range(per_prompt)])
        self._prompt_cache = prefill.kv_cache
        self._own_cache: dict[int, KeysValues] = {}
        self._levels = _levels(tree, ends, per_prompt)
        shared = {id(prefix.node) for level in self._levels for prefix in level}
        paths = [[tree.nodes[i] for i in tree.path(end)] for end in ends]
        self._suffixes = _PromptSuffixes([[n for n in path if id(n) not in shared] for path in paths])

    def step(self, positions: Tensor, visible: Tensor | None = None) -> None:
        """As `DecodePlan.step`."""
        self._own_masks: dict[Window | None, Tensor | None] = {None: None}
        if visible is not None:
            self._own_masks[None] = additive_mask(visible)[:, None]
        self._suffix_steps: dict[Window, tuple[int, Tensor | None]] = {}
        for window, suffixes in self._suffixes_of.items():
            self._own_masks[window] = self._own_mask_through(window, positions, visible)
            self._suffix_steps[window] = suffixes.step(positions, self.length)

    def _own_mask_through(self, window: Window, positions: Tensor, visible: Tensor | None) -> Tensor | None:
        """The mask of the rows' own keys where a window may have passed some of them."""
        lengths = self._prompt_lengths.to(positions.device)[:, None]
        before = lengths + torch.arange(self.length, device=positions.device)
        keys = torch.cat([before, positions], 1)
        seen = keys[:, None] >= window.first(positions)[:, :, None]
        return additive_mask(seen if visible is None else seen & visible)[:, None]

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scoring: Scoring) -> Tensor:
        rows, (_, heads, tokens, width) = self.rows, q.shape
        kv_heads, new = k.shape[1], tokens // rows
        queries = q.view(kv_heads, heads // kv_heads, rows, new, width).permute(2, 0, 1, 3, 4)
        queries = queries.reshape(rows, kv_heads, -1, width)
        window = self._windows.get(layer)
        own = self._update_own_cache(layer, k, v, new)
        part = attention(queries, *own, scoring, self._own_mask(window, queries, new))
        if window is not None:
            part = self._merge_through(window, layer, queries, scoring, part)
        else:
            part = self._merge_prompts(layer, queries, scoring, part)
        sinks = scoring.sinks
        if sinks is not None:
            sinks = sinks.view(kv_heads, -1).repeat_interleave(new, 1)
        out = share_with_sinks(part, sinks).view(rows, kv_heads, heads // kv_heads, new, -1).permute(0, 3, 1, 2, 4)
        return out.reshape(1, tokens, heads, -1)

    def _merge_prompts(self, layer: int, q: Tensor, scoring: Scoring, part: PartialAttention) -> PartialAttention:
        """Attend to the whole prompts."""
        if (suffixes := self._suffixes.of(layer, self._prompt_cache)) is not None:
            part = merge_partials(part, _attend_by_group(q, suffixes, scoring, self._suffixes.mask))
        for level in self._levels:
            part = merge_partials(part, self._attend_to_level(level, layer, q, scoring, part))
        return part

    def _merge_through(
        self, window: Window, layer: int, q: Tensor, scoring: Scoring, part: PartialAttention
    ) -> PartialAttention:
        """Attend to what the window still shows of the prompts."""
        skipped, mask = self._suffix_steps[window]
        keys, values = self._suffixes_of[window].keys_values(layer, self._prompt_cache)
        if skipped == keys.shape[2]:
            return part
        if mask is not None:
            heads = q.shape[2] // mask.shape[2]
            mask = mask[:, :, None].expand(-1, -1, heads, -1, -1).flatten(1, 3)[:, None]
        seen = keys[:, :, skipped:], values[:, :, skipped:]
        return merge_partials(part, _attend_by_group(q, seen, scoring, mask))

    def _update_own_cache(self, layer: int, k: Tensor, v: Tensor, new: int) -> KeysValues:
        """The rows' own keys and values, with the new ones, [rows, Hk, length + new, D]."""
        if layer not in self._own_cache:
            self._own_cache[layer] = _allocate(k, self._capacity, self.rows), _allocate(v, self._capacity, self.rows)
        for cached, x in zip(self._own_cache[layer], (k, v), strict=True):
            by_row = x.view(x.shape[1], self.rows, new, x.shape[-1]).transpose(0, 1)
            cached[:, :, self.length : self.length + new] = by_row
        keys, values = self._own_cache[layer]
        return keys[:, :, : self.length + new], values[:, :, : self.length + new]

    def _own_mask(self, window: Window | None, queries: Tensor, new: int) -> Tensor | None:
        """The mask for queries [rows, Hk, heads per Hk x new, D]."""
        mask = self._own_masks[window]
        return None if mask is None else mask.repeat(1, 1, queries.shape[2] // new, 1)

    def _attend_to_level(
        self, level: list[SharedPrefix], layer: int, q: Tensor, scoring: Scoring, like: PartialAttention
    ) -> PartialAttention:
        """Attention to nodes that share no row. Rows without such a node attend to nothing."""
        keys, values = self._prompt_cache[layer]
        parts: list[PartialAttention] = []
        done = 0
        for prefix in level:
            if prefix.first > done:
                parts.append(no_keys_like((like[0][done : prefix.first], like[1][done : prefix.first])))
            there = slice(prefix.node.start, prefix.node.stop)
            kv = keys[:, :, there], values[:, :, there]
            parts.append(_attend_by_group(q[prefix.first : prefix.last], kv, scoring, None))
            done = prefix.last
        if done < self.rows:
            parts.append(no_keys_like((like[0][done:], like[1][done:])))
        if len(parts) == 1:
            return parts[0]
        return torch.cat([out for out, _ in parts]), torch.cat([lse for _, lse in parts])


def _attend_by_group(q: Tensor, kv: KeysValues, scoring: Scoring, mask: Tensor | None) -> PartialAttention:
    """Rows [R, Hk, M, D], in equal groups, attend to the keys and values of their group [G, Hk, N, D]."""
    keys, values = kv
    groups, (rows, heads, queries, width) = keys.shape[0], q.shape
    if groups == rows:
        return attention(q, keys, values, scoring, mask)
    grouped = q.view(groups, rows // groups, heads, queries, width).transpose(1, 2)
    out, lse = attention(grouped.reshape(groups, heads, -1, width), keys, values, scoring, mask)
    out = out.view(groups, heads, rows // groups, queries, -1).transpose(1, 2)
    lse = lse.view(groups, heads, rows // groups, queries).transpose(1, 2)
    return out.reshape(rows, heads, queries, -1), lse.reshape(rows, heads, queries)


def _levels(tree: PackedTree, ends: Sequence[int], per_prompt: int) -> list[list[SharedPrefix]]:
    """The shared nodes worth attending to apart. Nodes of one level share no row."""
    spans: dict[int, tuple[int, int]] = {}
    for place, end in enumerate(ends):
        for index in tree.path(end):
            spans[index] = spans.get(index, (place, place))[0], place + 1
    levels: list[list[SharedPrefix]] = []
    for index, (first, last) in spans.items():
        node = tree.nodes[index]
        if last - first > 1 and len(node.tokens) >= MIN_SHARED_TOKENS:
            prefix = SharedPrefix(first * per_prompt, last * per_prompt, node)
            for level in levels:
                if level[-1].last <= prefix.first:
                    level.append(prefix)
                    break
            else:
                levels.append([prefix])
    return levels


class _PromptSuffixes:
    """What each prompt has for itself, gathered from the packed sequence and padded to the longest."""

    def __init__(self, suffixes: list[list[PrefixNode]]) -> None:
        places = [[i for node in nodes for i in range(node.start, node.stop)] for nodes in suffixes]
        longest = max(map(len, places))
        self._count, self._longest = len(places), longest
        self._places = places
        self._gathered: dict[int, KeysValues] = {}
        lengths = torch.tensor([len(p) for p in places])
        ragged = bool((lengths != longest).any())
        visible = torch.arange(longest) < lengths[:, None]
        self.mask = additive_mask(visible)[:, None, None] if ragged else None

    def of(self, layer: int, kv_cache: dict[int, KeysValues]) -> KeysValues | None:
        """Keys and values [G, Hk, N, D] of a layer, gathered at their first use; None if there are none."""
        if not self._longest:
            return None
        if layer not in self._gathered:
            keys, values = kv_cache[layer]
            self._gathered[layer] = self._gather(keys), self._gather(values)
        return self._gathered[layer]

    def _gather(self, cached: Tensor) -> Tensor:
        first = self._places[0]
        if self._count == 1 and first[-1] - first[0] == len(first) - 1:
            return cached[:, :, first[0] : first[-1] + 1]
        if self.mask is not None:
            self.mask = self.mask.to(cached.device)
        padded = [p + [0] * (self._longest - len(p)) for p in self._places]
        index = torch.tensor(padded, device=cached.device)
        return cached[0][:, index].transpose(0, 1).contiguous()
