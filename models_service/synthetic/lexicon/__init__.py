"""The words and sentences of generated reports: `reports.toml` for training, `held_out.toml` for tests only."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, Literal

NameOf = Literal["person", "place"]


@dataclass(frozen=True, slots=True)
class FactKind:
    """One thing a report may say about a subject, how it is put, and the values it takes."""

    key: str
    topic: str
    passage: tuple[str, ...]
    answer: tuple[str, ...]
    values: tuple[str, ...] = ()
    number: tuple[int, int] | None = None
    name: NameOf | None = None

    @property
    def label(self) -> str:
        return self.key.replace("-", " ")


@dataclass(frozen=True, slots=True)
class Topic:
    """What a question may be about: a side of a person's life, or a thing with a name."""

    key: str
    about: Literal["person", "thing"]
    facts: tuple[FactKind, ...]

    def phrase(self, name: str) -> str:
        """`the job of Mara`, `the ship Velda`."""
        return f"the {self.key} of {name}" if self.about == "person" else f"the {self.key} {name}"


@dataclass(frozen=True, slots=True)
class Words:
    """Names and values of one lexicon, and the syllables its made-up words are built from."""

    names: Mapping[NameOf, tuple[str, ...]]
    first: tuple[str, ...]
    last: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]

    def made_up(self, rng: Random) -> str:
        """A word that is in no list: two syllables, now and then three, now and then any letters."""
        if rng.random() < 0.05:
            return "".join(rng.choice(letters) for letters in _LETTERS[: rng.choice((4, 5, 6))])
        middle = rng.choice(self.last) if rng.random() < 0.2 else ""
        return rng.choice(self.first) + middle + rng.choice(self.last)


_LETTERS = ("bcdfghjklmnprstvwz", "aeiou", "bcdfgklmnprstvxz", "aeiouy", "bdfgklmnprst", "aeiou")


_ONSETS = (
    *"bcdfghjklmnprstvwyz", *"bcdfghlmnprst", "", "", "ch", "cl", "cr", "dr", "fl", "fr", "gl", "gr", "ph", "pl", "pr",
    "qu", "sc", "sh", "sk", "sl", "sn", "sp", "spr", "st", "str", "sw", "th", "tr", "tw", "wh", "x",
)  # fmt: skip
_VOWELS = (*"aaaeeeeiiiooouu", "ai", "au", "ea", "ee", "ei", "ia", "oa", "oi", "oo", "ou", "ua", "y")
_CODAS = (
    *[""] * 30, *"bdgklmnprstx", *"lnrst", "ck", "ff", "ft", "ll", "lt", "mb", "mp", "nd", "ng", "nk", "nt", "rd", "rm",
    "rn", "rt", "s", "sh", "sk", "ss", "st", "th", "tz", "ze", "le", "ne", "te",
)  # fmt: skip


def strange_word(rng: Random) -> str:
    """A word of three to twelve letters spelled as almost any language might."""
    while True:
        syllables = rng.choice((1, 2, 2, 2, 3, 3))
        word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(syllables))
        if 3 <= len(word) <= 12 and word != "she":  # a pronoun would be read as one
            return word


@cache
def kept_words() -> frozenset[str]:
    """In small letters, the names and values kept for testing: syllables may happen to spell one."""
    kept = language().held_out
    return frozenset(word.lower() for words in (*kept.names.values(), *kept.values.values()) for word in words)


@dataclass(frozen=True, slots=True)
class Language:
    """Topics, sentences and words together."""

    topics: Mapping[str, Topic]
    facts: Mapping[str, FactKind]
    fillers: tuple[str, ...]
    openers: tuple[str, ...]
    titles: tuple[str, ...]
    words: Words
    held_out: Words


@cache
def language() -> Language:
    """Read both files; they ship with the package."""
    known, held_out = _read("reports.toml"), _read("held_out.toml")
    topics = {key: _topic(key, table) for key, table in known["topics"].items()}
    facts = {fact.key: fact for topic in topics.values() for fact in topic.facts}
    return Language(
        topics=topics,
        facts=facts,
        fillers=tuple(known["fillers"]),
        openers=tuple(known["openers"]),
        titles=tuple(known["titles"]),
        words=_words(known, {key: fact.values for key, fact in facts.items() if fact.values}),
        held_out=_words(held_out, {key: _split(words) for key, words in held_out["values"].items()}),
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split())


def _topic(key: str, table: Mapping[str, Any]) -> Topic:
    return Topic(key, table["about"], tuple(_fact(key, name, fact) for name, fact in table["facts"].items()))


def _fact(topic: str, key: str, table: Mapping[str, Any]) -> FactKind:
    number: Sequence[int] | None = table.get("number")
    return FactKind(
        key=key,
        topic=topic,
        passage=tuple(table["passage"]),
        answer=tuple(table["answer"]),
        values=_split(table.get("values", "")),
        number=(number[0], number[1]) if number else None,
        name=table.get("name"),
    )


def _words(table: Mapping[str, str], values: Mapping[str, tuple[str, ...]]) -> Words:
    return Words(
        names={"person": _split(table["people"]), "place": _split(table["places"])},
        first=_split(table["first_syllables"]),
        last=_split(table["last_syllables"]),
        values=values,
    )
