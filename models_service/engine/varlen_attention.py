"""Variable-length attention: many attentions in one call, each of a segment of queries to a range of keys.

In depth-first order the tokens of a prefix tree's node are consecutive, and so is everything that attends to them.
So one level of the tree is one call of the flash kernel for variable-length sequences. What differs between passages is
in small tensors, which a captured CUDA graph reads again at each replay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models_service.engine.attention import NO_KEYS_LSE, PartialAttention, Scoring, attention, causal_attention
from models_service.engine.windows import UnsupportedArchitecture, Window


@dataclass(frozen=True, slots=True)
class Segment:
    """Queries from `query_start` up to `query_stop` attend to `key_count` keys from `key_start`."""

    query_start: int
    query_stop: int
    key_start: int = 0
    key_count: int = 0


@dataclass(slots=True)
class Segments:
    """Segments whose queries follow one another without a gap, as the kernel's int32 tensors."""

    cu_seqlens_q: Tensor
    """[n + 1]: segment i has the queries from cu_seqlens_q[i] up to cu_seqlens_q[i + 1]."""
    key_starts: Tensor
    """[n + 1]; the last is not read. The kernel's `cu_seqlens_k`, which need not be cumulative with `seqused_k`."""
    seqused_k: Tensor
    """[n]: how many keys each segment has."""
    max_seqlen_q: int
    max_seqlen_k: int
    causal: bool = False
    """Whether the queries are their own keys, and each attends to those up to itself."""
    last: int | None = None
    """With `causal`: each attends to so many of them, the last ones."""

    @classmethod
    def of(
        cls, segments: Sequence[Segment], device: torch.device, *, causal: bool = False, last: int | None = None
    ) -> Segments:
        """Each segment must begin where the one before it ends."""
        first = segments[0].query_start

        def tensor(numbers: list[int]) -> Tensor:
            return torch.tensor(numbers, dtype=torch.int32, device=device)

        return cls(
            cu_seqlens_q=tensor([0, *(one.query_stop - first for one in segments)]),
            key_starts=tensor([*(one.key_start for one in segments), 0]),
            seqused_k=tensor([one.key_count for one in segments]),
            max_seqlen_q=max(one.query_stop - one.query_start for one in segments),
            max_seqlen_k=max(one.key_count for one in segments),
            causal=causal,
            last=last,
        )


def varlen_attention(q: Tensor, k: Tensor, v: Tensor, segments: Segments, scoring: Scoring) -> PartialAttention:
    """q [Q, H, D], k [K, Hk, D] and v [K, Hk, Dv] to outputs [Q, H, Dv] and log-sum-exps [H, Q].

    Query heads are grouped by key head. Where a segment has no keys, the output is 0 and the log-sum-exp infinite:
    see `finite_lse`. Raises UnsupportedArchitecture for a soft cap, which the kernel does not know.
    """
    if scoring.softcap is not None:
        raise UnsupportedArchitecture("its attention has a soft cap")
    if q.device.type == "cuda":
        return _flash_varlen(q, k, v, segments, scoring.scale)
    return _reference(q, k, v, segments, scoring)


def finite_lse(lse: Tensor) -> Tensor:
    """The log-sum-exps, with that of no keys as a number that weighs nothing and makes no NaN."""
    return torch.where(lse.isinf(), NO_KEYS_LSE, lse)


def _flash_varlen(q: Tensor, k: Tensor, v: Tensor, segments: Segments, scale: float) -> PartialAttention:
    """torch's flash kernel for variable-length sequences; half precision."""
    out, lse, *_ = torch.ops.aten._flash_attention_forward(
        q,
        k,
        v,
        segments.cu_seqlens_q,
        segments.key_starts,
        segments.max_seqlen_q,
        segments.max_seqlen_k,
        0.0,
        segments.causal,
        False,
        scale=scale,
        window_size_left=None if segments.last is None else segments.last - 1,
        window_size_right=None if segments.last is None else 0,
        seqused_k=segments.seqused_k,
    )
    return out, lse


def _reference(q: Tensor, k: Tensor, v: Tensor, segments: Segments, scoring: Scoring) -> PartialAttention:
    """The same on a CPU, one call per segment: the expected output of the kernel."""
    out = q.new_zeros(*q.shape[:2], v.shape[-1])
    lse = torch.full((q.shape[1], q.shape[0]), torch.inf)
    ends = segments.cu_seqlens_q.tolist()
    starts, counts = segments.key_starts.tolist(), segments.seqused_k.tolist()
    for first, last, start, count in zip(ends, ends[1:], starts, counts, strict=False):
        if first == last or not count:
            continue
        queries = q[first:last].transpose(0, 1)[None]
        keys, values = (x[start : start + count].transpose(0, 1)[None] for x in (k, v))
        if segments.causal:
            window = None if segments.last is None else Window(segments.last)
            part_out, part_lse = causal_attention(queries, keys, values, scoring, window)
        else:
            heads = keys.shape[1]
            grouped = queries.reshape(1, heads, -1, queries.shape[-1])
            part_out, part_lse = attention(grouped, keys, values, scoring)
            part_out = part_out.reshape(1, queries.shape[1], last - first, -1)
        out[first:last] = part_out[0].transpose(0, 1)
        lse[:, first:last] = part_lse.reshape(-1, last - first)
    return out, lse
