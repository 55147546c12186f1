"""The closed lists of `words.toml`, as sets and groups."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def lists() -> Mapping[str, Any]:
    """Everything that the file beside this one says."""
    return tomllib.loads((files(__package__) / "words.toml").read_text("utf-8"))


@cache
def words(name: str) -> frozenset[str]:
    """A list of single words."""
    return frozenset(lists()[name].split())


@cache
def ordered(name: str) -> tuple[str, ...]:
    """A list of single words in the file's order: months, numerals."""
    return tuple(lists()[name].split())


@cache
def partners(name: str) -> Mapping[str, tuple[str, ...]]:
    """Each word of the groups to the words that it may be exchanged for; `_` stands for a space."""
    found: dict[str, list[str]] = {}
    for line in lists()[name]:
        group = [word.replace("_", " ") for word in line.split()]
        for word in group:
            found.setdefault(word, []).extend(other for other in group if other != word)
    return {word: tuple(others) for word, others in found.items()}


@cache
def same_thing() -> Mapping[str, frozenset[str]]:
    """Each name to the names of the same thing."""
    return {name: frozenset(group) for group in lists()["same"] for name in group}
