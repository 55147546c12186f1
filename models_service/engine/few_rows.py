"""Products of a few rows with a matrix larger than the caches.

Writing multiplies 8 to 64 rows by every matrix of the model at each step, where torch's CPU library is far from its
best (docs/performance.md). The output matrix, the largest, is kept a second time in the layout that oneDNN likes; of
the other large ones no copy is kept, and they are multiplied a block at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models_service.engine.attention import PLAN

#: Fewest bytes of an output matrix that are worth it, and of another one.
LARGE_OUTPUT, LARGE = 2**22, 2**25
#: Rows of the matrix in a block, and the most rows of input.
BLOCK, FEW = 512, 64

Product = Callable[[Tensor], Tensor]
"""Rows [..., in] to [..., out], without the bias."""


def suit_few_rows(model: Any) -> list[nn.Module]:
    """Have the large fp32 matrices of a model on a CPU multiplied for few rows, while a plan runs; else as ever.

    Returns the modules that were changed: without their own `forward` they are as they were, and the copy is freed.
    """
    output = model.get_output_embeddings()
    suited: list[nn.Module] = []
    for module in model.modules():
        if isinstance(module, nn.Linear) and (product := _product(module.weight.detach(), module is output)):
            module.forward = partial(_forward, module, product)  # type: ignore[method-assign]
            suited.append(module)
    return suited


def _product(weight: Tensor, is_output: bool) -> Product | None:
    if weight.device.type != "cpu" or weight.dtype != torch.float32:
        return None
    if is_output and weight.nbytes >= LARGE_OUTPUT and hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return packed(weight)  # a torch built without oneDNN has no such operation
    return in_blocks(weight) if weight.nbytes >= LARGE else None


def packed(weight: Tensor) -> Product:
    """By oneDNN, in its own layout: the operations that torch's compiler uses for weights that stay as they are."""
    layout, multiply = torch.ops.mkldnn._reorder_linear_weight, torch.ops.mkldnn._linear_pointwise
    laid_out = layout(weight, FEW)
    return lambda x: multiply(x, laid_out, None, "none", [], "")


def in_blocks(weight: Tensor) -> Product:
    """By torch, a block of the matrix's rows at a time."""
    blocks = torch.split(weight, BLOCK)
    return lambda x: torch.cat([F.linear(x, block) for block in blocks], -1)


def _forward(linear: nn.Linear, product: Product, x: Tensor) -> Tensor:
    rows = x.numel() // x.shape[-1]
    if PLAN.get() is None or not 1 < rows <= FEW:
        return F.linear(x, linear.weight, linear.bias)
    found = product(x)
    return found if linear.bias is None else found + linear.bias
