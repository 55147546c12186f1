"""What the evaluations on synthetic tasks share: fresh problems, sampled answers and forced critiques.

A problem's key is its place, so that the same (seed, place) samples the same text whatever it is batched with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from models_service.engine.interface import Engine
from models_service.synthetic import Problem, SyntheticTask
from models_service.types import Subject


@dataclass(frozen=True, slots=True)
class SampledAnswers:
    """One problem and answers to it, in the order they were sampled."""

    place: int
    problem: Problem
    answers: tuple[str, ...]

    @property
    def passage(self) -> str:
        """What resampling keeps together: the passage, or the question where a task has no passages."""
        return self.problem.passage or self.problem.question

    def subject(self, k: int) -> Subject:
        """Answer k as the engine takes it."""
        return subject_of(self.problem, self.answers[k], key=f"{self.place}.{k}")


def subject_of(problem: Problem, answer: str, *, key: str) -> Subject:
    return Subject(key, problem.passage, problem.question, answer, problem.title)


def sample_answers(
    engine: Engine, task: SyntheticTask, *, problems: int, answers: int, temperature: float, seed: int
) -> list[SampledAnswers]:
    """Fresh problems, each answered `answers` times. Raises EngineError, PromptTooLong."""
    rng = Random(f"evaluation {seed}")
    drawn = [task.generate(rng) for _ in range(problems)]
    # The n-th subject of one key takes the n-th random stream: every answer is a sample of its own.
    subjects = [subject_of(problem, "", key=str(place)) for place, problem in enumerate(drawn) for _ in range(answers)]
    texts = engine.answer(subjects, seed=seed, temperatures=[temperature] * len(subjects))
    return [
        SampledAnswers(place, problem, tuple(texts[place * answers : (place + 1) * answers]))
        for place, problem in enumerate(drawn)
    ]


def forced_critiques(
    engine: Engine, subjects: Sequence[Subject], *, temperature: float, seed: int
) -> list[tuple[float, str]]:
    """For each answer its critiqueability score and one critique, sampled even if the answer is sound."""
    bundles = engine.critique(subjects, seed=seed, temperatures=[temperature])
    return [(bundle.critiqueability, bundle.suggestions[0].text) for bundle in bundles]
