"""How good a model's critiques are where an oracle can tell (paper, section 4.5 and Figure 5).

Two sets of answers to the same fresh problems. The model's own: what the figure shows, the share with a valid
greedy critique, of all answers and of the critiqueable ones. And made ones, half of them flawed by a small
change: they measure the critic alone, even where its own answers are nearly all right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from findings.statistics.auc import weighted_auc
from findings.statistics.estimates import Interval, Statistic, bootstrap, interval
from models_service.engine.interface import Engine
from models_service.synthetic.task import Problem, SyntheticTask
from models_service.types import Bundle, Subject


@dataclass(frozen=True, slots=True)
class JudgedByOracle:
    """One answer, the critic's critiques and scores, and the oracle's verdicts on them."""

    problem: Problem
    answer: str
    critiqueable: bool
    critiqueability: float
    texts: tuple[str, ...]
    """The critiques shown, most helpful first; duplicates once."""
    scores: tuple[float, ...]
    valid: tuple[bool, ...]
    greedy_valid: bool
    greedy: str
    """The critique at temperature 0, shown or a duplicate."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number with its interval, and over how many answers."""

    name: str
    number: int
    interval: Interval


def draw_problems(task: SyntheticTask, *, number: int, seed: int) -> list[tuple[Problem, str]]:
    """`number` fresh problems with made answers, every second one flawed."""
    rng = Random(f"self-critique {seed}")
    return [task.draw(rng, flawed=place % 2 == 1) for place in range(number)]


def answer_all(engine: Engine, problems: Sequence[Problem], *, seed: int, temperature: float) -> list[str]:
    """The model's own answers."""
    subjects = [_subject(place, problem, "") for place, problem in enumerate(problems)]
    return engine.answer(subjects, seed=seed, temperatures=[temperature] * len(subjects))


def judge_all(
    engine: Engine, task: SyntheticTask, answered: Sequence[tuple[Problem, str]], *, seed: int
) -> list[JudgedByOracle]:
    """Have the engine criticise every answer and the oracle judge every critique."""
    subjects = [_subject(place, problem, answer) for place, (problem, answer) in enumerate(answered)]
    bundles = engine.critique(subjects, seed=seed)
    return [_judged(task, problem, answer, bundle) for (problem, answer), bundle in zip(answered, bundles, strict=True)]


def _subject(place: int, problem: Problem, answer: str) -> Subject:
    return Subject(str(place), problem.passage, problem.question, answer, problem.title)


def _judged(task: SyntheticTask, problem: Problem, answer: str, bundle: Bundle) -> JudgedByOracle:
    shown = sorted((one for one in bundle.suggestions if one.rank is not None), key=lambda one: one.rank or 0)
    return JudgedByOracle(
        problem=problem,
        answer=answer,
        critiqueable=task.is_critiqueable(problem, answer),
        critiqueability=bundle.critiqueability,
        texts=tuple(one.text for one in shown),
        scores=tuple(one.helpfulness for one in shown),
        valid=tuple(task.is_helpful(problem, answer, one.text) for one in shown),
        greedy_valid=task.is_helpful(problem, answer, bundle.suggestions[0].text),
        greedy=bundle.suggestions[0].text,
    )


def oracle_helpfulness(
    engine: Engine, task: SyntheticTask, answered: Sequence[tuple[Problem, str]], *, seed: int
) -> tuple[list[float], list[bool], list[int]]:
    """The engine's helpfulness score of a valid and an invalid critique by the oracle, for each flawed answer.

    Returns scores, whether valid, and the place of the answer.
    """
    rng = Random(f"helpfulness {seed}")
    subjects, texts, labels, places = [], [], [], []
    for place, (problem, answer) in enumerate(answered):
        valid = task.valid_critiques(problem, answer)
        invalid = task.invalid_critiques(rng, problem, answer)
        if valid and invalid:
            for text, label in ((rng.choice(valid), True), (rng.choice(invalid), False)):
                subjects.append(_subject(place, problem, answer))
                texts.append(text)
                labels.append(label)
                places.append(place)
    return engine.score_helpfulness(subjects, texts), labels, places


def figure_5(judged: Sequence[JudgedByOracle]) -> list[Estimate]:
    """Shares of a model's own answers."""
    critiqueable = np.array([one.critiqueable for one in judged], float)
    valid = np.array([one.greedy_valid for one in judged], float)
    everything = np.ones(len(judged))
    return [
        share("own answers critiqueable", critiqueable, everything),
        share("greedy critique valid, all own answers", valid, everything),
        share("greedy critique valid, critiqueable own answers", valid, critiqueable),
    ]


#: Scores, whether each is of a true case, and the place of its answer.
_Cases = tuple[Sequence[float], Sequence[bool], Sequence[int]]


def critic_measures(judged: Sequence[JudgedByOracle], helpfulness: _Cases, *, seed: int) -> list[Estimate]:
    """Everything about the critic on made answers: greedy, first shown, any, and the areas under the curve."""
    flawed = np.array([one.critiqueable for one in judged], float)
    size = len(judged)
    own = [
        (score, valid, place)
        for place, one in enumerate(judged)
        if one.critiqueable
        for score, valid in zip(one.scores, one.valid, strict=True)
    ]
    shares = [
        ("greedy critique valid", [one.greedy_valid for one in judged]),
        ("first critique shown valid", [bool(one.valid) and one.valid[0] for one in judged]),
        ("some critique of eight valid", [any(one.valid) for one in judged]),
    ]
    measures = [share(name, np.array(values, float), flawed) for name, values in shares]
    scores, labels = [one.critiqueability for one in judged], [one.critiqueable for one in judged]
    cases: list[tuple[str, _Cases]] = [
        ("critiqueability AUC", (scores, labels, list(range(size)))),
        ("helpfulness AUC, critiques by the oracle", helpfulness),
        ("helpfulness AUC, its own critiques", ([s for s, _, _ in own], [v for _, v, _ in own], [p for *_, p in own])),
    ]
    return measures + [_measure(name, weighted_auc(*case, size), size, len(case[1]), seed) for name, case in cases]


def share(name: str, hits: Any, cases: Any) -> Estimate:
    """The share of cases that hit, both 0 or 1 per problem, with Wilson's intervals.

    Each problem has one answer, so cases are independent; and Wilson's interval has a width at 0 and 1 too.
    """
    from scipy.stats import binomtest

    number, hit = int(cases.sum()), int((hits * cases).sum())
    if number == 0:
        return Estimate(name, 0, Interval(float("nan"), None, None, None, None))
    test = binomtest(hit, number)
    z1, z2 = (test.proportion_ci(level, method="wilson") for level in (0.6827, 0.95))
    return Estimate(name, number, Interval(hit / number, *map(float, (z1.low, z1.high, z2.low, z2.high))))


def _measure(name: str, statistic: Statistic, size: int, number: int, seed: int) -> Estimate:
    values, draws = bootstrap(statistic, size, rng=np.random.default_rng(seed))
    return Estimate(name, number, interval(float(values[0]), draws[:, 0], passages=size))


def lines(measures: Sequence[Estimate]) -> Iterator[str]:
    """One line a measure, with its 95 % interval."""
    for one in measures:
        bounds = one.interval
        wide = "" if bounds.low95 is None else f"  [{bounds.low95:.3f}, {bounds.high95:.3f}]"
        yield f"{one.name:<50} {bounds.value:.3f}{wide}  n={one.number}"
