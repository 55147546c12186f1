"""Measuring a small critic for its card: on fresh problems, by kind, by length, off its lexicon, without reading.

Every number comes with a 95 % interval, resampled by problem.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from random import Random
from typing import Any

import numpy as np

from models_service.engine.interface import Engine
from models_service.evaluation.self_critique import (
    Estimate,
    JudgedByOracle,
    answer_all,
    critic_measures,
    draw_problems,
    figure_5,
    judge_all,
    oracle_helpfulness,
    share,
)
from models_service.synthetic.report_flaws import FlawName
from models_service.synthetic.report_passages import Vocabulary
from models_service.synthetic.reports import Reports
from models_service.synthetic.task import Problem, SyntheticTask
from models_service.types import Subject

#: Length in words of the reports of each set.
LENGTHS = {"40 to 120 words": (40, 120), "120 to 250 words": (120, 250), "250 to 400 words": (250, 400)}


#: What the flawed half of a task's made answers is like, where that is one thing.
FLAWS = {"addition": "one digit changed"}


def measure_plain(engine: Engine, task: SyntheticTask, *, number: int, seed: int) -> Iterator[dict[str, Any]]:
    """A task of one kind of problem: made answers, half of them flawed, the model's own, and its critiques of these."""
    yield from _everything(engine, task, FLAWS.get(task.name, "made answers"), number=number, seed=seed)
    yield _row("its own answers, greedy", own_errors(engine, task, number=number, seed=seed))
    problems = [problem for problem, _ in draw_problems(task, number=number, seed=seed)]
    said = answer_all(engine, problems, seed=seed, temperature=1.0)
    judged = judge_all(engine, task, list(zip(problems, said, strict=True)), seed=seed)
    yield from _rows("its own answers, temperature 1", figure_5(judged))


def measure_reports(engine: Engine, *, number: int, seed: int) -> Iterator[dict[str, Any]]:
    """The main set in full; shorter looks at each flaw, longer reports, unseen words, and without the report."""
    task = Reports()
    answered = draw_problems(task, number=number, seed=seed)
    judged = judge_all(engine, task, answered, seed=seed)
    helpfulness = oracle_helpfulness(engine, task, answered, seed=seed)
    yield from _rows("40 to 120 words", critic_measures(judged, helpfulness, seed=seed))
    yield from _rows("40 to 120 words", by_flaw(task, judged))
    yield _row("its own answers, greedy", own_errors(engine, task, number=number // 2, seed=seed))
    for name in ("120 to 250 words", "250 to 400 words"):
        yield from _everything(engine, Reports(LENGTHS[name]), name, number=number // 2, seed=seed)
    held_out = Reports(vocabulary=Vocabulary(held_out=True))
    yield from _everything(engine, held_out, "names and values never seen", number=number // 2, seed=seed)
    yield _row("report removed", without_passage(engine, task, answered, seed=seed))


def _everything(engine: Engine, task: SyntheticTask, name: str, *, number: int, seed: int) -> Iterator[dict[str, Any]]:
    answered = draw_problems(task, number=number, seed=seed)
    judged = judge_all(engine, task, answered, seed=seed)
    helpfulness = oracle_helpfulness(engine, task, answered, seed=seed)
    yield from _rows(name, critic_measures(judged, helpfulness, seed=seed))


def by_flaw(task: Reports, judged: Sequence[JudgedByOracle]) -> list[Estimate]:
    """Greedy validity among answers whose flaws are all of one name."""
    names: list[set[FlawName]] = [{flaw.name for flaw in task.flaws(one.problem, one.answer)[0]} for one in judged]
    valid = np.array([one.greedy_valid for one in judged], float)
    kinds: tuple[FlawName, ...] = ("omitted", "misstated", "invented", "stray")
    found = []
    for kind in kinds:
        chosen = np.array([here == {kind} for here in names], float)
        if chosen.any():
            found.append(share(f"greedy critique valid, {kind} facts only", valid, chosen))
    return found


def own_errors(engine: Engine, task: SyntheticTask, *, number: int, seed: int) -> Estimate:
    """The share of the model's own greedy answers that the oracle finds sound."""
    rng = Random(f"own answers {seed}")
    problems = [task.generate(rng) for _ in range(number)]
    subjects = [Subject(str(place), one.passage, one.question, "", one.title) for place, one in enumerate(problems)]
    said = engine.answer(subjects, seed=seed, temperatures=[0.0] * number)
    sound = [not task.is_critiqueable(one, text) for one, text in zip(problems, said, strict=True)]
    return share("own answer sound", np.array(sound, float), np.ones(number))


def without_passage(
    engine: Engine, task: SyntheticTask, answered: Sequence[tuple[Problem, str]], *, seed: int
) -> Estimate:
    """Greedy critiques by a critic that is not shown the passage; what it gets right it did not read."""
    flawed = [(problem, answer) for problem, answer in answered if task.is_critiqueable(problem, answer)]
    blind = [(replace(problem, passage="", title=None), answer) for problem, answer in flawed]
    subjects = [Subject(str(i), "", problem.question, answer) for i, (problem, answer) in enumerate(blind)]
    bundles = engine.critique(subjects, seed=seed, temperatures=(0.0,))
    valid = [
        task.is_helpful(problem, answer, bundle.suggestions[0].text)
        for (problem, answer), bundle in zip(flawed, bundles, strict=True)
    ]
    return share("greedy critique valid", np.array(valid, float), np.ones(len(valid)))


def _rows(name: str, measures: Sequence[Estimate]) -> Iterator[dict[str, Any]]:
    return (_row(name, one) for one in measures)


def _row(name: str, one: Estimate) -> dict[str, Any]:
    found = {key: _rounded(value) for key, value in asdict(one.interval).items()}
    return {"set": name, "measure": one.name, "n": one.number} | found


def _rounded(value: float | None) -> float | None:
    """Three places; what is undefined (no true case, or no false one) is null, for JSON has no NaN."""
    return None if value is None or not math.isfinite(value) else round(value, 3)
