"""What a local model must be able to do, in token ids. `plain` and `prefix_tree` both implement it."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from models_service.engine.random_streams import RandomStream

TokenIds = tuple[int, ...]
#: Called during a long computation with the part of its texts that is written, as often as there is something to tell.
Heartbeat = Callable[[float], None]


def no_heartbeat(_part: float) -> None:
    """For callers who are told at the end."""


@dataclass(frozen=True, slots=True)
class SamplingRequest:
    """One text to sample: the prompt it continues, its random stream and its temperature."""

    prompt: TokenIds
    stream: RandomStream
    temperature: float


@dataclass(frozen=True, slots=True)
class CritiqueRequest:
    """Everything to compute about one answer: its critiqueability, a critique per temperature, and their scores."""

    critiqueability_prompt: TokenIds
    """Yes or No is scored at its end."""
    critique_prompt: TokenIds
    """Every critique continues it."""
    streams: tuple[RandomStream, ...]
    temperatures: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CritiqueOutput:
    """The result of one `CritiqueRequest`. Critiques do not include their end-of-text token."""

    critiqueability: float
    critiques: tuple[TokenIds, ...]
    helpfulness: tuple[float, ...]


class Backend(Protocol):
    """A model that reads and writes token ids. Outputs keep the order of the requests."""

    name: str

    def score(self, prompts: Sequence[TokenIds]) -> list[float]:
        """Pr[Yes] / (Pr[Yes] + Pr[No]) after each prompt."""

    def sample(
        self, requests: Sequence[SamplingRequest], max_new_tokens: int, heartbeat: Heartbeat = no_heartbeat
    ) -> list[TokenIds]:
        """One continuation per request, up to an end token or `max_new_tokens`."""

    def critique(
        self, requests: Sequence[CritiqueRequest], max_new_tokens: int, heartbeat: Heartbeat = no_heartbeat
    ) -> list[CritiqueOutput]:
        """Score, sample and score again, all answers of the group together."""


def within(heartbeat: Heartbeat, done: int, count: int, total: int) -> Heartbeat:
    """Tells the whole of `total` texts about a group of `count`, before which `done` were written."""
    return lambda part: heartbeat((done + part * count) / total)


def truncate_at_end(tokens: Sequence[int], end_ids: Set[int]) -> TokenIds:
    """The tokens before the first end token."""
    for index, token in enumerate(tokens):
        if token in end_ids:
            return tuple(tokens[:index])
    return tuple(tokens)
