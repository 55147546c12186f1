"""What several commands ask for, and how they answer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from findings.planning.simulate import PAPER_BASE, PAPER_EFFECT, StudyPlan, uniform_effect
from findings.statistics.estimates import REPS


def add_bootstrap(parser: argparse.ArgumentParser, *, reps: int = REPS) -> None:
    """How intervals are made."""
    parser.add_argument("--seed", type=int, default=0, help="of the resamples (default: 0)")
    parser.add_argument("--reps", type=positive, default=reps, help=f"how many resamples (default: {reps})")


def add_plan(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """The study to simulate; with `several`, several numbers of passages and of labelers."""
    default = StudyPlan()
    for name, size in (("--passages", default.passages), ("--labelers", default.labelers)):
        if several:
            parser.add_argument(name, type=positive, nargs="+", default=[size])
        else:
            parser.add_argument(name, type=positive, default=size)
    parser.add_argument("--questions-per-passage", type=positive, default=1)
    effects = ", ".join(f"{source} {effect}" for source, effect in PAPER_EFFECT.items())
    parser.add_argument(
        "--effect",
        type=float,
        help=f"critiques per answer that assistance adds, to every kind of answer; 0 is the null ({effects})",
    )
    parser.add_argument("--passage-variance", type=float, default=default.passage_variance)
    parser.add_argument("--labeler-variance", type=float, default=default.labeler_variance)
    parser.add_argument("--labeler-share", type=float, default=default.labeler_share)
    parser.add_argument("--labeler-slopes", action="store_true", help="labelers differ in how much help helps")
    parser.add_argument("--missing", type=float, default=0.0, help="share of labels that are missing")


def plan(options: argparse.Namespace, *, passages: int, labelers: int) -> StudyPlan:
    """The plan that `add_plan` asked for. Raises ValueError for an impossible one."""
    return StudyPlan(
        passages=passages,
        labelers=labelers,
        questions_per_passage=options.questions_per_passage,
        base=dict(PAPER_BASE),
        effect=dict(PAPER_EFFECT) if options.effect is None else uniform_effect(options.effect),
        passage_variance=options.passage_variance,
        labeler_variance=options.labeler_variance,
        labeler_share=options.labeler_share,
        labeler_slopes=options.labeler_slopes,
        missing=options.missing,
    )


def add_file(parser: argparse.ArgumentParser, kind: str) -> None:
    """The file to read."""
    parser.add_argument("file", type=Path, help=f"rows of {kind}, .jsonl or .jsonl.gz")


def positive(word: str) -> int:
    """A number of 1 or more, for argparse."""
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def progress(total: int) -> Callable[[int], None]:
    """A counter on the terminal; silent where nobody watches."""

    def show(done: int) -> None:
        if sys.stderr.isatty():
            print(f"\r  {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)

    return show


def as_json(value: Any) -> bytes:
    """A value as people and programs both read it."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def print_json(value: Any) -> None:
    print(as_json(value).decode(), end="")
