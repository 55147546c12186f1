"""What the addition critic is taught: sums, then critiques of one digit changed, of more, and of its own errors."""

from __future__ import annotations

from functools import partial
from random import Random

from models_service.synthetic.addition import Addition
from models_service.synthetic.task import Problem
from models_service.training.small import plain_tasks
from models_service.training.small.feeding import Curriculum
from models_service.training.small.lessons import Graded, Proportions, Sheet
from models_service.training.small.vocabulary import Split

TASK = Addition()
SPLIT: Split = "digits"
#: Text to learn the vocabulary from.
corpus = partial(plain_tasks.corpus, TASK)
#: Training-only questions: the right digit here (0), whether the digit here is wrong (1), whether the digit
#: at each index is wrong, asked at the answer's end (2 to 8).
QUESTIONS, CLASSES = 9, 10


def proportions(stage: float) -> Proportions:
    """Round 1 teaches the base task nearly alone; round 2 everything (paper, section 2.2.1)."""
    return Proportions(verdicts=0.1 if stage < 1 else 1.0)


def sheet(rng: Random, stage: float) -> Sheet:
    """One sum: with a sound or a flawed answer in the first round, with both in the second.

    The first round needs its flawed answers, for the hints on them: a network that only ever saw sound digits
    settles on copying each digit for its verdict on it, and does not recover.
    """
    problem = TASK.generate(rng)
    right = TASK.answer(problem)
    wrong = (TASK.corrupt_one_digit if rng.random() < 0.5 else TASK.corrupt)(rng, problem)
    answers = [right, wrong] if stage >= 1 else [rng.choice((right, wrong))]
    return Sheet("", [grade(rng, problem.question, answer) for answer in answers])


def grade(rng: Random, question: str, answer: str) -> Graded:
    """What the oracles say of any answer to a sum."""
    problem = Problem("", question)
    truth = TASK.answer(problem)
    hints = []
    if len(truth) == len(answer):
        for place, (right, given) in enumerate(zip(truth, answer, strict=True)):
            wrong = int(right != given)
            index = len(truth) - 1 - place
            hints += [(place + 1, 0, int(right)), (place + 1, 1, wrong), (len(answer), 2 + index, wrong)]
    return Graded(
        question=question,
        answer=answer,
        valid=TASK.valid_critiques(problem, answer),
        invalid=TASK.invalid_critiques(rng, problem, answer),
        hints=hints,
    )


def curriculum() -> Curriculum:
    return Curriculum(TASK, sheet, proportions, partial(plain_tasks.look, TASK), QUESTIONS, CLASSES, own=150)
