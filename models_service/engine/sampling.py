"""Sampling by temperature with a random stream of each row's own.

A row's noise depends on (seed, task, answer key, row, step) and on nothing else, so what a row is batched
with never changes what is sampled, and a critique can be sampled again from its record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Stream:
    """The name of one row's random numbers."""

    seed: int
    task: str
    key: str
    row: int

    def generator(self) -> np.random.Philox:
        """Counter-based Philox 4x64 keyed by the SHA-256 of the name; its raw output is fixed by NumPy."""
        return np.random.Philox(key=np.frombuffer(self._digest()[:16], dtype="<u8").astype(np.uint64))

    def key32(self) -> tuple[int, int]:
        """The key of a generator of 32-bit words, from the same digest."""
        digest = self._digest()
        return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")

    def _digest(self) -> bytes:
        name = "\x1f".join((str(self.seed), self.task, str(self.row), self.key))
        return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def check_temperatures(temperatures: Sequence[float]) -> None:
    """Raises ValueError for a negative one."""
    if bad := [t for t in temperatures if not t >= 0]:
        raise ValueError(f"temperatures must be 0 or more, not {bad[0]}")


class AnyNoise(Protocol):
    """Standard Gumbel noise for rows that decode together, one step at a time."""

    def load(self, streams: Sequence[Stream], temperatures: Sequence[float]) -> bool:
        """Begin again with other rows, at the same addresses; False where there are none to keep."""

    def pick(self, logits: Tensor) -> Tensor:
        """The next token of each row: logits [rows, vocabulary] to ids [rows]. Each call is the next step."""

    def add(self, logits: Tensor) -> Tensor:
        """Logits [rows, vocabulary] / T plus the next step's noise, in fp32: their argmax is the sample."""


def open_noise(streams: Sequence[Stream], temperatures: Sequence[float], device: torch.device) -> AnyNoise:
    """Drawn where the logits are, so that a GPU never waits for the host."""
    if device.type != "cuda":
        return Noise(streams, temperatures, device)
    from models_service.engine.device_noise import DeviceNoise

    return DeviceNoise(streams, temperatures, device)


class Noise:
    """Standard Gumbel noise for rows that decode together, one step at a time.

    Adding it to logits / T and taking the argmax samples from softmax(logits / T). Rows at temperature 0
    get none: there the argmax is exact.
    """

    def __init__(self, streams: Sequence[Stream], temperatures: Sequence[float], device: torch.device) -> None:
        check_temperatures(temperatures)
        pairs = zip(streams, temperatures, strict=True)
        self._generators = [s.generator() if t > 0 else None for s, t in pairs]
        self._divisor = torch.tensor([t if t > 0 else 1.0 for t in temperatures], device=device)[:, None]

    def load(self, streams: Sequence[Stream], temperatures: Sequence[float]) -> bool:
        return False

    def pick(self, logits: Tensor) -> Tensor:
        """The next token of each row: logits [rows, vocabulary] to ids [rows]. Each call is the next step."""
        # NumPy's argmax is fifteen times faster than torch's; both take the first of equal ones.
        return torch.from_numpy(self.add(logits).numpy(force=True).argmax(-1)).to(logits.device)

    def add(self, logits: Tensor) -> Tensor:
        """Logits [rows, vocabulary] / T plus the next step's noise, in fp32: their argmax is the sample."""
        noise = self._log_exponential(logits.shape[-1]).to(logits.device)
        return (logits.float() / self._divisor).sub_(noise)

    def _log_exponential(self, vocabulary: int) -> Tensor:
        """The logarithm of exponential noise, which is minus Gumbel noise, [rows, vocabulary]."""
        words = -(-vocabulary // 2)
        raw = np.ones((len(self._generators), words), dtype="<u8")
        for row, generator in enumerate(self._generators):
            if generator is not None:
                raw[row] = generator.random_raw(words)
        # u lies in the middle of 2**23 equal steps, each exact in fp32: never 0 and never 1, so that neither
        # an unlikely token can win by a rounding nor a likely one be lost.
        bits = raw.view("<u4")[:, :vocabulary] >> 8 | 1
        noise = torch.from_numpy(np.multiply(bits, -(2.0**-24), dtype=np.float32))
        noise = noise.log1p_().neg_().log_()
        for row, generator in enumerate(self._generators):
            if generator is None:
                noise[row] = 0.0
        return noise
