"""Stream JSON Lines in and out: one JSON object a line, gzip by suffix, errors that name file and line.

Worked example: the line `{"id": "a", "rating": 7}` read from `rows.jsonl.gz` is yielded as
`Line(number=1, value={"id": "a", "rating": 7})`. Nothing is coerced: numbers stay ints or floats as written,
text stays as written (edge white space and CR included), absent keys stay absent. A byte order mark at the start of
a file is no part of its first line.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import json
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson


class JsonlError(ValueError):
    """A file cannot be read as JSON Lines. The message is `file:line: reason`, or `file: reason`."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        self.path = path
        self.line = line
        self.reason = reason
        super().__init__(f"{path}:{line}: {reason}" if line is not None else f"{path}: {reason}")


class Line(NamedTuple):
    """One object of a file and the 1-based number of the line that it stood on."""

    number: int
    value: dict[str, Any]


def is_gzipped(path: Path) -> bool:
    """Whether the name says that the file is compressed: the suffix decides, as in the released files."""
    return path.suffix == ".gz"


def parse_line(raw: bytes | str, *, path: Path, line: int) -> dict[str, Any]:
    """Parse one line. Raises JsonlError if it is not one JSON object (lone surrogates are not JSON text).

    Raises JsonlError as well for a key that an object holds twice: one of its values would be lost.
    """
    try:
        value = parse(raw)
    except ValueError as error:
        raise JsonlError(path, line, str(error)) from error
    if not isinstance(value, dict):
        raise JsonlError(path, line, f"a line must be one JSON object, this is a {type(value).__name__}")
    return value


def parse(raw: bytes | str) -> Any:
    """Parse one JSON text. Raises ValueError with the reason, for a key that an object holds twice too."""
    try:
        value = orjson.loads(raw)
        repeated = _repeated_key(raw, value)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error
    except TypeError as error:  # raised by orjson.dumps, which goes less deep than orjson.loads
        raise ValueError(f"is nested too deeply: {error}") from error
    if repeated is not None:
        raise ValueError(f"the key {repeated!r} stands twice in one object")
    return value


def _repeated_key(raw: bytes | str, value: Any) -> str | None:
    """A key that one of the text's objects holds twice, at any depth."""
    written = raw.encode() if isinstance(raw, str) else raw
    if orjson.dumps(value) == written.strip():
        return None  # what is written back as it was read has lost nothing; the slow way is for other layouts
    repeated: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        keys = [key for key, _ in pairs]
        if len(set(keys)) < len(keys):
            repeated.append(next(key for key in keys if keys.count(key) > 1))

    json.loads(written, object_pairs_hook=note, parse_int=str, parse_float=str)
    return repeated[0] if repeated else None


def read(path: str | os.PathLike[str]) -> Iterator[Line]:
    """Yield the objects of a file in constant memory; empty lines are passed over but counted.

    Raises JsonlError when the file is missing, not gzip although named `.gz`, cut short, or holds a line
    that is not one JSON object.
    """
    path = Path(path)
    for number, raw in raw_lines(path):
        yield Line(number, parse_line(raw, path=path, line=number))


def numbered(stream: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield (line number, bytes) of every line that is not empty, a byte order mark at the start left out."""
    for number, raw in enumerate(stream, start=1):
        line = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
        if line.strip():
            yield number, line


def raw_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, bytes]]:
    """Yield (line number, bytes) of every line that is not empty, for readers that go on after a bad line.

    Raises JsonlError when the file is missing, not gzip although named `.gz`, or cut short.
    """
    path = Path(path)
    number = 0
    try:
        with _open_for_reading(path) as stream:
            for number, raw in numbered(stream):
                yield number, raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise JsonlError(path, number + 1, f"the gzip stream is broken: {error}") from error
    except OSError as error:
        raise JsonlError(path, None, error.strerror or str(error)) from error


def dump_line(value: object) -> bytes:
    """One object as a line of UTF-8, newline included. Raises TypeError for what JSON cannot hold."""
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def write(path: str | os.PathLike[str], values: Iterable[object]) -> int:
    """Write one object a line and return how many; the file appears whole, or not at all.

    The lines go to a temporary file beside `path` that takes its name only when all are written, so an
    error in `values` leaves whatever stood there untouched. Compressed output carries no time stamp: the same
    values give the same bytes.
    """
    count = 0
    with atomic(path) as raw, _compressed(raw, is_gzipped(Path(path))) as stream:
        for value in values:
            stream.write(dump_line(value))
            count += 1
    return count


@contextlib.contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A binary file that takes the name `path` when the block ends well, and is removed when it raises."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _open_for_reading(path: Path) -> gzip.GzipFile | io.BufferedReader:
    return gzip.open(path, "rb") if is_gzipped(path) else path.open("rb")


@contextlib.contextmanager
def _compressed(raw: IO[bytes], wanted: bool) -> Iterator[IO[bytes]]:
    if not wanted:
        yield raw
        return
    with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0, compresslevel=6) as stream:
        yield stream  # type: ignore[misc]
