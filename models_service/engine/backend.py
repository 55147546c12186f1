"""What a local model must be able to do, in token ids: the seam between `plain` and `prefix_tree`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from models_service.engine.random_streams import RandomStream

Ids = tuple[int, ...]
#: Called now and then while a long computation runs, so that a lease can be kept alive.
Tick = Callable[[], None]


def no_tick() -> None:
    """For callers that wait in silence."""


@dataclass(frozen=True, slots=True)
class Row:
    """One text to sample: what it continues, its random stream and its temperature."""

    prompt: Ids
    stream: RandomStream
    temperature: float


@dataclass(frozen=True, slots=True)
class Ask:
    """All that is asked about one answer."""

    critiqueability: Ids
    """The whole prompt, at whose end Yes or No is scored."""
    critique: Ids
    """The whole prompt that every critique continues."""
    streams: tuple[RandomStream, ...]
    temperatures: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What the model said to one `Ask`: end-of-text tokens are not part of a critique."""

    critiqueability: float
    critiques: tuple[Ids, ...]
    helpfulness: tuple[float, ...]


class Backend(Protocol):
    """A model that reads and writes token ids. Results keep the order of what was asked."""

    name: str

    def score(self, prompts: Sequence[Ids]) -> list[float]:
        """Pr[Yes] / (Pr[Yes] + Pr[No]) after each prompt."""

    def sample(self, rows: Sequence[Row], max_new_tokens: int, tick: Tick = no_tick) -> list[Ids]:
        """One continuation per row, up to an end token or `max_new_tokens`."""

    def critique(self, asks: Sequence[Ask], max_new_tokens: int, tick: Tick = no_tick) -> list[Told]:
        """Score, sample and score again, the answers of the group together."""
