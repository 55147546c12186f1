"""What the commands read and write: subjects in, lines of JSON out. A bad line is named by file, line, field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from findings.jsonl import JsonlError, Line, dump_line, read
from models_service.engine.interface import Engine, PromptTooLong
from models_service.types import Subject


def read_subjects(path: Path) -> list[Subject]:
    """What is to be critiqued: {passage, question, answer} and, if known, title and key.

    Without a key an answer is named by the SHA-256 of its texts, so that its critiques do not depend on
    where in the file it stands. Raises JsonlError.
    """
    return [_subject(path, line) for line in read(path)]


def _subject(path: Path, line: Line) -> Subject:
    passage, question, answer = (required(path, line, f) for f in ("passage", "question", "answer"))
    title = optional(path, line, "title")
    key = optional(path, line, "key")
    if key is None:
        key = hashlib.sha256(json.dumps([title, passage, question, answer]).encode()).hexdigest()
    return Subject(key=key, passage=passage, question=question, answer=answer, title=title)


def check_lengths(path: Path, engine: Engine, subjects: list[Subject], max_new_tokens: int) -> None:
    """Refuse a file with an answer that the model cannot read whole, before hours go into the others.

    Raises JsonlError with the line, and the counts of tokens.
    """
    for index, subject in enumerate(subjects):
        try:
            engine.check(subject, max_new_tokens=max_new_tokens)
        except PromptTooLong as error:
            line = next(islice(read(path), index, None))
            raise JsonlError(path, line.number, str(error)) from error


def required(path: Path, line: Line, field: str) -> str:
    """A field that must hold a string. Raises JsonlError."""
    if (value := optional(path, line, field)) is None:
        raise JsonlError(path, line.number, f"the field {field!r} is missing")
    return value


def optional(path: Path, line: Line, field: str) -> str | None:
    """A field that holds a string, or None where it is null or absent. Raises JsonlError."""
    value = line.value.get(field)
    if value is not None and not isinstance(value, str):
        raise JsonlError(path, line.number, f"the field {field!r} must be a string, not {value!r:.40}")
    return value


def drop_torn_line(path: Path) -> None:
    """Cut off a last line that was not written to its end: its work is done again."""
    if path.exists() and (content := path.read_bytes()) and not content.endswith(b"\n"):
        with path.open("r+b") as stream:
            stream.truncate(content.rfind(b"\n") + 1)


def write_records(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Append the records as one write, so that an interruption tears at most the last line."""
    with path.open("ab") as stream:
        stream.write(b"".join(map(dump_line, records)))


def windows(subjects: list[Subject], size: int) -> Iterator[list[int]]:
    """Consecutive indices, at most `size` at a time, cut where the passage changes if that can be.

    A window is what an engine computes together, so that its records are written as soon as they are there.
    """
    window: list[int] = []
    for _, group in groupby(range(len(subjects)), key=lambda index: (subjects[index].title, subjects[index].passage)):
        passage = list(group)
        if window and len(window) + len(passage) > size:
            yield window
            window = []
        window += passage
        while len(window) > size:
            yield window[:size]
            window = window[size:]
    if window:
        yield window
