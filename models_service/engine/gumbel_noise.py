"""Temperature sampling by the Gumbel-max trick: argmax(logits / T + Gumbel noise) samples from softmax(logits / T).

The noise is drawn where the logits are, so that a GPU never waits for the host. Host and device use different
generators: which of them made a text follows from the device, which is recorded with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from models_service.engine.philox import philox
from models_service.engine.random_streams import RandomStream

#: Uniform numbers are the middles of 2**23 equal steps, each exact in fp32. They are never 0 and never 1, so rounding
#: neither lets an unlikely token win nor loses a likely one.
_STEP = 2.0**-24


class GumbelNoise(Protocol):
    """Standard Gumbel noise for the rows of a batch, one decoding step at a time. Rows at temperature 0 get none."""

    def reset(self, streams: Sequence[RandomStream], temperatures: Sequence[float]) -> bool:
        """Start over with other rows at the same addresses; False if this noise has no addresses to keep."""

    def sample(self, logits: Tensor) -> Tensor:
        """The next token of each row: logits [rows, vocabulary] to ids [rows]. Each call is the next step."""

    def perturb(self, logits: Tensor) -> Tensor:
        """Logits [rows, vocabulary] / T plus the next step's noise, in fp32: their argmax is the sample."""


def gumbel_noise(streams: Sequence[RandomStream], temperatures: Sequence[float], device: torch.device) -> GumbelNoise:
    """Noise on the logits' device. Raises ValueError for a negative temperature."""
    kind = DeviceGumbelNoise if device.type == "cuda" else HostGumbelNoise
    return kind(streams, temperatures, device)


class HostGumbelNoise:
    """Noise from NumPy's Philox, for a CPU."""

    def __init__(self, streams: Sequence[RandomStream], temperatures: Sequence[float], device: torch.device) -> None:
        _check_temperatures(temperatures)
        pairs = zip(streams, temperatures, strict=True)
        self._generators = [s.generator() if t > 0 else None for s, t in pairs]
        self._divisor = torch.tensor([t if t > 0 else 1.0 for t in temperatures], device=device)[:, None]

    def reset(self, streams: Sequence[RandomStream], temperatures: Sequence[float]) -> bool:
        return False

    def sample(self, logits: Tensor) -> Tensor:
        """As `GumbelNoise.sample`."""
        # NumPy's argmax is fifteen times faster than torch's; both take the first of equal ones.
        return torch.from_numpy(self.perturb(logits).numpy(force=True).argmax(-1)).to(logits.device)

    def perturb(self, logits: Tensor) -> Tensor:
        """As `GumbelNoise.perturb`."""
        noise = self._log_exponential(logits.shape[-1]).to(logits.device)
        return (logits.float() / self._divisor).sub_(noise)

    def _log_exponential(self, vocabulary: int) -> Tensor:
        """The logarithm of exponential noise, which is minus Gumbel noise, [rows, vocabulary]."""
        words = -(-vocabulary // 2)
        raw = np.ones((len(self._generators), words), dtype="<u8")
        for row, generator in enumerate(self._generators):
            if generator is not None:
                raw[row] = generator.random_raw(words)
        bits = raw.view("<u4")[:, :vocabulary] >> 8 | 1
        noise = torch.from_numpy(np.multiply(bits, -_STEP, dtype=np.float32))
        noise = noise.log1p_().neg_().log_()
        for row, generator in enumerate(self._generators):
            if generator is None:
                noise[row] = 0.0
        return noise


class DeviceGumbelNoise:
    """Noise drawn on a device, at fixed addresses: after `reset` a captured CUDA graph draws for other rows."""

    def __init__(self, streams: Sequence[RandomStream], temperatures: Sequence[float], device: torch.device) -> None:
        rows = len(streams)
        self._keys = torch.zeros(rows, 2, dtype=torch.long, device=device)
        self._divisor = torch.ones(rows, 1, device=device)
        self._noisy = torch.zeros(rows, 1, dtype=torch.bool, device=device)
        self._step = torch.zeros(1, dtype=torch.long, device=device)
        self.reset(streams, temperatures)

    def reset(self, streams: Sequence[RandomStream], temperatures: Sequence[float]) -> bool:
        """Start over with as many other rows."""
        _check_temperatures(temperatures)
        keys = [list(stream.key32()) for stream in streams]
        self._keys.copy_(torch.tensor(keys))
        self._divisor.copy_(torch.tensor([[t if t > 0 else 1.0] for t in temperatures]))
        self._noisy.copy_(torch.tensor([[t > 0] for t in temperatures]))
        self._step.zero_()
        return True

    def sample(self, logits: Tensor) -> Tensor:
        """As `GumbelNoise.sample`."""
        return self.perturb(logits).argmax(-1)

    def perturb(self, logits: Tensor) -> Tensor:
        """As `GumbelNoise.perturb`."""
        vocabulary = logits.shape[-1]
        words = philox(self._keys, self._step, -(-vocabulary // 4)).flatten(1)[:, :vocabulary]
        uniform = (words >> 8 | 1).to(torch.float32) * -_STEP
        noise = torch.where(self._noisy, uniform.log1p().neg().log(), 0.0)
        self._step += 1
        return logits.float() / self._divisor - noise


def _check_temperatures(temperatures: Sequence[float]) -> None:
    if bad := [t for t in temperatures if not t >= 0]:
        raise ValueError(f"temperatures must be 0 or more, not {bad[0]}")
