"""What is made wrong in an answer, and the record of it by which critiques are judged.

    passage:  In 1931, the UK transferred the islands to Australia.
    answer:   In 1931, Indonesia transferred the islands to Australia.
    record:   misstated place, false "Indonesia", true "the UK"

A false value is one that stands elsewhere in the same passage where there is one of its kind, else one that another
passage of the source has: each is true in other answers, so that the answer alone does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Literal

from models_service.synthetic.english.reading import Reading, Source, alternatives_of
from models_service.synthetic.english.rephrasing import said_by
from models_service.synthetic.english.text import content_words, occurs
from models_service.synthetic.english.values import NAMES, Kind, Value, denied, same

FlawName = Literal["misstated", "omitted", "added", "strayed", "unanswered"]


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with an answer."""

    name: FlawName
    kind: Kind | None
    """Of a misstated value."""
    false: str
    """The value or the sentence that is wrong; empty where something is missing."""
    true: str
    """The value or the sentence that belongs there; empty where nothing does."""
    said: str
    """The answer's sentence."""
    source: str
    """The passage's sentence or sentences."""


#: Weights of the kinds, each divided among an answer's values of that kind.
WEIGHTS: dict[Kind, float] = {
    "person": 6, "place": 4, "organization": 3, "name": 1, "nationality": 3, "year": 4, "date": 6, "month": 3,
    "weekday": 3,
    "percentage": 6, "money": 6, "number": 6, "numeral": 4, "ordinal": 1, "role": 2, "setting": 2, "opposite": 2,
    "negation": 1.2, "order": 3,
}  # fmt: skip
#: Chance that a sentence is denied where it could be: sentences that deny are rare, and as many lose their `not`.
_DENY = 0.15
_ELSEWHERE = 0.8
#: Draws of another value before the passage, or its source, is held to have none that fits.
_DRAWS = 12


@dataclass(frozen=True, slots=True)
class Change:
    """One way to make an answer wrong: in which sentence, how it reads then, and the false and the true value."""

    place: int
    kind: Kind
    said: str
    false: str
    true: str


#: A place, a kind of change, and what is changed there.
_Spot = tuple[int, Kind, "Value | Exchange"]


class Misstater:
    """Changes values of answers about one passage."""

    def __init__(self, rng: Random, reading: Reading, source: Source) -> None:
        self._rng, self._reading, self._source = rng, reading, source

    def change(self, sentences: Sequence[str], question: str, taken: Collection[int] = ()) -> Change | None:
        """One value changed in a sentence that is not taken; None where none can be.

        A value that the question names is left alone: the question would give the change away.
        """
        values = {
            place: [
                one
                for one in self._reading.values_in(text)
                if one.start >= said_by(text) and _free(one, text) and not occurs(one.text, question)
            ]
            for place, text in enumerate(sentences)
            if place not in taken
        }
        spots: list[_Spot] = [(place, one.kind, one) for place, some in values.items() for one in some]
        spots += [(place, "order", one) for place, some in values.items() for one in _exchanges(sentences[place], some)]
        while spots:
            kinds = sorted({kind for _, kind, _ in spots})
            kind = self._rng.choices(kinds, [WEIGHTS[one] for one in kinds])[0]
            spot = self._rng.choice([one for one in spots if one[1] == kind])
            made = self._made(sentences[spot[0]], spot, " ".join((question, *sentences)))
            if made and " ".join(content_words(made.said)) not in self._reading.statements:
                return made
            spots.remove(spot)
        return None

    def instead(self, sentence: str, text: str, around: str) -> str | None:
        """Another value that could stand in a sentence for one of it; None where there is none."""
        values = [one for one in self._reading.values_in(sentence) if one.text == text]
        return self._other(sentence, values[0], around) if values else None

    def _made(self, sentence: str, spot: _Spot, around: str) -> Change | None:
        place, kind, what = spot
        if isinstance(what, Exchange):
            return Change(place, kind, what.said, what.false, what.true)
        other = self._other(sentence, what, around)
        return (other and Change(place, kind, put(sentence, what, other), other, what.text)) or None

    def _other(self, sentence: str, value: Value, around: str) -> str | None:
        if value.kind == "negation":
            denies = " not " in value.text or value.text.startswith("cannot")
            opposite = denied(value.text)
            return opposite if (denies or self._rng.random() < _DENY) and not occurs(opposite, around) else None
        if listed := alternatives_of(value):
            fit = [word for word in listed if not occurs(word, around)]
            return self._listed(value, fit) if fit and _counts_well(value, sentence) else None
        here, there = self._reading.offers, self._source.offers
        for offers in (here, there) if self._rng.random() < _ELSEWHERE else (there, here):
            if offers is there and value.kind == "name":
                continue
            for _ in range(_DRAWS):
                other = offers.draw(self._rng, value)
                if other and _could_stand(value, other) and not occurs(other, around):
                    return other
        return None

    def _listed(self, value: Value, listed: Sequence[str]) -> str | None:
        """By how often each is written: a frequent word is seldom exchanged for a rare one, which would tell."""
        weights = [self._source.often(word) for word in listed]
        if self._rng.random() > sum(weights) / self._source.often(value.text):
            return None
        return self._rng.choices(listed, weights)[0]


