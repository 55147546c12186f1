"""Skinny matrix products: a few rows times a weight matrix larger than the CPU's caches.

Decoding multiplies 8 to 64 rows by every weight matrix at each step, where torch's CPU library is far from its best
(docs/performance.md). The output matrix, the largest, is copied into oneDNN's packed layout. The other large matrices
are not copied; they are multiplied block by block.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models_service.engine.attention import ACTIVE_PLAN

#: The smallest output matrix that is worth it, in bytes, and the smallest other one.
MIN_OUTPUT_BYTES, MIN_BYTES = 2**22, 2**25
#: Rows of the matrix in a block, and the most rows of input.
BLOCK_ROWS, MAX_INPUT_ROWS = 512, 64

Matmul = Callable[[Tensor], Tensor]
"""Inputs [..., in] to outputs [..., out], without the bias."""


def patch_linears(model: Any) -> list[nn.Module]:
    """Replace `forward` of a model's large fp32 linear layers on a CPU. It acts for few rows while a plan is active.

    Returns the patched modules. Deleting their own `forward` restores them and frees the copy.
    """
    output = model.get_output_embeddings()
    patched: list[nn.Module] = []
    for module in model.modules():
        if isinstance(module, nn.Linear) and (matmul := _matmul(module.weight.detach(), module is output)):
            module.forward = partial(_forward, module, matmul)  # type: ignore[method-assign]
            patched.append(module)
    return patched


def _matmul(weight: Tensor, is_output: bool) -> Matmul | None:
    if weight.device.type != "cpu" or weight.dtype != torch.float32:
        return None
    if is_output and weight.nbytes >= MIN_OUTPUT_BYTES and hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return onednn_packed(weight)  # a torch built without oneDNN has no such operation
    return blocked(weight) if weight.nbytes >= MIN_BYTES else None


def onednn_packed(weight: Tensor) -> Matmul:
    """By oneDNN in its packed layout, with the operations that torch's compiler uses for frozen weights."""
    pack, multiply = torch.ops.mkldnn._reorder_linear_weight, torch.ops.mkldnn._linear_pointwise
    packed = pack(weight, MAX_INPUT_ROWS)
    return lambda x: multiply(x, packed, None, "none", [], "")


def blocked(weight: Tensor) -> Matmul:
    """By torch, a block of the matrix's rows at a time."""
    blocks = torch.split(weight, BLOCK_ROWS)
    return lambda x: torch.cat([F.linear(x, block) for block in blocks], -1)


def _forward(linear: nn.Linear, matmul: Matmul, x: Tensor) -> Tensor:
    rows = x.numel() // x.shape[-1]
    if ACTIVE_PLAN.get() is None or not 1 < rows <= MAX_INPUT_ROWS:
        return F.linear(x, linear.weight, linear.bias)
    out = matmul(x)
    return out if linear.bias is None else out + linear.bias
