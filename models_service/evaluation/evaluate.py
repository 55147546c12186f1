"""`python -m models_service evaluate KIND --task addition --model DIR …`: the model evaluations of the paper."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from findings import jsonl
from findings.records import HELPFULNESS, read
from models_service.commands.options import add_engine_arguments, engine_settings
from models_service.critic import critic_for, shipped
from models_service.engine import ENGINES, Engine, EngineSettings, open_engine
from models_service.evaluation.english import SETS, measure_english
from models_service.evaluation.loss import recorded_loss
from models_service.evaluation.ranking import critique_scores
from models_service.evaluation.refinement import GRID
from models_service.evaluation.reporting import (
    MeasureRow,
    gdc_rows,
    loss_rows,
    quality_rows,
    refinement_rows,
    self_critique_rows,
    sycophancy_rows,
)
from models_service.evaluation.reporting import lines as table
from models_service.evaluation.self_critique import (
    answer_all,
    critic_measures,
    draw_problems,
    figure_5,
    judge_all,
    lines,
    oracle_helpfulness,
)
from models_service.synthetic import TASKS
from models_service.synthetic.generate import open_task
from models_service.synthetic.task import SyntheticTask

Engines = dict[str, Engine]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind, (summary, _) in KINDS.items():
        evaluation = kinds.add_parser(kind, help=summary, description=summary)
        _add_shared_arguments(evaluation)
        evaluation.add_argument("--engine", choices=ENGINES, default="local")
        evaluation.add_argument(
            "--scale",
            metavar="MODEL=LOSS",
            type=_scale,
            action="append",
            default=[],
            help="a model's validation loss in nats per token, to draw it at; if not given, what its training recorded",
        )
        evaluation.add_argument("--scale-from", type=Path, help="what `evaluate loss --output` wrote of these models")
    _add_shared_arguments(kinds.add_parser("loss", help=LOSS, description=LOSS))
    for kind in ("gdc", "refinement"):
        kinds.choices[kind].add_argument("--best-of", type=int, nargs="+", help="how many to choose from")
    kinds.choices["gdc"].add_argument("--samples", type=int, default=4, help="answers to each problem")
    rows = kinds.add_parser("ranking", help="a model's scores for the critiques of helpfulness rows")
    rows.add_argument("--rows", type=Path, required=True, help="helpfulness rows, as released")
    add_engine_arguments(rows)
    rows.add_argument("--output", type=Path, required=True, help="critique_scores rows, for findings ranking")
    english = kinds.add_parser("english", help="what a critic of English names, on passages it never saw")
    english.add_argument("--model", required=True, help="directory or hub name")
    english.add_argument("--engine", choices=ENGINES, default="local")
    english.add_argument("--n", type=int, default=200, help="answers of each set, half of them flawed")
    english.add_argument("--seed", type=int, default=1)
    english.add_argument("--most-words", type=int, default=1100, help="of a passage")
    english.add_argument("--output", type=Path, help="the measures as JSON Lines")
    own = kinds.choices["self-critique"]
    own.add_argument("--temperature", type=float, default=1.0, help="of the model's own answers")


def _add_shared_arguments(kind: argparse.ArgumentParser) -> None:
    kind.add_argument("--task", choices=[*TASKS, "race"], action="append", help="all that have a model, if not given")
    kind.add_argument("--model", action="append", help="directory or hub name; the shipped critic if not given")
    kind.add_argument("--n", type=int, default=200, help="problems of each kind")
    kind.add_argument("--seed", type=int, default=1)
    kind.add_argument("--words", metavar="LEAST-MOST", help="length of a report, 40-120 if not given")
    kind.add_argument("--held-out", action="store_true", help="reports of names and values no training saw")
    kind.add_argument("--race", type=Path, help="a copy of RACE")
    kind.add_argument("--output", type=Path, help="the measures as JSON Lines")


def run(args: argparse.Namespace) -> int:
    """Measure every model on every task. Print a table for each, and write all measures if asked to."""
    if args.kind == "ranking":
        scoring = open_engine(engine_settings(args))
        jsonl.write(args.output, critique_scores(scoring, read(HELPFULNESS, args.rows)))
        return 0
    rows = list(_english(args) if args.kind == "english" else _synthetic(args))
    if args.output:
        jsonl.write(args.output, rows)
    return 0


def _synthetic(args: argparse.Namespace) -> Iterator[MeasureRow]:
    """Every model on every task whose truth is computable."""
    # `english` has an evaluation of its own: its oracle knows made answers only.
    for name in args.task or [task for task in shipped() if task in TASKS]:
        task = open_task(name, race=args.race, words=args.words, held_out=args.held_out)
        models = args.model or [str(critic_for(name))]
        measured = _losses(models, task, args) if args.kind == "loss" else _evaluated(models, task, args)
        for row in measured:
            yield {"task": name} | row


def _english(args: argparse.Namespace) -> Iterator[MeasureRow]:
    """A critic of English on a source, and on passages, that are not trained on."""
    engine = open_engine(EngineSettings(model=args.model, engine=args.engine))
    for name, split in SETS.items():
        measures = measure_english(engine, number=args.n, seed=args.seed, split=split, most_words=args.most_words)
        sys.stdout.write(f"\nenglish, {name}, {engine.identity.name}\n")
        for line in lines(measures):
            sys.stdout.write(line + "\n")
        for row in self_critique_rows(name, measures):
            yield {"task": "english", "model": args.model} | row


def _scale(words: str) -> tuple[str, float]:
    """`MODEL=LOSS`, the loss not negative."""
    model, _, loss = words.rpartition("=")
    try:
        value = float(loss)
    except ValueError:
        value = math.nan
    if not model or not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{words!r} is not MODEL=LOSS, a loss in nats per token of 0 or more")
    return model, value


def _scales(models: Sequence[str], told: Sequence[tuple[str, float]]) -> dict[str, float | None]:
    """Each model's validation loss: as told, else as recorded, else None. A scale of no model ends the command."""
    for name, _ in told:
        if name not in models:
            raise SystemExit(f"error: --scale names {name}, but the models are {', '.join(models)}")
    return {model: recorded_loss(model) for model in models} | dict(told)


