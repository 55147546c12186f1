"""What the 3-SAT critic is taught: formulas of three clauses first, then of the task's full length."""

from __future__ import annotations

from functools import partial
from itertools import combinations
from random import Random

from models_service.synthetic.task import Problem
from models_service.synthetic.three_sat import (
    VARIABLES,
    ThreeSat,
    holds,
    read_answer,
    read_formula,
    write_answer,
)
from models_service.training.small import plain_tasks
from models_service.training.small.feeding import Curriculum
from models_service.training.small.lessons import Graded, Proportions, Sheet
from models_service.training.small.vocabulary import Split

TASK = ThreeSat()
SPLIT: Split = "literals"
#: Text to learn the vocabulary from.
corpus = partial(plain_tasks.corpus, TASK)
#: Training-only questions. At each value: whether it leaves a clause without a true literal (0), and then which
#: the other two variables of the first such clause are (1). At the answer's end: how many clauses fail, three
#: or more being one class (2), and each variable's value (3 to 11).
#: A clause cannot be asked about where it stands: the answer comes after it, so nothing there knows the values.
QUESTIONS, CLASSES = 12, 36
_FAILS, _OTHERS, _HOW_MANY, _VALUES = 0, 1, 2, 3
_PAIRS = {pair: place for place, pair in enumerate(combinations(VARIABLES, 2))}


def proportions(stage: float) -> Proportions:
    """Verdicts from early on, and little of the base task: a small network cannot learn the search it needs."""
    return Proportions(verdicts=0.5 if stage < 1 else 1.0, base=0.3)


def clauses(rng: Random, stage: float) -> tuple[int, int]:
    """The fewest and the most clauses: 3 at first, the task's 14 to 24 late in the second round.

    A quarter stay short to the end: what fails is learned where there is little to look through.
    """
    grown = min(1.0, max(0.0, stage - 0.3) / 1.2)
    fewest, most = 3 + round(11 * grown), 3 + round(21 * grown)
    return (3, fewest) if rng.random() < 0.25 else (fewest, most)


def sheet(rng: Random, stage: float) -> Sheet:
    """One formula with one answer: the question is long, and two answers to it say little more than one."""
    task = ThreeSat(clauses(rng, stage))
    problem = task.generate(rng)
    answer = rng.choice((task.answer, lambda one: task.corrupt(rng, one), lambda _: guess(rng)))(problem)
    return Sheet("", [grade(rng, problem.question, answer)])


def guess(rng: Random) -> str:
    """Any values: several clauses fail, as with a model's own answers."""
    return write_answer({variable: rng.random() < 0.5 for variable in VARIABLES})


def grade(rng: Random, question: str, answer: str) -> Graded:
    """What the oracles say of any values, with the training-only hints."""
    problem = Problem("", question)
    return Graded(
        question=question,
        answer=answer,
        valid=TASK.valid_critiques(problem, answer),
        invalid=TASK.invalid_critiques(rng, problem, answer),
        hints=hints(problem, answer),
    )


def hints(problem: Problem, answer: str) -> list[tuple[int, int, int]]:
    """A clause fails where the last of its variables gets its value."""
    values = read_answer(answer)
    failing = [
        sorted(variable for variable, _ in clause) for clause in read_formula(problem) if not holds(clause, values)
    ]
    found = []
    for variable, value in values.items():
        end = answer.index(f"{variable} = ") + len(f"{variable} = {str(value).lower()}")
        others = [(first, second) for first, second, last in failing if last == variable]
        found.append((end, _FAILS, int(bool(others))))
        if others:
            found.append((end, _OTHERS, _PAIRS[others[0]]))
    found.append((len(answer), _HOW_MANY, min(3, len(failing))))
    found += [(len(answer), _VALUES + place, int(values[name])) for place, name in enumerate(VARIABLES)]
    return found


def curriculum() -> Curriculum:
    return Curriculum(TASK, sheet, proportions, partial(plain_tasks.look, TASK), QUESTIONS, CLASSES, own=150)
