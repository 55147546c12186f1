"""Each sampled text has a random stream of its own, named by what is sampled.

A text's random numbers depend on (seed, task, answer key, row, step) and on nothing else. So the other rows of a batch
never change what is sampled, and a critique can be sampled again from its record.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class RandomStream:
    """The name of one text's random numbers."""

    seed: int
    task: str
    key: str
    row: int

    def generator(self) -> np.random.Philox:
        """Counter-based Philox 4x64, keyed by the SHA-256 of the name. NumPy fixes its raw output."""
        return np.random.Philox(key=np.frombuffer(self._digest()[:16], dtype="<u8").astype(np.uint64))

    def key32(self) -> tuple[int, int]:
        """The key for a generator of 32-bit words, from the same digest."""
        digest = self._digest()
        return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")

    def _digest(self) -> bytes:
        name = "\x1f".join((str(self.seed), self.task, str(self.row), self.key))
        return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
