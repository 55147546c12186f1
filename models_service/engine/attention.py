"""Attention over a prefix tree: partial attentions, merged by their log-sum-exps (LSE).

Softmax over the keys A ∪ B equals the two softmaxes, each weighted by its normaliser. So the keys of a shared prefix
need to exist only once, whatever attends to them. Tensors: q [B, Hk, M, D], k [B, Hk, N, D] and v [B, Hk, N, Dv].
Hk counts key-value heads; M = rows x (query heads per key-value head) x new tokens.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import causal_mask_function

ATTENTION_NAME = "second_reader_prefix_tree"
#: The log-sum-exp of attention to no keys: its weight is 0 and, unlike -inf, it makes no NaN.
NO_KEYS_LSE = -1e30

PartialAttention = tuple[Tensor, Tensor]
"""Attention to some of the keys: output [B, Hk, M, Dv] and log-sum-exp [B, Hk, M] in fp32."""


class UnsupportedArchitecture(Exception):
    """The prefix tree would not be exact for this architecture. The message says why."""


class AttentionPlan(Protocol):
    """Which tokens attend to which in one forward pass."""

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        """Queries [1, H, T, D], keys and values [1, Hk, T, D] of the new tokens, to outputs [1, T, H, Dv]."""


#: The plan of the running forward pass.
ACTIVE_PLAN: ContextVar[AttentionPlan | None] = ContextVar("active_plan", default=None)


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
    """What transformers' attention layers call: hands over to the active plan."""
    plan = ACTIVE_PLAN.get()
    if plan is None:
        raise RuntimeError("this model belongs to a prefix tree: call it through its backend")
    unknown = {
        name for name in ("sliding_window", "softcap", "s_aux", "position_bias") if features.get(name) is not None
    }
    if unknown or dropout or not getattr(module, "is_causal", True):
        raise UnsupportedArchitecture(f"its attention uses {', '.join(sorted(unknown)) or 'dropout or no causal mask'}")
    if not hasattr(module, "layer_idx"):
        raise UnsupportedArchitecture("its attention layers are not numbered")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return plan.attend(module.layer_idx, query, key, value, scale), None


def _mask(*_: Any, mask_function: Any = causal_mask_function, **__: Any) -> None:
    """Build no mask. A plan is causal, so any other mask is not supported."""
    if mask_function is not causal_mask_function:
        raise UnsupportedArchitecture("it masks more than the future (a sliding window, chunks or blocks)")


AttentionInterface.register(ATTENTION_NAME, _attention)
AttentionMaskInterface.register(ATTENTION_NAME, _mask)


def attention(q: Tensor, k: Tensor, v: Tensor, scale: float, mask: Tensor | None = None) -> PartialAttention:
    """Every query attends to every key. `mask`, broadcast to [B, Hk, M, N], is added to the scores."""
    if _flash_supports(q, v) and (mask is None or q.device.type == "cpu"):
        return _flash_attention(q, k, v, scale, mask=mask)
    scores = ((q * scale) @ k.transpose(-1, -2)).float()
    if mask is not None:
        scores += mask
    lse = scores.logsumexp(-1, keepdim=True)
    return scores.sub_(lse).exp_().to(v.dtype) @ v, lse.squeeze(-1)


def causal_attention(q: Tensor, k: Tensor, v: Tensor, scale: float) -> PartialAttention:
    """Causal self-attention of consecutive tokens: q [1, H, T, D], k and v [1, Hk, T, D], not grouped by key head."""
    groups = q.shape[1] // k.shape[1]
    k, v = (x.repeat_interleave(groups, 1) for x in (k, v))
    if _flash_supports(q, v):
        return _flash_attention(q, k, v, scale, causal=True)
    visible = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device).tril()
    return attention(q, k, v, scale, additive_mask(visible))


def causal_attention_output(q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
    """The same without a log-sum-exp, where nothing will be merged with it."""
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale, enable_gqa=q.shape[1] != k.shape[1])


def additive_mask(visible: Tensor) -> Tensor:
    """A mask to add to attention scores, from a boolean mask of what may be attended to."""
    return torch.zeros(visible.shape, device=visible.device).masked_fill_(~visible, NO_KEYS_LSE)


def _flash_supports(q: Tensor, v: Tensor) -> bool:
    """Whether a flash kernel supports these: on a GPU only half precision and head sizes that are multiples of 8."""
    if q.shape[-1] != v.shape[-1]:
        return False
    return q.device.type == "cpu" or (q.dtype != torch.float32 and q.shape[-1] % 8 == 0)


def _flash_attention(
    q: Tensor, k: Tensor, v: Tensor, scale: float, *, causal: bool = False, mask: Tensor | None = None
) -> PartialAttention:
    """torch's flash kernels, which return the log-sum-exp that the public function leaves out."""
    if q.device.type == "cpu":
        kernel = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        out, lse = kernel(q, k, v, 0.0, causal, attn_mask=mask, scale=scale)
    else:
        kernel = torch.ops.aten._scaled_dot_product_flash_attention
        out, lse = kernel(q, k, v, 0.0, causal, False, scale=scale)[:2]
    return out, lse.float()


def no_keys_like(part: PartialAttention) -> PartialAttention:
    """Attention to no key, of the same shape."""
    return torch.zeros_like(part[0]), torch.full_like(part[1], NO_KEYS_LSE)


def merge_partials(one: PartialAttention, other: PartialAttention) -> PartialAttention:
    """The attention over the keys of both."""
    (out, lse), (other_out, other_lse) = one, other
    weight = (other_lse - lse).sigmoid_().unsqueeze(-1).to(out.dtype)
    return torch.lerp(out, other_out, weight), torch.logaddexp(lse, other_lse)
