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
    """Nesterov momentum, orthogonalised; matrices of one shape are handled in one batch."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float = 0.02, momentum: float = 0.95) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            by_shape: dict[tuple[int, ...], list[tuple[Tensor, Tensor]]] = defaultdict(list)
            for parameter in group["params"]:
                buffer = self.state[parameter].setdefault("momentum", torch.zeros_like(parameter))
                buffer.lerp_(parameter.grad, 1 - group["momentum"])
                update = parameter.grad.lerp(buffer, group["momentum"])
                by_shape[tuple(update.shape)].append((parameter, update))
            for (rows, columns), members in by_shape.items():
                step = group["lr"] * max(1.0, rows / columns) ** 0.5
                directions = orthogonalise(torch.stack([update for _, update in members]))
                for (parameter, _), direction in zip(members, directions, strict=True):
                    parameter.add_(direction, alpha=-step)


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
