"""Many attentions in one call: stretches of queries, each to a stretch of keys that may lie anywhere.

A prefix tree in depth-first order is made of stretches: a node's tokens lie together, and so does everything
that attends to them. So a level of the tree is one call of a kernel for sequences of many lengths, and what
changes from one passage to the next are small tensors of numbers, which a recorded CUDA graph reads anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models_service.engine.attention import NOTHING, Part, attend, attend_causally


@dataclass(frozen=True, slots=True)
class Stretch:
    """Queries from `first` up to `last` attend to `count` keys from `start`."""

    first: int
    last: int
    start: int = 0
    count: int = 0


@dataclass(slots=True)
class Stretches:
    """Stretches one behind the other, their queries without a gap; int32, as the kernel wants them."""

    query_ends: Tensor
    """[n + 1]: stretch i has the queries from query_ends[i] up to query_ends[i + 1]."""
    key_starts: Tensor
    """[n + 1]; the last is not read."""
    key_counts: Tensor
    """[n]"""
    most_queries: int
    most_keys: int
    causal: bool = False
    """Its queries are its keys, and each sees those up to itself."""

    @classmethod
    def of(cls, stretches: Sequence[Stretch], device: torch.device, *, causal: bool = False) -> Stretches:
        """Each must begin where the one before it ends."""
        first = stretches[0].first

        def tensor(numbers: list[int]) -> Tensor:
            return torch.tensor(numbers, dtype=torch.int32, device=device)

        return cls(
            query_ends=tensor([0, *(one.last - first for one in stretches)]),
            key_starts=tensor([*(one.start for one in stretches), 0]),
            key_counts=tensor([one.count for one in stretches]),
            most_queries=max(one.last - one.first for one in stretches),
            most_keys=max(one.count for one in stretches),
            causal=causal,
        )


def attend_stretches(q: Tensor, k: Tensor, v: Tensor, stretches: Stretches, scale: float) -> Part:
    """q [Q, H, D], k [K, Hk, D] and v [K, Hk, Dv] to outputs [Q, H, Dv] and log-sum-exps [H, Q].

    Query heads are grouped by key head. Where a stretch has no keys the output is 0 and the log-sum-exp infinite:
    see `known`.
    """
    if q.device.type == "cuda":
        return _fused(q, k, v, stretches, scale)
    return _one_by_one(q, k, v, stretches, scale)


def known(log_sum: Tensor) -> Tensor:
    """The log-sum-exps with that of no keys as a number that weighs nothing and makes no NaN."""
    return torch.where(log_sum.isinf(), NOTHING, log_sum)


def _fused(q: Tensor, k: Tensor, v: Tensor, stretches: Stretches, scale: float) -> Part:
    """torch's flash kernel for sequences of many lengths; half precision."""
    out, log_sum, *_ = torch.ops.aten._flash_attention_forward(
        q,
        k,
        v,
        stretches.query_ends,
        stretches.key_starts,
        stretches.most_queries,
        stretches.most_keys,
        0.0,
        stretches.causal,
        False,
        scale=scale,
        seqused_k=stretches.key_counts,
    )
    return out, log_sum


def _one_by_one(q: Tensor, k: Tensor, v: Tensor, stretches: Stretches, scale: float) -> Part:
    """The same on a CPU, a call a stretch: what the kernel is expected to say."""
    out = q.new_zeros(*q.shape[:2], v.shape[-1])
    log_sum = torch.full((q.shape[1], q.shape[0]), torch.inf)
    ends = stretches.query_ends.tolist()
    starts, counts = stretches.key_starts.tolist(), stretches.key_counts.tolist()
    for first, last, start, count in zip(ends, ends[1:], starts, counts, strict=False):
        if first == last or not count:
            continue
        mine = q[first:last].transpose(0, 1)[None]
        keys, values = (x[start : start + count].transpose(0, 1)[None] for x in (k, v))
        if stretches.causal:
            part_out, part_log = attend_causally(mine, keys, values, scale)
        else:
            heads = keys.shape[1]
            grouped = mine.reshape(1, heads, -1, mine.shape[-1])
            part_out, part_log = attend(grouped, keys, values, scale)
            part_out = part_out.reshape(1, mine.shape[1], last - first, -1)
        out[first:last] = part_out[0].transpose(0, 1)
        log_sum[:, first:last] = part_log.reshape(-1, last - first)
    return out, log_sum
