"""Philox 4x32-10 in torch operations (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3")."""

from __future__ import annotations

import torch
from torch import Tensor

_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
_WEYL = 0x9E3779B9, 0xBB67AE85
_LOW = 0xFFFFFFFF
_ROUNDS = 10


def philox(keys: Tensor, step: Tensor, count: int) -> Tensor:
    """32-bit random words [rows, count, 4] as int64, for keys [rows, 2] of 32 bits and a step [1].

    The counter of the n-th four words is (n, step, 0, 0).
    """
    rows = keys.shape[0]
    place = torch.arange(count, device=keys.device).expand(rows, count)
    zero = torch.zeros_like(place)
    words = place, step.expand_as(place), zero, zero
    for number in range(_ROUNDS):
        key = [(keys[:, n, None] + number * _WEYL[n]) & _LOW for n in (0, 1)]
        (high0, low0), (high1, low1) = (_product(words[2 * n], _MULTIPLIERS[n]) for n in (0, 1))
        words = high1 ^ words[1] ^ key[0], low1, high0 ^ words[3] ^ key[1], low0
    return torch.stack(words, -1)


def _product(word: Tensor, by: int) -> tuple[Tensor, Tensor]:
    """The high and the low 32 bits of a product of two 32-bit numbers. int64 wraps around; its bits are right."""
    product = word * by
    return product >> 32 & _LOW, product & _LOW
