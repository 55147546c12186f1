"""`python -m models_service judge TASK`: the oracle's word on critiques, one output line per input line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from findings import jsonl
from models_service.synthetic import Problem, SyntheticTask
from models_service.synthetic.generate import add_task_arguments, task_of


def judged(task: SyntheticTask, path: Path) -> Iterator[dict[str, Any]]:
    """Each input object with `helpful` and `critiqueable` added.

    Read are `passage`, `question`, `answer`, `critique`, and `key` for RACE. Raises JsonlError naming file,
    line and reason for a line without them or a problem that is not of the task.
    """
    for number, row in jsonl.read(path):
        problem = Problem(
            passage=_text(row, "passage", path, number, default=""),
            question=_text(row, "question", path, number),
            key=row.get("key"),
        )
        answer = _text(row, "answer", path, number)
        critique = _text(row, "critique", path, number)
        try:
            helpful = task.is_helpful(problem, answer, critique)
            critiqueable = task.is_critiqueable(problem, answer)
        except ValueError as error:
            raise jsonl.JsonlError(path, number, str(error)) from error
        yield row | {"helpful": helpful, "critiqueable": critiqueable}


def _text(row: dict[str, Any], field: str, path: Path, number: int, *, default: str | None = None) -> str:
    value = row.get(field, default)
    if not isinstance(value, str):
        raise jsonl.JsonlError(path, number, f"field {field!r} must be text, not {value!r}")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_task_arguments(parser)
    parser.add_argument("--input", type=Path, default=Path("/dev/stdin"))
    parser.add_argument("--output", type=Path, default=Path("/dev/stdout"))


def run(args: argparse.Namespace) -> int:
    """Judge every line; with --output the file appears whole or not at all."""
    rows = judged(task_of(args), args.input)
    if args.output == Path("/dev/stdout"):
        for row in rows:
            sys.stdout.buffer.write(jsonl.dump_line(row))
    else:
        jsonl.write(args.output, rows)
    return 0
