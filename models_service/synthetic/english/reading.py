"""A passage as the generator reads it: sentences, values, and what the other passages of its source offer."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from models_service.synthetic.english.passages import Passage
from models_service.synthetic.english.text import Sentence, content_words, read_sentences
from models_service.synthetic.english.values import NAMES, Kind, Value, find_values, names_inside, people_in
from models_service.synthetic.english.words import partners, words


class Reading:
    """One passage, read once however many questions are asked about it."""

    def __init__(self, text: str, common: frozenset[str] = frozenset()) -> None:
        self.text, self._common = text, common | frozenset(re.findall(_SMALL, text))
        self.sentences: tuple[Sentence, ...] = read_sentences(text)
        self._values: dict[str, list[Value]] = {}
        self._known, self._people = names_inside(text), people_in(text)
        self.values: tuple[tuple[Value, ...], ...] = tuple(tuple(self.values_in(one.text)) for one in self.sentences)

    def values_in(self, sentence: str) -> list[Value]:
        """The values of a sentence that says what this passage says, whatever its wording."""
        if sentence not in self._values:
            found = find_values(sentence, self._known, self._people)
            self._values[sentence] = [
                one for one in found if one.kind != "name" or one.text.lower() not in self._common
            ]
        return self._values[sentence]

    @cached_property
    def usable(self) -> tuple[Sentence, ...]:
        return tuple(one for one in self.sentences if one.usable)

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of all content words of the passage."""
        return frozenset(content_words(self.text))

    @cached_property
    def statements(self) -> frozenset[str]:
        """Every sentence as bare words: a changed sentence that is one of them would be true."""
        return frozenset(" ".join(content_words(one.text)) for one in self.sentences)

    def lowered(self, clause: str) -> str | None:
        """A clause as it stands within a sentence: begun small unless with a name; None if that is unclear."""
        first = re.split(r"[ ,:;]", clause)[0]
        if first in {"I", "I’m", "I’ve", "I’d", "I’ll"} or any(
            one.start == 0 and one.kind in NAMES for one in self.values_in(clause)
        ):
            return clause
        if first.split("’")[0] in words("not_names") or first.lower() in self._common or first.endswith(("ly", "ing")):
            return clause[0].lower() + clause[1:]
        return clause if first.isdigit() else None

    @cached_property
    def offers(self) -> Offers:
        """Its own values, to be put in each other's place."""
        return Offers(self.values)


#: A word written with a small letter.
_SMALL = re.compile(r"(?<![\w’'-])[a-z]+(?:[-’'][a-z]+)*")


class Offers:
    """Values by kind and by what stands before them, to be drawn as often as they occur."""

    def __init__(self, values: Iterable[Sequence[Value]]) -> None:
        self._texts: dict[tuple[Kind, str], list[str]] = defaultdict(list)
        for some in values:
            for value in some:
                self._texts[value.kind, value.before].append(value.text)

    def draw(self, rng: Random, value: Value) -> str | None:
        """A value of the kind; None where there is none."""
        texts = self._texts.get((value.kind, value.before))
        return rng.choice(texts) if texts else None

    def with_before(self, kind: Kind) -> list[tuple[str, str]]:
        """The values of a kind, each once, with what stands before it."""
        return list(
            dict.fromkeys((text, before) for (of, before), some in self._texts.items() if of == kind for text in some)
        )


@dataclass(frozen=True, slots=True)
class Stray:
    """A sentence of another passage."""

    title: str
    text: str


class Source:
    """What the other passages of a source offer: values as frequent as they are there, sentences by word."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.common = frozenset(re.findall(_SMALL, " ".join(one.text for one in passages)))
        readings = [(one.title, Reading(one.text, self.common)) for one in passages]
        self.offers = Offers(values for _, reading in readings for values in reading.values)
        self.frequency: Counter[str] = Counter()
        self.by_stem: dict[str, list[Stray]] = defaultdict(list)
        for title, reading in readings:
            self.frequency.update(re.findall(r"[a-z]+(?:-[a-z]+)*", reading.text))
            for sentence in reading.usable:
                for stem in set(content_words(sentence.text)):
                    self.by_stem[stem].append(Stray(title, sentence.text))
        self.readings = [reading for _, reading in readings]

    def often(self, word: str) -> float:
        """How often a word stands in the source; of several words, the rarest counts."""
        return min(self.frequency[part] for part in re.split(r" ", word)) + 0.1


def alternatives_of(value: Value) -> tuple[str, ...]:
    """What the closed lists offer in the place of a role, a setting, an opposite, a numeral, an ordinal."""
    if value.kind in {"role", "setting", "opposite"}:
        return partners({"role": "roles", "setting": "settings", "opposite": "opposites"}[value.kind])[value.text]
    listed = {"numeral": "numerals", "ordinal": "ordinals", "month": "months", "weekday": "weekdays"}.get(value.kind)
    return tuple(sorted(words(listed) - {value.text})) if listed and value.text in words(listed) else ()
