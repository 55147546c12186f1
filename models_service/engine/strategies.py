"""The two strategies to attend over a prefix tree: a call per node, for a CPU; variable-length calls, for a GPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch

from models_service.engine.attention import AttentionPlan
from models_service.engine.cuda_graph_batch import CudaGraphBatch
from models_service.engine.decode_batch import DecodeBatch, ForwardPass
from models_service.engine.packing import PackedTree
from models_service.engine.per_node_plans import PerNodeDecode, PerNodePrefill
from models_service.engine.varlen_attention import Segment
from models_service.engine.varlen_plans import MAX_SPLIT_KEYS, KVCache, VarlenDecode, VarlenPrefill, split_prompts
from models_service.engine.varlen_windows import ranges_through
from models_service.engine.windows import Window


class PrefillPlan(AttentionPlan, Protocol):
    """A plan that prefills a packed tree chunk by chunk."""

    @property
    def layers(self) -> list[int]:
        """The layers whose keys and values are cached."""

    def next_chunk(self, stop: int, logit_indices: Sequence[int]) -> None:
        """The next forward pass computes the tokens up to `stop`, and logits at `logit_indices`."""


class AttentionStrategy(Protocol):
    """Makes the prefill and decode plans of a packed tree."""

    chunk: int
    """The most prompt tokens in one forward pass. Longer trees are prefilled in chunks."""

    def prefill_plan(self, tree: PackedTree, rows: int = 0, max_new_tokens: int = 0) -> PrefillPlan:
        """Prefill the prompts, which `rows` of at most `max_new_tokens` may then continue."""

    def decode_batch(
        self, tree: PackedTree, prefill: Any, ends: Sequence[int], per_prompt: int, max_new_tokens: int
    ) -> DecodeBatch:
        """`per_prompt` rows for each prompt that ends at `ends`, which are in the tree's order."""


class PerNodeStrategy:
    """Every shared node is a call of its own: few operations, each of them large."""

    chunk = 4096

    def __init__(
        self,
        forward: ForwardPass,
        layers: int,
        tail: int,
        end_ids: frozenset[int],
        device: torch.device,
        windows: Mapping[int, Window] | None = None,
    ) -> None:
        self._forward, self._layers, self._tail, self._windows = forward, layers, tail, windows
        self._end_ids, self._device = end_ids, device

    def prefill_plan(self, tree: PackedTree, rows: int = 0, max_new_tokens: int = 0) -> PerNodePrefill:
        return PerNodePrefill(tree, self._layers - 1, self._windows)

    def decode_batch(
        self, tree: PackedTree, prefill: PerNodePrefill, ends: Sequence[int], per_prompt: int, max_new_tokens: int
    ) -> DecodeBatch:
        capacity = max_new_tokens + self._tail + 1
        plan = PerNodeDecode(tree, prefill, ends, per_prompt, capacity, self._windows)
        lengths = torch.tensor(_prompt_lengths(tree, ends, per_prompt), device=self._device)
        return DecodeBatch(self._forward, plan, lengths, self._end_ids)


class VarlenStrategy:
    """A level of the tree is one call, the decoding step is a CUDA graph, and buffers stay where they are."""

    chunk = 16384
    #: Numbers of splits and of segments are rounded up to these, so that similar passages share a captured graph.
    splits_multiple, segments_multiple = 4, 16
    #: How many captured graphs are kept.
    max_graphs = 16

    def __init__(
        self,
        forward: ForwardPass,
        tail: int,
        end_ids: frozenset[int],
        device: torch.device,
        windows: Mapping[int, Window] | None = None,
    ) -> None:
        self._forward, self._tail, self._end_ids, self._device = forward, tail, end_ids, device
        self._windows = windows or {}
        self._cache = KVCache()
        self._batches: dict[tuple[object, ...], CudaGraphBatch] = {}

    def prefill_plan(self, tree: PackedTree, rows: int = 0, max_new_tokens: int = 0) -> VarlenPrefill:
        before = self._cache.generation
        self._cache.reserve(tree.nodes[-1].stop + rows * self._capacity(max_new_tokens))
        if self._cache.generation != before:
            self._batches.clear()
        return VarlenPrefill(tree, self._cache, self._device, self._windows)

    def decode_batch(
        self, tree: PackedTree, prefill: Any, ends: Sequence[int], per_prompt: int, max_new_tokens: int
    ) -> CudaGraphBatch:
        rows, splits = len(ends) * per_prompt, split_prompts(tree, ends, per_prompt)
        splits += [[Segment(0, rows)]] * (-(len(splits) + 1) % self.splits_multiple)
        segments = rows + sum(map(len, splits))
        segments += -segments % self.segments_multiple
        lengths, capacity = _prompt_lengths(tree, ends, per_prompt), self._capacity(max_new_tokens)
        ranges = {
            window: ranges_through(tree, ends, per_prompt, window, MAX_SPLIT_KEYS)
            for window in dict.fromkeys(self._windows.values())
            if not window.covers(max(lengths) + capacity)
        }
        through = {window: self._rounded(1 + max(map(len, one))) for window, one in ranges.items()}
        shape = (rows, len(splits) + 1, segments, max_new_tokens, tuple(through.items()))
        if shape not in self._batches:
            if len(self._batches) >= self.max_graphs:
                del self._batches[next(iter(self._batches))]
            plan = VarlenDecode(
                self._cache, rows, len(splits) + 1, segments, capacity, self._device, self._windows, through
            )
            self._batches[shape] = CudaGraphBatch(self._forward, plan, max_new_tokens, self._end_ids)
        batch = self._batches[shape]
        batch.plan.begin(splits, tree.nodes[-1].stop, lengths, ranges)
        return batch.begin(lengths)

    def _rounded(self, splits: int) -> int:
        return splits + -splits % self.splits_multiple

    def _capacity(self, max_new_tokens: int) -> int:
        """Slots for a row's new tokens, one that may stay empty, and the tail."""
        return max_new_tokens + self._tail + 1


def _prompt_lengths(tree: PackedTree, ends: Sequence[int], per_prompt: int) -> list[int]:
    """How many tokens each row's prompt has."""
    nodes = [tree.nodes[end] for end in ends]
    return [node.position + len(node.tokens) for node in nodes for _ in range(per_prompt)]
