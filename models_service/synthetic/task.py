"""What every synthetic task offers: a generator of problems and four oracles that work on the text alone."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Problem:
    """A passage (empty where the task has none) and a question about it."""

    passage: str
    question: str
    title: str | None = None
    key: str | None = None
    """The answer, where the text alone does not tell it (RACE)."""


def drawn(task: SyntheticTask, rng: Random, *, flawed: bool) -> tuple[Problem, str]:
    """The plain way to draw: the oracle's answer, or the task's corruption of it."""
    problem = task.generate(rng)
    return problem, task.corrupt(rng, problem) if flawed else task.answer(problem)


class SyntheticTask(Protocol):
    """A task whose truth is computable (paper, section 2.3 and Table 3).

    The oracles read text and nothing else, so they judge any answer and critique, whoever wrote them.
    They raise ValueError with the reason when the problem itself is not one of the task.
    """

    name: str

    def generate(self, rng: Random) -> Problem:
        """A fresh problem."""

    def corrupt(self, rng: Random, problem: Problem) -> str:
        """An answer that is wrong, by one small change or a few."""

    def draw(self, rng: Random, *, flawed: bool) -> tuple[Problem, str]:
        """A fresh problem and an answer to it, flawed or sound as asked: what critics are tested on."""

    def answer(self, problem: Problem) -> str:
        """Base oracle: the demonstration."""

    def valid_critiques(self, problem: Problem, answer: str) -> list[str]:
        """Critique oracle: every valid critique in the task's wording; none where the answer is sound."""

    def invalid_critiques(self, rng: Random, problem: Problem, answer: str) -> list[str]:
        """A few plausible critiques that are not true of this answer."""

    def is_critiqueable(self, problem: Problem, answer: str) -> bool:
        """Critiqueability oracle: whether the answer is wrong."""

    def is_helpful(self, problem: Problem, answer: str, critique: str) -> bool:
        """Helpfulness oracle: whether the critique is valid. Text outside the task's grammar is not."""
