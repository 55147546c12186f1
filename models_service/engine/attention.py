"""Attention over a prefix tree: parts computed apart and merged by their log-sum-exp.

softmax over keys A ∪ B equals the two softmaxes weighted by their normalisers, so the keys of a shared
prefix need to exist only once, whatever reads them. Tensors: q [B, Hk, M, D], k [B, Hk, N, D] and
v [B, Hk, N, Dv]; Hk counts key-value heads, M = rows x (query heads per key-value head) x new tokens.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import causal_mask_function

NAME = "second_reader_prefix_tree"
#: Log-normaliser of a part without keys: its weight is 0 and, unlike -inf, it makes no NaN.
NOTHING = -1e30

Part = tuple[Tensor, Tensor]
"""Attention output [B, Hk, M, Dv] and log-sum-exp [B, Hk, M] in fp32."""


class NotCovered(Exception):
    """The prefix tree would not be exact for this architecture; the message says why."""


class Plan(Protocol):
    """Who attends to what in one forward pass."""

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        """q [1, H, T, D], k and v [1, Hk, T, D] of the new tokens, to [1, T, H, Dv]."""


#: The plan of the forward pass that is running.
PLAN: ContextVar[Plan | None] = ContextVar("plan", default=None)


def _attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **features: Any,
) -> tuple[Tensor, None]:
    """The function that transformers' attention layers call: hands over to the running plan."""
    plan = PLAN.get()
    if plan is None:
        raise RuntimeError("this model belongs to a prefix tree: call it through its backend")
    unknown = {
        name for name in ("sliding_window", "softcap", "s_aux", "position_bias") if features.get(name) is not None
    }
    if unknown or dropout or not getattr(module, "is_causal", True):
        raise NotCovered(f"its attention uses {', '.join(sorted(unknown)) or 'dropout or no causal mask'}")
    if not hasattr(module, "layer_idx"):
        raise NotCovered("its attention layers are not numbered")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return plan.attend(module.layer_idx, query, key, value, scale), None


def _mask(*_: Any, mask_function: Any = causal_mask_function, **__: Any) -> None:
    """No mask is ever built; asked for another than the causal one, say that it is not covered."""
    if mask_function is not causal_mask_function:
        raise NotCovered("it masks more than the future (a sliding window, chunks or blocks)")


AttentionInterface.register(NAME, _attention)
AttentionMaskInterface.register(NAME, _mask)


def attend(q: Tensor, k: Tensor, v: Tensor, scale: float, mask: Tensor | None = None) -> Part:
    """Every query to every key; `mask`, broadcast to [B, Hk, M, N], is added to the scores."""
    if _fuses(q, v) and (mask is None or q.device.type == "cpu"):
        return _fused(q, k, v, scale, mask=mask)
    scores = ((q * scale) @ k.transpose(-1, -2)).float()
    if mask is not None:
        scores += mask
    log_sum = scores.logsumexp(-1, keepdim=True)
    return scores.sub_(log_sum).exp_().to(v.dtype) @ v, log_sum.squeeze(-1)


def attend_causally(q: Tensor, k: Tensor, v: Tensor, scale: float) -> Part:
    """A stretch of new tokens to itself: q [1, H, T, D], k and v [1, Hk, T, D]; heads stay apart."""
    groups = q.shape[1] // k.shape[1]
    k, v = (x.repeat_interleave(groups, 1) for x in (k, v))
    if _fuses(q, v):
        return _fused(q, k, v, scale, causal=True)
    seen = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device).tril()
    return attend(q, k, v, scale, as_added(seen))


def only_causally(q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
    """The same where nothing is merged to it, so that no log-sum-exp is needed."""
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale, enable_gqa=q.shape[1] != k.shape[1])


def as_added(seen: Tensor) -> Tensor:
    """A mask to add to scores, from what is seen (boolean)."""
    return torch.zeros(seen.shape, device=seen.device).masked_fill_(~seen, NOTHING)


def _fuses(q: Tensor, v: Tensor) -> bool:
    """Whether a flash kernel takes these: on a GPU only half precision and widths that are multiples of 8."""
    if q.shape[-1] != v.shape[-1]:
        return False
    return q.device.type == "cpu" or (q.dtype != torch.float32 and q.shape[-1] % 8 == 0)


def _fused(q: Tensor, k: Tensor, v: Tensor, scale: float, *, causal: bool = False, mask: Tensor | None = None) -> Part:
    """torch's flash kernels, which return the log-sum-exp that the public function drops."""
    if q.device.type == "cpu":
        kernel = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        out, log_sum = kernel(q, k, v, 0.0, causal, attn_mask=mask, scale=scale)
    else:
        kernel = torch.ops.aten._scaled_dot_product_flash_attention
        out, log_sum = kernel(q, k, v, 0.0, causal, False, scale=scale)[:2]
    return out, log_sum.float()


def nothing_like(part: Part) -> Part:
    """A part that attends to no key."""
    return torch.zeros_like(part[0]), torch.full_like(part[1], NOTHING)


def merge(one: Part, other: Part) -> Part:
    """The attention over the keys of both."""
    (out, log_sum), (other_out, other_log_sum) = one, other
    weight = (other_log_sum - log_sum).sigmoid_().unsqueeze(-1).to(out.dtype)
    return torch.lerp(out, other_out, weight), torch.logaddexp(log_sum, other_log_sum)
