"""Positions that depend on more than a token's own place, and the prompts for which they can be held still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from models_service.engine.attention import ACTIVE_PLAN
from models_service.engine.windows import UnsupportedArchitecture


@dataclass(frozen=True, slots=True)
class Lengths:
    """Of all the texts that one request makes the model read: the shortest prompt and the longest continuation."""

    shortest: int
    longest: int
    widest: int = 0
    """The most tokens of continuations that are read in one forward pass."""


class HeldPositions:
    """Keeps a model's positions as they are for a text alone, whatever is packed beside it.

    LongRoPE takes one set of frequencies up to a length and another beyond it, by the longest of what is read
    together. Llama 4 scales by the place in the forward pass, from some length on.
    """

    def __init__(self, model: Any) -> None:
        """Raises UnsupportedArchitecture where layers change their frequencies at different lengths."""
        config = model.config.get_text_config()
        borders = set(_borders(config))
        if len(borders) > 1:
            raise UnsupportedArchitecture("its layers change their rotary positions at different lengths")
        self._border: int | None = borders.pop() if borders else None
        scaled = getattr(config, "attn_temperature_tuning", None) and getattr(config, "floor_scale", None)
        self.limit: int | None = int(scaled) - 1 if scaled else None
        """The most tokens of a text, or of a forward pass, that are read exactly."""
        self._anchor = torch.zeros(1, 1, dtype=torch.long, device=model.device)
        self._rotary = [m for m in model.modules() if self._border is not None and hasattr(m, "rope_type")]
        for module in self._rotary:
            module.forward = partial(self._forward, module)

    def release(self) -> None:
        """Leave the model as it was."""
        for module in self._rotary:
            del module.forward

    def regime(self, lengths: Lengths) -> str | None:
        """Which frequencies all the texts of a request take; None where they take several, or a text is too long."""
        if self.limit is not None and max(lengths.longest, lengths.widest) > self.limit:
            return None
        if self._border is None or lengths.longest <= self._border:
            return "short"
        return "long" if lengths.shortest > self._border else None

    def hold(self, regime: str) -> None:
        """Read with these frequencies from now on."""
        self._anchor.fill_(self._border or 0 if regime == "long" else 0)

    def _forward(self, module: Any, x: Tensor, position_ids: Tensor, *layer: Any, **named: Any) -> Any:
        """The module's own frequencies, chosen as if a token at the anchor's position were read too."""
        own = type(module).forward
        if ACTIVE_PLAN.get() is None:
            return own(module, x, position_ids, *layer, **named)
        cos, sin = own(module, x, torch.cat([position_ids, self._anchor], 1), *layer, **named)
        return cos[:, :-1], sin[:, :-1]


def _borders(config: Any) -> Iterator[int]:
    rope = getattr(config, "rope_parameters", None) or {}
    for part in (rope, *rope.values()):
        if isinstance(part, dict) and part.get("rope_type") == "longrope":
            yield int(part["original_max_position_embeddings"])
