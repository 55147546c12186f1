"""Muon: momentum whose matrix is brought near an orthogonal one before each step.

Keller Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024). Meant for the
matrices of the blocks; embeddings, norms and heads are left to AdamW.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn

#: Coefficients of the quintic Newton-Schulz iteration, from the authors.
_A, _B, _C = 3.4445, -4.7750, 2.0315


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised; matrices of one shape are handled in one batch, in few kernels."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float = 0.02, momentum: float = 0.95) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            by_shape: dict[tuple[int, ...], list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                by_shape[tuple(parameter.shape)].append(parameter)
            for (rows, columns), members in by_shape.items():
                step = group["lr"] * max(1.0, rows / columns) ** 0.5
                directions = orthogonalise(self._updates(members, group["momentum"]))
                torch._foreach_add_(members, list(directions.unbind()), alpha=-step)

    def _updates(self, members: list[Tensor], momentum: float) -> Tensor:
        """The Nesterov updates of matrices of one shape: (n, rows, columns)."""
        gradients = [parameter.grad for parameter in members if parameter.grad is not None]
        buffers = []
        for parameter in members:
            state = self.state[parameter]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(parameter)
            buffers.append(state["momentum"])
        torch._foreach_lerp_(buffers, gradients, 1 - momentum)
        return torch.stack(torch._foreach_lerp(gradients, buffers, momentum))


def orthogonalise(matrices: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrices, roughly: singular values end near 1. (n, rows, columns)."""
    x = matrices.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = _A * x + (_B * gram + _C * gram @ gram) @ x
    nearest: Tensor = x.mT if tall else x
    return nearest.float()
