"""How near the machine's limit the engine comes: operations and bytes counted, ceilings measured.

A phase can take no less than its operations at the best rate of a matrix product, nor less than its bytes at the
best rate of a copy. Each weight and each cached key is counted as read once a pass, however many rows want it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Work:
    """What a phase must do."""

    operations: float
    """Floating-point operations, a multiplication and an addition counting as two."""
    bytes: float
    """Read from or written to memory."""

    def __add__(self, other: Work) -> Work:
        return Work(self.operations + other.operations, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The best that this machine does."""

    operations_per_second: float
    bytes_per_second: float

    def floor(self, work: Work) -> float:
        """Seconds below which the work cannot be done."""
        return max(work.operations / self.operations_per_second, work.bytes / self.bytes_per_second)


@dataclass(frozen=True, slots=True)
class Shape:
    """A Llama-shaped model."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    width: int
    """Of one head."""
    vocabulary: int
    value_bytes: int
    """4 in fp32, 2 in bf16."""

    @property
    def layer_weights(self) -> int:
        """Parameters of all layers' matrices."""
        attention = 2 * self.hidden * self.width * (self.heads + self.kv_heads)
        return self.layers * (attention + 3 * self.hidden * self.intermediate)

    @property
    def head_weights(self) -> int:
        return self.hidden * self.vocabulary

    def one_pass(self, tokens: int, pairs: float, logits: int, cached: float) -> Work:
        """New tokens, (query, key) pairs of one head, places whose logits are read, cached tokens read."""
        operations = 2.0 * self.layer_weights * tokens + 2.0 * self.head_weights * logits
        operations += 4.0 * pairs * self.heads * self.width * self.layers
        kept = 2.0 * (cached + tokens) * self.kv_heads * self.width * self.layers
        return Work(operations, (self.layer_weights + self.head_weights + kept) * self.value_bytes)


@dataclass(frozen=True, slots=True)
class Bundles:
    """Answers of one passage, asked together: lengths in tokens."""

    passage: int
    answer: int
    """Question, answer and critique header."""
    critiqueability: int
    tail: int
    new: int
    answers: int
    rows: int
    """Critiques of one answer."""

    def reading(self, shape: Shape) -> Work:
        """All prompts in one pass."""
        tokens = self.passage + self.answers * (self.answer + self.critiqueability)
        branch = self.answer * (self.passage + self.answer / 2)
        branch += self.critiqueability * (self.passage + self.answer)
        pairs = self.passage**2 / 2 + self.answers * branch
        return shape.one_pass(tokens, pairs, 2 * self.answers, 0)

    def step(self, shape: Shape, written: int) -> Work:
        """One token for every row, `written` having been written before."""
        rows = self.answers * self.rows
        pairs = rows * (self.passage + self.answer + written + 1)
        return shape.one_pass(rows, pairs, rows, self._cached(written))

    def scoring(self, shape: Shape) -> Work:
        """The helpfulness tails in one pass."""
        rows = self.answers * self.rows
        pairs = rows * self.tail * (self.passage + self.answer + self.new + self.tail / 2)
        return shape.one_pass(rows * (self.tail + 1), pairs, rows, self._cached(self.new))

    def _cached(self, written: int) -> float:
        return self.passage + self.answers * (self.answer + self.rows * written)

    def floor(self, shape: Shape, ceilings: Ceilings) -> dict[str, float]:
        """Seconds below which each phase, and a whole bundle, cannot be done; per bundle."""
        phases = {
            "prefill": ceilings.floor(self.reading(shape)),
            "decode": sum(ceilings.floor(self.step(shape, written)) for written in range(self.new - 1)),
            "scoring": ceilings.floor(self.scoring(shape)),
        }
        per_bundle = {phase: seconds / self.answers for phase, seconds in phases.items()}
        return {**per_bundle, "bundle": sum(per_bundle.values())}


def measured_ceilings(device: str, dtype: Any) -> Ceilings:
    """The best of five large matrix products and of five large copies, here and now."""
    import torch

    gpu = device.startswith("cuda")
    side, length = (8192, 2**29) if gpu else (1536, 2**25)
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    source = torch.zeros(length, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    product = min(_seconds(gpu, lambda: left @ right) for _ in range(5))
    copy = min(_seconds(gpu, lambda: target.copy_(source)) for _ in range(5))
    return Ceilings(2.0 * side**3 / product, 2.0 * length / copy)


def _seconds(gpu: bool, work: Any) -> float:
    """Process CPU time, or time until the GPU is done."""
    if not gpu:
        started = time.process_time()
        work()
        return time.process_time() - started
    import torch

    torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - started
