"""What every engine can do. This module imports no engine; `registry` names and opens them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from models_service.types import PAPER_TEMPERATURES, Bundle, ModelIdentity, Subject

#: Called with (done, total) critiques while a call runs; `done` grows by a part of the critiques with each token.
Progress = Callable[[float, int], None]


class EngineError(Exception):
    """The engine cannot do what was asked. The message says why and what to change."""


class PromptTooLong(EngineError):
    """A prompt exceeds the model's context. It is refused, never cut."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Which model to open, and how to run it. One setting per field; engines have no hidden defaults."""

    model: str
    """A directory, a hub name, or (remote) the name the server knows it by."""
    engine: str = "local"
    """A name in `registry.ENGINES`."""
    revision: str | None = None
    format_name: str = "finetuned"
    dtype: str = "float32"
    device: str = "cpu"
    threads: int = 1
    base_url: str | None = None
    """Remote only: the OpenAI-compatible server's /v1 address."""
    max_rows: int = 64
    """The most sampled texts that decode together. Fewer do when memory runs out."""


class Engine(Protocol):
    """Text in, critiques and probabilities out. Results keep the order of the input."""

    @property
    def identity(self) -> ModelIdentity: ...

    def check(self, subject: Subject, *, max_new_tokens: int) -> None:
        """Raises PromptTooLong if the subject could not be critiqued, before anything is computed."""

    def critique(
        self,
        subjects: Sequence[Subject],
        *,
        seed: int,
        temperatures: Sequence[float] = PAPER_TEMPERATURES,
        max_new_tokens: int = 96,
        progress: Progress | None = None,
    ) -> list[Bundle]:
        """Score each answer's critiqueability, sample a forced critique per temperature, score each.

        Subjects of one passage given together share its computation.
        Raises PromptTooLong, EngineError.
        """

    def score_critiqueability(self, subjects: Sequence[Subject]) -> list[float]:
        """The probability that each answer has a flaw: Pr[Yes] / (Pr[Yes] + Pr[No])."""

    def score_helpfulness(self, subjects: Sequence[Subject], critiques: Sequence[str]) -> list[float]:
        """The probability that each critique is valid and helpful, for the subject at the same index."""

    def answer(
        self,
        subjects: Sequence[Subject],
        *,
        seed: int,
        temperatures: Sequence[float],
        max_new_tokens: int = 160,
    ) -> list[str]:
        """The base task: one answer per subject, at the temperature at the same index. Its `answer` is ignored.

        Where a key occurs several times in one call, its n-th occurrence takes its n-th random stream.
        """

    def refine(
        self,
        subjects: Sequence[Subject],
        critiques: Sequence[str | None],
        *,
        seed: int,
        temperatures: Sequence[float],
        max_new_tokens: int = 160,
    ) -> list[str]:
        """Refine each answer, given the critique at the same index, or directly where that is None.

        Keys that occur several times are treated as in `answer`.
        """
