"""The data card beside each export: what is in the file, counted while it was written, and what its fields are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from django.utils import timezone

from findings import jsonl
from findings.records import Kind
from labeling.exchange.json_schema import inlined_schema
from labeling.models.fields import text_digest

#: Fields with a closed list of words, worth counting.
CLOSED = {"split", "answer_source", "category"}


class Tally:
    """Counts what passes: rows, members of every list, values of closed fields, different passages and labelers."""

    def __init__(self) -> None:
        self.rows = 0
        self.members: Counter[str] = Counter()
        self.values: Counter[tuple[str, str]] = Counter()
        self._passages: set[str] = set()
        self._labelers: set[str] = set()

    def passing(self, records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The same records, counted."""
        for record in records:
            self.rows += 1
            self._count(record, "")
            yield record

    @property
    def passages(self) -> int:
        return len(self._passages)

    @property
    def labelers(self) -> int:
        return len(self._labelers)

    def _count(self, value: Any, path: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                if name != "provenance":
                    self._note(name, inner, f"{path}.{name}".lstrip("."))
        elif isinstance(value, list):
            self.members[f"{path}[]"] += len(value)
            for inner in value:
                self._count(inner, f"{path}[]")

    def _note(self, name: str, value: Any, path: str) -> None:
        if isinstance(value, bool) or (name in CLOSED and isinstance(value, str)):
            self.values[path, str(value).lower() if isinstance(value, bool) else value] += 1
        elif name == "passage":
            self._passages.add(text_digest(value["text"])[:16])  # enough to tell them apart, small enough to keep
        elif name in {"labeler", "source_labeler"} and value is not None:
            self._labelers.add(value)
        self._count(value, path)


def card_path(path: Path) -> Path:
    """Where the card of an export stands."""
    return path.with_name(f"{path.name}.card.md")


def write_card(path: Path, kind: Kind[Any], tally: Tally, studies: Iterable[str]) -> Path:
    """Write the card of the export at `path`."""
    target = card_path(path)
    with jsonl.atomic(target) as out:
        out.write("\n".join(_card(path.name, kind, tally, studies)).encode())
    return target


def _card(name: str, kind: Kind[Any], tally: Tally, studies: Iterable[str]) -> Iterator[str]:
    yield f"# {name}\n"
    yield f"JSON Lines, one row a line, of the kind `{kind.name}`: {_sentence(kind.shape)}\n"
    yield f"Written {timezone.now():%Y-%m-%d %H:%M} UTC by Second Reader {_version()}.\n"
    yield "## Counts\n"
    yield "| what | how many |\n|---|---:|"
    yield f"| rows | {tally.rows} |"
    yield f"| different passages | {tally.passages} |"
    yield f"| different labelers, authors included | {tally.labelers} |"
    yield from (f"| `{path}` | {count} |" for path, count in sorted(tally.members.items()))
    yield "\n## Values\n"
    yield "| field | value | how many |\n|---|---|---:|"
    yield from (f"| `{path}` | {value} | {count} |" for (path, value), count in sorted(tally.values.items()))
    yield "\n## Studies\n"
    yield from (f"- {study}" for study in studies)
    yield "\n## Fields\n"
    yield "| field | type |\n|---|---|"
    yield from (f"| `{path}` | {what} |" for path, what in fields(kind))
    yield (
        "\nLabelers are pseudonyms: ids of imported files stand as they came, others are HMAC-SHA256 under the site's "
        "own salt. A passage is on one side of the train and test split, never on both. Times are epoch seconds; "
        "durations are milliseconds. Null means not asked or not known; an absent field was not part of the form.\n"
    )


def _sentence(shape: type) -> str:
    first = (shape.__doc__ or "").strip().splitlines()[0]
    return first[0].lower() + first[1:]


def _version() -> str:
    try:
        return version("second-reader")
    except PackageNotFoundError:
        return "(from a checkout)"


def fields(kind: Kind[Any]) -> list[tuple[str, str]]:
    """(dotted path, type) of every field of a kind, from the very types that check it."""
    return list(_fields(inlined_schema(kind.shape), ""))


def _fields(schema: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    if "anyOf" in schema:
        yield from _fields(next((one for one in schema["anyOf"] if one.get("type") != "null"), {}), path)
        return
    if schema.get("type") == "array":
        yield from _fields(schema["items"], f"{path}[]")
        return
    required = set(schema.get("required", []))
    for name, member in schema.get("properties", {}).items():
        at = f"{path}.{name}".lstrip(".")
        yield at, _type(member) + ("" if name in required else ", may be absent")
        yield from _fields(member, at)


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    low, high = schema.get("minimum"), schema.get("maximum")
    limits = f" {low} to {high}" if high is not None else f" from {low}" if low is not None else ""
    return str(schema.get("type", "anything")) + limits
