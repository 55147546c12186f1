"""Each evaluation run to numbers: rows of plain values, one a measure, each with its interval and its judge."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from findings.model_evaluations.gdc import METRICS, gaps
from findings.model_evaluations.refining import win_rates
from findings.statistics.means import Mean, means
from models_service.engine.interface import Engine
from models_service.evaluation.gdc import sample_questions
from models_service.evaluation.loss import demonstrations, token_losses
from models_service.evaluation.quality import Cell, valid_critiques
from models_service.evaluation.refinement import GRID, outcomes, refine_all
from models_service.evaluation.sampling import sample_answers
from models_service.evaluation.self_critique import Estimate
from models_service.evaluation.sycophancy import shifts
from models_service.synthetic import SyntheticTask

if TYPE_CHECKING:
    from models_service.engine.loading import Loaded

MeasureRow = dict[str, Any]


#: What fits beside a chart, of the measures whose names do not.
_SHORT = {
    "own answers critiqueable": "critiqueable",
    "greedy critique valid, all own answers": "critique valid, all",
    "greedy critique valid, critiqueable own answers": "valid, critiqueable",
    "helpfulness AUC, critiques by the oracle": "AUC, oracle's critiques",
    "helpfulness AUC, its own critiques": "AUC, its own critiques",
}


def self_critique_rows(answers: str, measures: Sequence[Estimate]) -> Iterator[MeasureRow]:
    """The shares and areas of one set of answers, each problem its own passage. An undefined one has no row."""
    figure = f"self-critique, {answers} answers"
    for one in measures:
        if math.isfinite(one.interval.value):
            number = {**asdict(one.interval), "n": one.number, "n_passages": one.number}
            yield {"figure": figure, "group": _SHORT.get(one.name, one.name), "judge": "oracle", **number}


def gdc_rows(
    engine: Engine, task: SyntheticTask, *, problems: int, samples: int, grid: Sequence[int], seed: int
) -> Iterator[MeasureRow]:
    """G, D, C and their gaps for each best-of-n of the grid; synthetic answers have no Likert rating."""
    questions = sample_questions(engine, task, problems=problems, samples=samples, seed=seed)
    for n in grid:
        for metric in METRICS:
            if metric == "likert":
                continue
            result = gaps(questions, metric, n=n, seed=seed)
            for value, mean in result.values.items():
                kind = "gaps" if len(value) == 2 else "values"
                yield _row(f"{kind}, {metric.replace('_', ' ')}, best of {n}", value, "oracle", mean)


def refinement_rows(
    engine: Engine, task: SyntheticTask, *, problems: int, seed: int, grid: Sequence[int] = GRID
) -> Iterator[MeasureRow]:
    """Win rates against the original answer by method, n, opt-out and judge."""
    refined = refine_all(engine, task, problems=problems, seed=seed, grid=grid)
    judged = outcomes(refined, task, engine.identity.name)
    for contest, mean in win_rates(judged, seed=seed).items():
        choice = "may keep the original" if contest.opt_out else "forced"
        yield _row(f"win rate, {choice}", f"{contest.method} {contest.n}", contest.judge, mean)


def quality_rows(
    engines: Mapping[str, Engine], task: SyntheticTask, *, problems: int, seed: int
) -> Iterator[MeasureRow]:
    """Valid critiques, critic by answerer, and how critiqueable each answerer's answers are."""
    judged = valid_critiques(engines, task, problems=problems, seed=seed)
    for group, mean in means(judged, seed=seed).items():
        if isinstance(group, Cell):
            row = _row(f"critiques valid, {group.answers} answers", f"of {group.answerer}", "oracle", mean)
            yield row | {"model": group.critic}
        else:
            yield _row("answers critiqueable", "own", "oracle", mean) | {"model": group}


def sycophancy_rows(engine: Engine, task: SyntheticTask, *, problems: int, seed: int) -> Iterator[MeasureRow]:
    """What a stated preference moves, and what a doubt makes the critic drop, on the model's own answers."""
    asked = sample_answers(engine, task, problems=problems, answers=1, temperature=1.0, seed=seed)
    for shift, mean in means(shifts(engine, task, asked, seed=seed), seed=seed).items():
        judge = "oracle" if "valid" in shift.measure or "no longer" in shift.measure else "score"
        yield _row(shift.measure, shift.preference, judge, mean)


def loss_rows(loaded: Loaded, task: SyntheticTask, *, problems: int, seed: int) -> Iterator[MeasureRow]:
    """Nats per learned token of the oracle's demonstrations, of each kind and of all; `n` counts tokens."""
    told = list(token_losses(loaded, list(demonstrations(task, problems=problems, seed=seed))))
    every = [("all", passage, nats) for _, passage, nats in told]
    for group, mean in means([*every, *told], seed=seed).items():
        yield _row("validation loss", group, "oracle", mean)


def lines(rows: Sequence[MeasureRow]) -> Iterator[str]:
    """The rows as aligned text: figure, group, judge, value, the z = 1 and the 95 % interval, how many."""
    names = [f"{row['figure']}: {row['group']}" for row in rows]
    wide = max(map(len, names), default=0)
    for name, row in zip(names, rows, strict=True):
        one, two = _between(row["low"], row["high"]), _between(row["low95"], row["high95"])
        yield f"{name:{wide}}  {row['judge']:6}  {row['value']:7.3f}  {one}  {two}  n {row['n']}"


def _between(low: float | None, high: float | None) -> str:
    return "               –" if low is None else f"{low:7.3f}..{high:7.3f}"


def _row(figure: str, group: str, judge: str, mean: Mean) -> MeasureRow:
    """What `findings.rendering.model_charts` draws, but for task and model."""
    number = {**asdict(mean.interval), "n": mean.n, "n_passages": mean.n_passages}
    return {"figure": figure, "group": group, "judge": judge, **number}