def _measured_scales(losses: Path | None, task: SyntheticTask, models: Sequence[str]) -> Iterator[tuple[str, float]]:
    """The losses of these models on the task, as `evaluate loss` wrote them. Raises JsonlError."""
    for line in jsonl.read(losses) if losses else ():
        row = line.value
        if row["task"] == task.name and row["model"] in models:
            yield row["model"], row["scale"]


def _evaluated(models: list[str], task: SyntheticTask, args: argparse.Namespace) -> Iterator[MeasureRow]:
    scales = _scales(models, [*_measured_scales(args.scale_from, task, models), *args.scale])
    engines = {model: open_engine(EngineSettings(model=model, engine=args.engine)) for model in models}
    _, measure = KINDS[args.kind]
    for row in measure(engines, task, args):
        yield row | {"scale": scales[row["model"]]}


def _losses(models: list[str], task: SyntheticTask, args: argparse.Namespace) -> Iterator[MeasureRow]:
    """Each model's validation loss, which is its scale too."""
    from models_service.engine.loading import load

    for model in models:
        loaded = load(EngineSettings(model=model))
        rows = list(loss_rows(loaded, task, problems=args.n, seed=args.seed))
        scale = next(row["value"] for row in rows if row["group"] == "all")
        for row in _report(model, task, rows):
            yield row | {"scale": scale}


def _self_critique(engines: Engines, task: SyntheticTask, args: argparse.Namespace) -> Iterator[MeasureRow]:
    for model, engine in engines.items():
        for row in _measure(engine, task, args):
            yield {"model": model} | row


def _gdc(engines: Engines, task: SyntheticTask, args: argparse.Namespace) -> Iterator[MeasureRow]:
    grid = args.best_of or [2]
    for model, engine in engines.items():
        rows = gdc_rows(engine, task, problems=args.n, samples=args.samples, grid=grid, seed=args.seed)
        yield from _report(model, task, list(rows))


def _refinement(engines: Engines, task: SyntheticTask, args: argparse.Namespace) -> Iterator[MeasureRow]:
    grid = args.best_of or GRID
    for model, engine in engines.items():
        rows = refinement_rows(engine, task, problems=args.n, seed=args.seed, grid=grid)
        yield from _report(model, task, list(rows))


def _quality(engines: Engines, task: SyntheticTask, args: argparse.Namespace) -> Iterator[MeasureRow]:
    rows = quality_rows(engines, task, problems=args.n, seed=args.seed)
    yield from _report(" x ".join(engines), task, list(rows))


def _sycophancy(engines: Engines, task: SyntheticTask, args: argparse.Namespace) -> Iterator[MeasureRow]:
    for model, engine in engines.items():
        yield from _report(model, task, list(sycophancy_rows(engine, task, problems=args.n, seed=args.seed)))


def _report(model: str, task: SyntheticTask, rows: list[MeasureRow]) -> Iterator[MeasureRow]:
    sys.stdout.write(f"\n{task.name}, {model}\n")
    for line in table(rows):
        sys.stdout.write(line + "\n")
    for row in rows:
        yield {"model": model} | row


def _measure(engine: Engine, task: SyntheticTask, args: argparse.Namespace) -> Iterator[MeasureRow]:
    made = draw_problems(task, number=args.n, seed=args.seed)
    answers = answer_all(engine, [problem for problem, _ in made], seed=args.seed, temperature=args.temperature)
    own = [(problem, answer) for (problem, _), answer in zip(made, answers, strict=True)]
    sets = {
        "own": figure_5(judge_all(engine, task, own, seed=args.seed)),
        "made": critic_measures(
            judge_all(engine, task, made, seed=args.seed),
            oracle_helpfulness(engine, task, made, seed=args.seed),
            seed=args.seed,
        ),
    }
    for kind, measures in sets.items():
        sys.stdout.write(f"\n{task.name}, {kind} answers, {engine.identity.name}\n")
        for line in lines(measures):
            sys.stdout.write(line + "\n")
        yield from self_critique_rows(kind, measures)


LOSS: Final = "nats per learned token of a task's demonstrations: the scale that the other evaluations put models at"

#: Every evaluation by an oracle: what it measures, and how.
KINDS: dict[str, tuple[str, Callable[[Engines, SyntheticTask, argparse.Namespace], Iterator[MeasureRow]]]] = {
    "self-critique": ("valid critiques by the oracle of a synthetic task", _self_critique),
    "gdc": ("gaps between generating, discriminating and critiquing, by the oracle", _gdc),
    "refinement": ("win rates of refinements against the original answer, by the oracle and by score", _refinement),
    "quality": ("valid critiques, every model as critic of every model's answers, by the oracle", _quality),
    "sycophancy": ("what a reader's stated preference moves, and what a doubt makes the critic drop", _sycophancy),
}