def _free(value: Value, sentence: str) -> bool:
    """Not beside its own abbreviation, nor in brackets as one: the pair would give a change away; nor `Section 508`."""
    if sentence[value.end : value.end + 2] == " (" or (value.start and sentence[value.start - 1] == "("):
        return False
    return value.kind != "number" or not re.search(r"[A-Z]\w* $|[#-]$", sentence[: value.start])


def _counts_well(value: Value, sentence: str) -> bool:
    """Whether `all` and `some`, `many` and `few` can be exchanged: before several things."""
    if re.match(rf" and {value.text}\b", sentence[value.end :]) or sentence[: value.start].endswith(
        f"{value.text} and "
    ):
        return False
    if value.text not in {"all", "some", "many", "few", "most"}:
        return True
    return bool(
        re.match(r" (?:of (?:the|these|those|our|their|its|them)|(?:[a-z]+ )?[a-z]{3,}s)\b", sentence[value.end :])
    )


#: What `an` stands before: a vowel, an eight or eighteen, initials that are spelled with a vowel first.
_AN = re.compile(r"[aeioAEIO]|[Uu]n[^i]|8|1[18]\b|18F|[FHLMNRSX][A-Z]")


def put(sentence: str, value: Value, other: str) -> str:
    """The other value in the place of this one; `a` and `an` follow."""
    before, after = sentence[: value.start], sentence[value.end :]
    if value.start == 0:
        other = other[0].upper() + other[1:]
    if match := re.search(r"\b([Aa])n? $", before):
        before = before[: match.start()] + match[1] + ("n " if _AN.match(other) else " ")
    return before + other + after


def _could_stand(value: Value, other: str) -> bool:
    """Whether the other value can stand for this one: not the same thing, and of the same form."""
    if value.kind in {*NAMES, "nationality"}:
        return not same(value.text, other) and _sex(value.text) * _sex(other) >= 0
    if value.kind == "year":
        return value.text != other and abs(int(value.text) - int(other)) <= 60
    return value.text != other and _form(value.text) == _form(other)


def _sex(name: str) -> int:
    """1 for a man by title, -1 for a woman, 0 where the name does not say."""
    first = name.split(maxsplit=1)[0]
    return (first in {"Mr.", "Sir", "Lord", "King"}) - (first in {"Mrs.", "Miss", "Ms.", "Lady", "Queen"})


def _form(text: str) -> str:
    """`3 March 1992` as `0 A 0`: digits and words by kind, with the length of a number to one digit."""
    shape = re.sub(r"\d[\d,]*", lambda m: "0" * (1 + len(m[0]) // 2), text)
    return re.sub(
        r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b", "A", shape
    )


_VERB = re.compile(
    r"\b(?:was|were|is|are|had|has|have|did|will|would|[a-z]{3,}ed|[a-z]{3,}es|took|gave|told|led|won|left|became|sent)\b"
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Two values of one kind, each in the other's place: who did what to whom."""

    said: str
    false: str
    true: str


def _exchanges(sentence: str, values: Sequence[Value]) -> Iterator[Exchange]:
    """What can be turned round in a sentence: two values with a verb between them."""
    for one, other in pairwise(values):
        between = sentence[one.end : other.start]
        if one.kind != other.kind or one.before != other.before or one.kind not in {*NAMES, "nationality", "year"}:
            continue
        if (
            same(one.text, other.text)
            or not _VERB.search(between)
            or len(between.split()) > 7
            or re.search('[;:“”"()]', between)
        ):
            continue
        said = sentence[: one.start] + other.text + between + one.text + sentence[other.end :]
        yield Exchange(said, f"{other.text}{between}{one.text}", f"{one.text}{between}{other.text}")
