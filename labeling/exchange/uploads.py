"""Bring our own passages, questions and answers in: from a file, or one at a time through the API.

A file is checked whole before anything is stored, and a refused one stores nothing. What is here already is found
again by its words and left as it is, so that a file can be added twice, saved otherwise, once more with new lines in
it, or again after a machine failed half-way: then it goes on.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from findings import jsonl
from findings.records import RecordError
from labeling.exchange.importing import Progress, no_progress
from labeling.exchange.upload_answers import answers_given_twice
from labeling.exchange.upload_format import UploadedPassage, uploaded_passage
from labeling.exchange.upload_rows import Report, conflicts, store_in_batches
from labeling.exchange.upload_table import TableProblem, table_passages
from labeling.refusals import Refused

PROBLEMS_SHOWN = 50


class UploadProblems(Refused):
    """Nothing was stored. `lines` has one sentence a problem, each with file, line and field."""

    def __init__(self, lines: list[str]) -> None:
        more = len(lines) - PROBLEMS_SHOWN
        self.lines = lines[:PROBLEMS_SHOWN] + ([f"… and {more} more problems"] if more > 0 else [])
        super().__init__("\n".join(self.lines))


def add_passages(file: IO[bytes], name: str, *, progress: Progress = no_progress) -> Report:
    """Store the passages of an open .jsonl, .jsonl.gz or .csv file. Raises UploadProblems and stores nothing."""
    problems: list[str] = []
    records: list[tuple[str, UploadedPassage]] = []
    for line, value in _values(file, name, problems):
        try:
            records.append((f"{name}:{line}: ", uploaded_passage(value)))
        except RecordError as error:
            problems.append(f"{name}:{line}: {error}")
    if problems:
        raise UploadProblems(problems)
    if not records:
        raise UploadProblems([f"{name}: holds no passage"])
    return store_passages(records, name, progress=progress)


def store_passages(
    records: Sequence[tuple[str, UploadedPassage]], name: str, *, progress: Progress = no_progress
) -> Report:
    """Store validated passages, each with the words that its problem begins with. Nothing if one is refused."""
    problems = [f"{where}{reason}" for where, reason in (*answers_given_twice(records), *conflicts(records))]
    if problems:
        raise UploadProblems(problems)
    report = Report(name)
    store_in_batches([record for _, record in records], report, progress)
    return report


def _values(file: IO[bytes], name: str, problems: list[str]) -> Iterator[tuple[int, Any]]:
    """Yield (line, value) of each line that can be read, and note the problems of the others."""
    if name.lower().endswith(".csv"):
        yield from _csv_values(file, name, problems)
        return
    lines: Iterable[bytes] = file
    if name.lower().endswith(".gz"):
        lines = gzip.GzipFile(fileobj=file)
    try:
        for line, raw in jsonl.numbered(lines):
            try:
                yield line, jsonl.parse_line(raw, path=Path(name), line=line)
            except jsonl.JsonlError as error:
                problems.append(str(error))
    except (EOFError, OSError, zlib.error) as error:
        problems.append(f"{name}: cannot be read to its end: {error}")


def _csv_values(file: IO[bytes], name: str, problems: list[str]) -> Iterator[tuple[int, Any]]:
    try:
        yield from table_passages(file.read().decode("utf-8-sig"))
    except TableProblem as problem:
        problems.append(f"{name}:{problem.line}: {problem}")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(f"{name}:{line}: is not UTF-8 text")
