"""The records that cross the engine's door: plain, frozen, without torch or Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

#: Section 3.2 of the paper: one critique at each of these temperatures.
PAPER_TEMPERATURES: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is critiqued: one answer to one question about one passage.

    `key` names the answer in the caller's world; with the seed it selects the random stream, so the
    same (seed, key) samples the same critiques whatever it is batched with.
    """

    key: str
    passage: str
    question: str
    answer: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model spoke, precisely enough to ask it again."""

    name: str
    """A directory or hub name, as configured."""
    revision: str
    """Hub commit, or the SHA-256 of the weights' files where the model is a directory."""
    format_name: str
    """Which wording of the tasks was used: `finetuned`, `zero-shot`, `few-shot`."""
    format_version: int
    dtype: str
    device: str
    engine: str
    """`local`, `plain` (what `local` falls back to), `remote` or `scripted`."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One of the eight sampled critiques. All eight are kept; duplicates point at the first of their text."""

    sample_index: int
    temperature: float
    text: str
    helpfulness: float
    """Pr[Yes] / (Pr[Yes] + Pr[No]); a duplicate carries the score of the text it repeats."""
    same_as: int | None = None
    """The sample index of the first identical text, or null if this is the first."""
    rank: int | None = None
    """Place in the order shown, 0 = most helpful, among first occurrences; null for what is not shown."""
    copied: bool = False
    """Whether it is a worked example of the prompt, word for word: kept here, and shown to nobody."""
    degenerate: bool = False
    """Whether it is no critique at all: empty, without words, or pieces repeated over and over. Shown to nobody."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything the model says about one answer: a score, eight critiques, their scores."""

    key: str
    critiqueability: float
    suggestions: tuple[Suggestion, ...]
    model: ModelIdentity
    seed: int
    grouping: Mapping[str, int] = field(default_factory=dict)
    """The shape it was computed in (rows, answers, prompt tokens); in bf16 part of the recipe."""


@dataclass(frozen=True, slots=True)
class JudgedCritique:
    """A critique and what is known of it: an oracle's verdict, a person's, or none."""

    text: str
    helpful: bool | None
    """Whether it is valid; null where nobody judged it: then no verdict is learned."""
    learn: bool
    """Whether a critic should learn to write it: true only of what is worth saying."""


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """One answer to one question about a passage, with the critiques that belong to it."""

    question: str
    answer: str
    critiqueable: bool | None
    critiques: tuple[JudgedCritique, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedPassage:
    """A passage with all that is asked about it: what the trainer packs as one tree, the passage read once."""

    passage: str
    answers: tuple[JudgedAnswer, ...]
    title: str | None = None
