"""The rows' random streams where the logits are: a GPU must not wait for numbers from the host.

Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), keyed by the SHA-256 of the
stream's name; its counter is (token / 4, step, 0, 0). As in `sampling` a row's noise depends on its stream and
step alone, but the numbers are others than the host's: which of the two made a text follows from the device that
is recorded with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from models_service.engine.sampling import Stream, check_temperatures

_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
_WEYL = 0x9E3779B9, 0xBB67AE85
_LOW = 0xFFFFFFFF
_ROUNDS = 10


class DeviceNoise:
    """`Noise` on a device, at fixed addresses: `load` changes the rows, so that a recorded step serves other ones."""

    def __init__(self, streams: Sequence[Stream], temperatures: Sequence[float], device: torch.device) -> None:
        rows = len(streams)
        self._keys = torch.zeros(rows, 2, dtype=torch.long, device=device)
        self._divisor = torch.ones(rows, 1, device=device)
        self._noisy = torch.zeros(rows, 1, dtype=torch.bool, device=device)
        self._step = torch.zeros(1, dtype=torch.long, device=device)
        self.load(streams, temperatures)

    def load(self, streams: Sequence[Stream], temperatures: Sequence[float]) -> bool:
        """Begin again with as many other rows."""
        check_temperatures(temperatures)
        keys = [list(stream.key32()) for stream in streams]
        self._keys.copy_(torch.tensor(keys))
        self._divisor.copy_(torch.tensor([[t if t > 0 else 1.0] for t in temperatures]))
        self._noisy.copy_(torch.tensor([[t > 0] for t in temperatures]))
        self._step.zero_()
        return True

    def pick(self, logits: Tensor) -> Tensor:
        """The next token of each row: logits [rows, vocabulary] to ids [rows]. Each call is the next step."""
        return self.add(logits).argmax(-1)

    def add(self, logits: Tensor) -> Tensor:
        """Logits [rows, vocabulary] / T plus the next step's noise, in fp32: their argmax is the sample."""
        found = noisy(logits, self._keys, self._step, self._divisor, self._noisy)
        self._step += 1
        return found


def noisy(logits: Tensor, keys: Tensor, step: Tensor, divisor: Tensor, is_noisy: Tensor) -> Tensor:
    """Logits [rows, vocabulary] over `divisor` [rows, 1], with Gumbel noise where `is_noisy` [rows, 1]."""
    words = philox(keys, step, -(-logits.shape[-1] // 4)).flatten(1)[:, : logits.shape[-1]]
    # The middle of 2**23 equal steps, as on the host: never 0 and never 1.
    uniform = (words >> 8 | 1).to(torch.float32) * -(2.0**-24)
    noise = torch.where(is_noisy, uniform.log1p().neg().log(), 0.0)
    return logits.float() / divisor - noise


def philox(keys: Tensor, step: Tensor, count: int) -> Tensor:
    """32-bit random words [rows, count, 4] as int64, for keys [rows, 2] of 32 bits and a step [1]."""
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
    """The high and the low 32 bits of a product of two 32-bit numbers; int64 wraps around, its bits are right."""
    product = word * by
    return product >> 32 & _LOW, product & _LOW
