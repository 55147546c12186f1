"""What a passage can be asked about, and which of its sentences tell it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from random import Random
from typing import Any, Literal

from models_service.synthetic.english.reading import Reading
from models_service.synthetic.english.text import Sentence, occurs, stem, words_of
from models_service.synthetic.english.values import Kind
from models_service.synthetic.english.words import words

Shape = Literal["topic", "year", "paragraph", "who", "why", "when", "where", "many"]

MOST_SENTENCES = 5
MOST_WORDS = 140


@dataclass(frozen=True, slots=True)
class Topic:
    """A question's subject. The sentences are all of the passage that tell it, in its order."""

    shape: Shape
    phrase: str
    sentences: tuple[Sentence, ...]

    @property
    def whole(self) -> bool:
        """Whether the sentences are everything that the passage says of it, so that one left out is missing."""
        return self.shape in {"topic", "year", "paragraph"}


@cache
def wordings() -> dict[str, Any]:
    """The questions and critiques of `wordings.toml`."""
    return tomllib.loads((files(__package__) / "wordings.toml").read_text("utf-8"))


def ask(rng: Random, topic: Topic) -> str:
    """One of the wordings of the question."""
    wording: str = rng.choice(wordings()["questions"][topic.shape])
    return wording.format(t=topic.phrase, c=topic.phrase)


@lru_cache(maxsize=1024)
def find_topics(reading: Reading) -> tuple[Topic, ...]:
    """Everything that can be asked, answers of one to five sentences; found once for each passage."""
    found = [*_names(reading), *_things(reading), *_paragraphs(reading), *_asked(reading)]
    return tuple(topic for topic in found if _fits(topic.sentences))


def _fits(sentences: Sequence[Sentence]) -> bool:
    length = sum(len(one.text.split()) for one in sentences)
    return 1 <= len(sentences) <= MOST_SENTENCES and length <= MOST_WORDS and all(one.usable for one in sentences)


def telling(reading: Reading, mention: str) -> tuple[Sentence, ...]:
    """The sentences with the words of the topic; questions and bits of speech tell nothing and are passed over."""
    return tuple(
        one
        for one in reading.sentences
        if mention in one.text and occurs(mention, one.text) and (one.usable or not _tells_nothing(one.text))
    )


def _tells_nothing(sentence: str) -> bool:
    return sentence.endswith("?") or len(sentence.split()) < 6


def _names(reading: Reading) -> Iterator[Topic]:
    kinds: tuple[Kind, ...] = ("person", "place", "organization", "name", "year")
    for kind in kinds:
        for text, before in reading.offers.with_before(kind):
            mention = text.split()[-1] if kind == "person" else text
            phrase = f"the {text}" if before == "the" and kind != "year" else text
            yield Topic("year" if kind == "year" else "topic", phrase, telling(reading, mention))


_NOUN = re.compile(
    r"\b(the|this|these|his|her|their|our|its|my|your|a|an) ((?:[a-z]{3,} )?[a-z-]{4,})"
    r"(?= (?:of|in|for|to|and|that|which|who|is|was|were|are|on|at|from|with|by|has|have|had|will|can)\b|[,.;])"
)
_NO_NOUN = re.compile(r"(?:ed|ly|ful|ous|ive|al|able|ible|est|ing|ic|less|er than)$")


def _things(reading: Reading) -> Iterator[Topic]:
    seen: set[str] = set()
    for sentence in reading.usable:
        for _, chunk in _NOUN.findall(sentence.text):
            parts = chunk.split()
            head = parts[-1]
            if stem(head) in seen or not _is_noun(head) or any(part in words("stop") for part in parts):
                continue
            seen.add(stem(head))
            yield Topic("topic", f"the {chunk}", _with_stem(reading, head))


def _is_noun(word: str) -> bool:
    return word not in words("stop") and word not in words("adjectives") and not _NO_NOUN.search(word)


def _with_stem(reading: Reading, head: str) -> tuple[Sentence, ...]:
    wanted = stem(head)
    return tuple(
        one
        for one in reading.sentences
        if wanted in one.text.lower()
        and wanted in map(stem, words_of(one.text))
        and (one.usable or not _tells_nothing(one.text))
    )


def _paragraphs(reading: Reading) -> Iterator[Topic]:
    by_paragraph: dict[int, list[Sentence]] = {}
    for one in reading.sentences:
        by_paragraph.setdefault(one.paragraph, []).append(one)
    for sentences in by_paragraph.values():
        opening = " ".join(sentences[0].text.split()[:5]).rstrip(",;:.")
        if len(sentences) > 1 and "“" not in opening and '"' not in opening:
            yield Topic("paragraph", opening, tuple(sentences))


_DID = "[a-z]+ed|was|had|said|took|went|came|made|led|became|won|held|began|gave|found|wrote|ran|sent"
_WHO = re.compile(rf"^((?:[A-Z][\w.’-]+ ?){{1,4}}) ((?:{_DID}) .{{10,90}})\.$")
_WHY = re.compile(r"^(.{15,110}?),? because (?!of)(.{15,})\.$")
_WHEN = re.compile(r"^(In|On|By|During|Since) ((?:[A-Z][a-z]+ )?(?:\d{1,2},? )?(?:[A-Z][a-z]+ )?\d{4}), (.{15,120})\.$")
_WHERE = re.compile(r"^(In|At) (?:the )?((?:[A-Z][\w’]+ ?){1,3}), (.{15,120})\.$")
_MANY = re.compile(
    r"\b(?:\d[\d,]*|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty) ((?:[a-z-]{3,} )?[a-z]{3,}s)\b"
)


def _asked(reading: Reading) -> Iterator[Topic]:
    """Questions that one sentence answers; up to two that follow it may stand with it."""
    for sentence in reading.usable:
        for shape, clause in _clauses(reading, sentence.text):
            if "“" not in clause and '"' not in clause:
                yield Topic(shape, clause, _followed(reading, sentence))


def _clauses(reading: Reading, text: str) -> Iterator[tuple[Shape, str]]:
    if (match := _WHO.match(text)) and match[1].split()[0] not in words("not_names"):
        yield "who", match[2]
    if match := _WHY.match(text):
        yield from _put(reading, "why", match[1])
    if match := _WHEN.match(text):
        yield from _put(reading, "when", match[3])
    if (match := _WHERE.match(text)) and match[2].split()[0] not in words("months"):
        yield from _put(reading, "where", match[3])
    if (match := _MANY.search(text)) and not any(part in words("stop") for part in match[1].split()):
        yield "many", match[1]


def _followed(reading: Reading, sentence: Sentence) -> tuple[Sentence, ...]:
    after = reading.sentences[sentence.place : sentence.place + 3]
    kept = [sentence]
    for one in after[1:]:
        if not one.usable or one.paragraph != sentence.paragraph:
            break
        kept.append(one)
    return tuple(kept)


def _put(reading: Reading, shape: Shape, clause: str) -> Iterator[tuple[Shape, str]]:
    within = reading.lowered(clause)
    if within and within.split()[0] not in {"and", "but", "so", "yet"}:
        yield shape, within
