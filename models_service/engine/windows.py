"""Layers that attend to the latest tokens only: through a sliding window, or within chunks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, overload

import torch
from torch import Tensor
from transformers.masking_utils import causal_mask_function


class UnsupportedArchitecture(Exception):
    """The prefix tree would not be exact for this architecture. The message says why."""


@dataclass(frozen=True, slots=True)
class Window:
    """The keys that a query of such a layer attends to: all from the position `first` up to its own."""

    size: int
    chunked: bool = False
    """Whether it attends to its own chunk of `size` tokens, else to the last `size` tokens."""

    @overload
    def first(self, position: int) -> int: ...
    @overload
    def first(self, position: Tensor) -> Tensor: ...
    def first(self, position: Any) -> Any:
        """The first position that a query at this one attends to; negative where it attends to everything."""
        return position // self.size * self.size if self.chunked else position - self.size + 1

    def covers(self, position: int) -> bool:
        """Whether the queries up to this position attend to everything before them."""
        return self.first(position) <= 0


def window_of(mask_function: Callable[..., Any], size: int | None) -> Window | None:
    """What transformers' mask function lets a query see: a window of this size, or (None) all of the past.

    The function itself is asked, about positions around every border. Raises UnsupportedArchitecture.
    """
    if mask_function is causal_mask_function:
        return None
    for window in (Window(size), Window(size, chunked=True)) if size else ():
        if _agrees(mask_function, window):
            return window
    raise UnsupportedArchitecture("it masks more than the future, a sliding window or chunks")


def _agrees(mask_function: Callable[..., Any], window: Window) -> bool:
    queries = torch.tensor([i * window.size // 3 + j for i in range(12) for j in (-1, 0, 1)]).clamp(0)
    borders = torch.stack([window.first(queries), queries, queries // 2], 1)
    keys = (borders[:, :, None] + torch.tensor([-1, 0, 1])).flatten(1).clamp(0)
    q, k = queries[:, None].expand_as(keys), keys
    zero = torch.tensor(0)
    return torch.equal(mask_function(zero, zero, q, k).expand_as(k), (k <= q) & (k >= window.first(q)))
