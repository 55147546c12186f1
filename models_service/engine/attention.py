"""Attention over a prefix tree: partial attentions, merged by their log-sum-exps (LSE).

Softmax over the keys A ∪ B equals the two softmaxes, each weighted by its normaliser. So the keys of a shared prefix
need to exist only once, whatever attends to them. Tensors: q [B, Hk, M, D], k [B, Hk, N, D] and v [B, Hk, N, Dv].
Hk counts key-value heads; M = rows x (query heads per key-value head) x new tokens.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import causal_mask_function

from models_service.engine.windows import UnsupportedArchitecture, Window, window_of

ATTENTION_NAME = "second_reader_prefix_tree"
#: The log-sum-exp of attention to no keys: its weight is 0 and, unlike -inf, it makes no NaN.
NO_KEYS_LSE = -1e30

PartialAttention = tuple[Tensor, Tensor]
"""Attention to some of the keys: output [B, Hk, M, Dv] and log-sum-exp [B, Hk, M] in fp32."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """How a layer weighs keys, besides by their product with the query."""

    scale: float
    softcap: float | None = None
    """Scores are bent to lie within plus and minus this."""
    sinks: Tensor | None = None
    """One score a query head that takes its share of the weights and has no value."""
    window: Window | None = None
    """Known only where a model makes its own masks, as for a `LayerSurvey`."""


class AttentionPlan(Protocol):
    """Which tokens attend to which in one forward pass."""

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scoring: Scoring) -> Tensor:
        """Queries [1, H, T, D], keys and values [1, Hk, T, D] of the new tokens, to outputs [1, T, H, Dv]."""


#: The plan of the running forward pass.
ACTIVE_PLAN: ContextVar[AttentionPlan | None] = ContextVar("active_plan", default=None)


def _attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | Window | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **features: Any,
) -> tuple[Tensor, None]:
    """What transformers' attention layers call: hands over to the active plan."""
    plan = ACTIVE_PLAN.get()
    if plan is None:
        raise RuntimeError("this model belongs to a prefix tree: call it through its backend")
    if features.get("position_bias") is not None or dropout or not getattr(module, "is_causal", True):
        raise UnsupportedArchitecture("its attention uses position biases, dropout or no causal mask")
    if not hasattr(module, "layer_idx"):
        raise UnsupportedArchitecture("its attention layers are not numbered")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    window = attention_mask if isinstance(attention_mask, Window) else None
    scoring = Scoring(scale, features.get("softcap"), features.get("s_aux"), window)
    return plan.attend(module.layer_idx, query, key, value, scoring), None


def _mask(
    *_: Any, mask_function: Any = causal_mask_function, local_size: int | None = None, **__: Any
) -> Window | None:
    """In place of a mask, what it would let a query see. transformers hands it to the layers that it is for."""
    return window_of(mask_function, local_size)


class LayerSurvey:
    """A plan that attends to nothing and notes which layers ask, and through which window."""

    def __init__(self) -> None:
        self.windows: dict[int, Window | None] = {}

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scoring: Scoring) -> Tensor:
        self.windows[layer] = scoring.window
        return q.new_zeros(1, q.shape[2], q.shape[1], v.shape[-1])


AttentionInterface.register(ATTENTION_NAME, _attention)
AttentionMaskInterface.register(ATTENTION_NAME, _mask)


def attention(q: Tensor, k: Tensor, v: Tensor, scoring: Scoring, mask: Tensor | None = None) -> PartialAttention:
    """Every query attends to every key. `mask`, broadcast to [B, Hk, M, N], is added to the scores."""
    if scoring.softcap is None and _flash_supports(q, v) and (mask is None or q.device.type == "cpu"):
        return _flash_attention(q, k, v, scoring.scale, mask=mask)
    scores = ((q * scoring.scale) @ k.transpose(-1, -2)).float()
    if scoring.softcap is not None:
        scores = scores.div_(scoring.softcap).tanh_().mul_(scoring.softcap)
    if mask is not None:
        scores += mask
    lse = scores.logsumexp(-1, keepdim=True)
    return scores.sub_(lse).exp_().to(v.dtype) @ v, lse.squeeze(-1)


def causal_attention(
    q: Tensor, k: Tensor, v: Tensor, scoring: Scoring, window: Window | None = None
) -> PartialAttention:
    """Causal self-attention of consecutive tokens: q [1, H, T, D], k and v [1, Hk, T, D], not grouped by key head.

    The first token's position is 0 to the window.
    """
    groups = q.shape[1] // k.shape[1]
    k, v = (x.repeat_interleave(groups, 1) for x in (k, v))
    if scoring.softcap is None and window is None and _flash_supports(q, v):
        return _flash_attention(q, k, v, scoring.scale, causal=True)
    positions = torch.arange(q.shape[-2], device=q.device)
    return attention(q, k, v, scoring, additive_mask(visible_keys(positions, positions, window)))


def causal_attention_output(q: Tensor, k: Tensor, v: Tensor, scoring: Scoring) -> Tensor:
    """The same without a log-sum-exp, where nothing will be merged with it."""
    if scoring.softcap is not None:
        return causal_attention(q, k, v, scoring)[0]
    enable_gqa = q.shape[1] != k.shape[1]
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scoring.scale, enable_gqa=enable_gqa)


def visible_keys(queries: Tensor, keys: Tensor, window: Window | None) -> Tensor:
    """Which keys a query of the same text sees, [queries, keys], both given by their positions."""
    visible = keys <= queries[:, None]
    return visible if window is None else visible & (keys >= window.first(queries)[:, None])


def share_with_sinks(part: PartialAttention, sinks: Tensor | None) -> Tensor:
    """The output when the sinks have had their share of the weights; `sinks` broadcasts to the log-sum-exp."""
    out, lse = part
    return out if sinks is None else out * (lse - sinks.float()).sigmoid().unsqueeze(-1).to(out.dtype)


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
