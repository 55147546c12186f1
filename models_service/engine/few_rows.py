"""Products of a few rows with a matrix larger than the caches, a block of the matrix at a time.

Writing multiplies 8 to 64 rows by every matrix of the model at each step. torch's CPU library takes up to twice as
long over a large one whole as over its blocks (docs/performance.md).
"""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models_service.engine.attention import PLAN

#: Rows of the matrix in a block, the fewest bytes of a matrix that is worth it, and the most rows of input.
BLOCK, LARGE, FEW = 512, 2**25, 64


def take_blocks(model: nn.Module) -> None:
    """Have the large fp32 matrices of a model on a CPU multiplied in blocks, while a plan runs; else as ever."""
    for module in model.modules():
        if isinstance(module, nn.Linear) and _is_large(module.weight):
            module.forward = partial(_forward, module)  # type: ignore[method-assign]


def _is_large(weight: Tensor) -> bool:
    return weight.device.type == "cpu" and weight.dtype == torch.float32 and weight.nbytes >= LARGE


def _forward(linear: nn.Linear, x: Tensor) -> Tensor:
    rows = x.numel() // x.shape[-1]
    if PLAN.get() is None or not 1 < rows <= FEW:
        return F.linear(x, linear.weight, linear.bias)
    found = torch.cat([F.linear(x, block) for block in torch.split(linear.weight, BLOCK)], -1)
    return found if linear.bias is None else found + linear.bias
