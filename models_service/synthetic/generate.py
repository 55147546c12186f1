"""`python -m models_service generate TASK --n N --seed S`: problems of a synthetic task as records."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Literal, TypedDict

from findings import jsonl
from models_service.synthetic import TASKS, Problem, SyntheticTask
from models_service.synthetic.english import English
from models_service.synthetic.race import Race, read_race
from models_service.synthetic.report_passages import Vocabulary
from models_service.synthetic.reports import Reports

Flawed = Literal["half", "all", "none"]


class JudgedCritique(TypedDict):
    """A critique and the helpfulness oracle's word on it."""

    text: str
    helpful: bool


class SyntheticRecord(TypedDict):
    """One answer to one problem, with what the four oracles say."""

    task: str
    title: str | None
    passage: str
    question: str
    key: str | None
    demonstration: str
    answer: str
    critiqueable: bool
    critiques: list[JudgedCritique]


def records(task: SyntheticTask, *, number: int, seed: int, flawed: Flawed = "half") -> Iterator[SyntheticRecord]:
    """`number` fresh problems, each with one answer; of `half` every second answer is flawed."""
    rng = Random(seed)
    for place in range(number):
        wrong = flawed == "all" or (flawed == "half" and place % 2 == 1)
        problem, answer = task.draw(rng, flawed=wrong)
        yield record(rng, task, problem, answer)


def record(rng: Random, task: SyntheticTask, problem: Problem, answer: str) -> SyntheticRecord:
    """Ask the oracles about one answer."""
    valid = [JudgedCritique(text=text, helpful=True) for text in task.valid_critiques(problem, answer)]
    invalid = task.invalid_critiques(rng, problem, answer)
    return SyntheticRecord(
        task=task.name,
        title=problem.title,
        passage=problem.passage,
        question=problem.question,
        key=problem.key,
        demonstration=task.answer(problem),
        answer=answer,
        critiqueable=task.is_critiqueable(problem, answer),
        critiques=[*valid, *(JudgedCritique(text=text, helpful=False) for text in invalid)],
    )


def open_task(name: str, *, race: Path | None = None, split: str = "test", words: str | None = None,
              held_out: bool = False) -> SyntheticTask:  # fmt: skip
    """The task of that name. Raises ValueError for RACE without a copy of the data set."""
    if name == "race":
        if race is None:
            raise ValueError("RACE does not ship: give --race DIR, or take race-stand-in")
        return Race(list(read_race(race, split)))
    if name == "reports":
        least, most = (int(part) for part in (words or "40-120").split("-"))
        return Reports((least, most), Vocabulary(held_out=held_out))
    if name == "english":
        return English()
    return TASKS[name]


def add_task_arguments(parser: argparse.ArgumentParser) -> None:
    """Which task, and what it reads or how it is worded."""
    parser.add_argument("task", choices=[*TASKS, "english", "race"])
    parser.add_argument("--race", type=Path, help="a copy of RACE: DIR/{train,dev,test}/{middle,high}/*.txt")
    parser.add_argument("--split", default="test", choices=("train", "dev", "test"), help="of RACE")


def task_of(args: argparse.Namespace) -> SyntheticTask:
    """The task that the arguments name; the command ends with the reason where it cannot be had."""
    words, held_out = getattr(args, "words", None), getattr(args, "held_out", False)
    try:
        return open_task(args.task, race=args.race, split=args.split, words=words, held_out=held_out)
    except ValueError as error:
        raise SystemExit(f"error: {error}") from error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_task_arguments(parser)
    parser.add_argument("--n", type=int, required=True, help="how many problems")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--flawed", choices=("half", "all", "none"), default="half")
    parser.add_argument("--words", metavar="LEAST-MOST", help="length of a report, 40-120 if not given")
    parser.add_argument("--held-out", action="store_true", help="reports of names and values no training saw")
    parser.add_argument("--output", type=Path, default=Path("/dev/stdout"))


def run(args: argparse.Namespace) -> int:
    """Write the records, one a line."""
    rows = records(task_of(args), number=args.n, seed=args.seed, flawed=args.flawed)
    if args.output == Path("/dev/stdout"):
        for row in rows:
            sys.stdout.buffer.write(jsonl.dump_line(row))
    else:
        jsonl.write(args.output, rows)
    return 0
