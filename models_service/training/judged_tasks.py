"""Tasks as the critic's trainer wants them: streams of judged passages and an oracle for whatever the critic writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from models_service.synthetic import TASKS, Problem, SyntheticTask
from models_service.training.own_critiques import Grades, Judge
from models_service.training.streams import Stream
from models_service.types import JudgedAnswer, JudgedCritique, JudgedPassage


@dataclass(frozen=True, slots=True)
class JudgedTask:
    """Where passages come from and who judges: made ones to learn from, others that are kept out, an oracle."""

    name: str
    training: Stream
    held_out: Stream
    judge: Judge


def judged_task(name: str) -> JudgedTask:
    """The task of that name. Raises KeyError."""
    if name == "english":
        from models_service.training.english import ENGLISH

        return ENGLISH
    made = _Made(TASKS[name])
    return JudgedTask(name, made.stream, made.held_out, made.judge)


@dataclass(frozen=True, slots=True)
class _Made:
    """A synthetic task: a sound and a flawed answer to each problem, every critique with the oracle's word."""

    task: SyntheticTask

    def stream(self, seed: int) -> Iterator[JudgedPassage]:
        rng = Random(f"training {seed}")
        while True:
            yield self._passage(rng)

    def held_out(self, seed: int) -> Iterator[JudgedPassage]:
        rng = Random(f"held out {seed}")
        while True:
            yield self._passage(rng)

    def judge(self, passage: JudgedPassage, answer: JudgedAnswer, critique: str) -> Grades:
        problem = Problem(passage.passage, answer.question, passage.title)
        return {"valid": self.task.is_helpful(problem, answer.answer, critique)}

    def _passage(self, rng: Random) -> JudgedPassage:
        problem, flawed = self.task.draw(rng, flawed=True)
        answers = (self._answer(rng, problem, answer) for answer in (flawed, self.task.answer(problem)))
        return JudgedPassage(problem.passage, tuple(answers), problem.title)

    def _answer(self, rng: Random, problem: Problem, answer: str) -> JudgedAnswer:
        valid = [JudgedCritique(text, helpful=True, learn=True) for text in self.task.valid_critiques(problem, answer)]
        wrong = self.task.invalid_critiques(rng, problem, answer)
        critiques = (*valid, *(JudgedCritique(text, helpful=False, learn=False) for text in wrong))
        return JudgedAnswer(problem.question, answer, self.task.is_critiqueable(problem, answer), critiques)
