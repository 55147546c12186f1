"""Values in a sentence that another value of the same kind could stand for: names, numbers, dates, roles, opposites."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from models_service.synthetic.english.words import lists, ordered, partners, same_thing, words

Kind = Literal[
    "person", "place", "organization", "name", "nationality", "year", "date", "month", "weekday", "percentage", "money",
    "number", "numeral", "ordinal", "role", "setting", "opposite", "negation", "order",
]  # fmt: skip

NAMES: tuple[Kind, ...] = ("person", "place", "organization", "name")


@dataclass(frozen=True, slots=True)
class Value:
    """A stretch of a sentence and what kind of thing it is."""

    kind: Kind
    text: str
    start: int
    before: str
    """What must stand before a value that takes its place: `the` or nothing; for a name of unknown kind that word."""

    @property
    def end(self) -> int:
        return self.start + len(self.text)


_MONTH = "(?:" + "|".join(ordered("months")) + ")"
_DAY = r"\d{1,2}"
_NUMBER = r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|[1-9]\d*"
_SCALE = r"(?: (?:million|billion|trillion|thousand))?"


def _patterns(*pairs: tuple[Kind, str]) -> tuple[tuple[Kind, str], ...]:
    return pairs


_FIXED: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"(?<![\w$.,/-])(?:{pattern})(?![\w%/]|[.,-]\w|-\w)"))
    for kind, pattern in _patterns(
        ("date", rf"{_DAY} {_MONTH} \d{{4}}|{_MONTH} {_DAY}, \d{{4}}|{_MONTH} \d{{4}}|{_MONTH} {_DAY}|{_DAY} {_MONTH}"),
        ("percentage", rf"(?:{_NUMBER})(?: ?%| percent| per cent)"),
        ("money", rf"[$£€](?:{_NUMBER}){_SCALE}"),
        ("year", r"1[5-9]\d\d|20[0-4]\d"),
        ("number", rf"(?:{_NUMBER}){_SCALE}"),
        ("month", _MONTH),
        ("weekday", "|".join(ordered("weekdays"))),
        ("numeral", "|".join(ordered("numerals"))),
        ("ordinal", r"\d+(?:st|nd|rd|th)|" + "|".join(ordered("ordinals"))),
    )
)  # fmt: skip
_CAPITAL = r"[A-Z][\w’'&]*(?:-[\w’']+)*"
_TITLE = (
    "(?:" + "|".join(sorted(map(re.escape, words("titles_of_men") | words("titles_of_women") | words("titles")))) + ")"
)
_NAME = re.compile(
    rf"(?<![\w./@-])(?:{_TITLE} )?{_CAPITAL}(?:(?: of(?: the)?)? (?:[A-Z]\. )?{_CAPITAL})*|(?<![\w./@-])\d+F\b"
)
_LOWER = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(sorted((w for n in ("roles", "settings", "opposites") for w in partners(n)), key=len, reverse=True))
    + r")(?![\w’'-])"
)
_BE = r"(?:is|are|was|were|has|have|had|can|could|will|would|should)"
_NO_MORE = r"(?!(?:not|never|no|to|only|nothing|also|all|both|always|just|merely|yet|so|necessarily|any|simply)\b)"
_NOT = re.compile(rf"\b(?:{_BE} not|cannot) {_NO_MORE}(?=[a-z])")
_YES = re.compile(rf"(?<=\w )\b{_BE} {_NO_MORE}(?=[a-z])")
#: After these a capital is no sign that a name is meant.
_SENTENCE_START = re.compile(r"^[“\"‘'(]*$|[.!?:;]\s*[“\"]?$|[“\"]$")


def find_values(
    sentence: str, known: frozenset[str] = frozenset(), people: frozenset[str] = frozenset()
) -> list[Value]:
    """Every value of the sentence, in order, none inside another.

    `known` are names that stand inside sentences of the passage: a capital at the beginning of a sentence is a
    name only if it is one of them or of the lists. `people` are words that somewhere are part of a person's name.
    """
    taken: list[tuple[int, int]] = []
    found = []
    for value in (*_fixed(sentence), *_names(sentence, known, people), *_lower(sentence)):
        if all(value.end <= a or value.start >= b for a, b in taken):
            taken.append((value.start, value.end))
            found.append(value)
    return sorted(found, key=lambda value: value.start)


def _fixed(sentence: str) -> Iterator[Value]:
    for kind, pattern in _FIXED:
        for match in pattern.finditer(sentence):
            if not (kind == "month" and match[0] in {"May", "March"} and match.start() == 0):
                yield Value(
                    kind, match[0], match.start(), _word_before(sentence, match.start()) if kind == "ordinal" else ""
                )


def _names(sentence: str, known: frozenset[str], people: frozenset[str]) -> Iterator[Value]:
    end = 0
    while match := _NAME.search(sentence, end):
        text, start = _trimmed(_alone(match[0]), match.start())
        end = max(start + len(text), match.start() + 1)
        text = re.sub(r"[’']s?$", "", text)
        parts = text.split()
        if (
            not parts
            or parts[0].startswith(("I’", "I'"))
            or len(text) < 2
            or len(parts) > 5
            or parts[-1] in words("not_names")
        ):
            continue
        kind = name_kind(text, people)
        if _SENTENCE_START.search(sentence[:start]) and kind == "name" and text not in known:
            continue
        before = _word_before(sentence, start)
        yield Value(kind, text, start, before if kind == "name" else "the" if before == "the" else "")


def _alone(text: str) -> str:
    """`Jane Smith` of `Jane Smith of the State Department`; the `Department of State` is one name."""
    first, of, _ = text.partition(" of ")
    return first if of and first.split()[-1] not in words("organization_words") | words("name_with_of") else text


def _trimmed(text: str, start: int) -> tuple[str, int]:
    """Without words that begin a sentence and no name: `In France` is `France`."""
    while text:
        first, _, rest = text.partition(" ")
        if first not in words("not_names") and first not in words("months") and first not in words("weekdays"):
            return text, start
        text, start = rest, start + len(first) + 1
        if text.startswith("of "):
            return "", start
    return text, start


def _word_before(sentence: str, start: int) -> str:
    before = sentence[:start].split()
    return before[-1].lower().strip('“"(') if before else ""


@cache
def name_kind(text: str, people: frozenset[str]) -> Kind:
    """What a name is of, by the lists and by its parts."""
    parts = text.split()
    titled = parts[0] in words("titles_of_men") | words("titles_of_women") | words("titles")
    if text in words("nationalities"):
        return "nationality"
    if text in words("places") or text in lists()["places_of_words"] or parts[-1] in words("place_endings"):
        return "place"
    if (len(parts) > 1 and any(part in words("organization_words") for part in parts)) or re.fullmatch(
        r"[A-Z]{3,6}|\d+F", text
    ):
        return "organization"
    if (titled and len(parts) > 1) or parts[0] in words("first_names") or (len(parts) == 1 and text in people):
        return "person"
    return "person" if len(parts) == 2 and re.fullmatch(r"[A-Z-]{4,}", parts[1]) else "name"


def people_in(text: str) -> frozenset[str]:
    """Words that are part of a person's name somewhere in the text, so that the surname alone is known too."""
    found = set()
    for match in _NAME.finditer(text):
        name, _ = _trimmed(match[0], 0)
        parts = re.sub(r"[’']s?$", "", name).split()
        if len(parts) > 1 and name_kind(" ".join(parts), frozenset()) == "person":
            found |= {part for part in parts[1:] if len(part) > 2}
    return frozenset(found)


def names_inside(text: str) -> frozenset[str]:
    """Names that stand inside a sentence, where a capital is the sign of a name."""
    found = set()
    for match in _NAME.finditer(text):
        if not _SENTENCE_START.search(text[max(0, match.start() - 4) : match.start()]) and match.start():
            found.add(re.sub(r"[’']s?$", "", _trimmed(match[0], 0)[0]))
    return frozenset(found)


def _lower(sentence: str) -> Iterator[Value]:
    for match in _NOT.finditer(sentence):
        yield _negation(sentence, match)
    for match in _LOWER.finditer(sentence):
        kind: Kind = (
            "role" if match[0] in partners("roles") else "setting" if match[0] in partners("settings") else "opposite"
        )
        yield Value(kind, match[0], match.start(), "")
    for match in _YES.finditer(sentence):
        yield _negation(sentence, match)


def _negation(sentence: str, match: re.Match[str]) -> Value:
    """The auxiliary and the word after it: `was annexed`, `was not annexed`."""
    rest = re.match(r"(?:(?:a|an|the|to|in|of|be|been|as) ){0,2}[a-zA-Z’'-]+", sentence[match.end() :])
    return Value("negation", match[0] + (rest[0] if rest else ""), match.start(), "")


def denied(text: str) -> str:
    """`was annexed` from `was not annexed`, and the other way round."""
    if text.startswith("cannot "):
        return "can " + text.removeprefix("cannot ")
    first, rest = text.split(" ", 1)
    if rest.startswith("not "):
        return f"{first} {rest.removeprefix('not ')}"
    return f"cannot {rest}" if first == "can" else f"{first} not {rest}"


def same(one: str, other: str) -> bool:
    """Whether two values name one thing, or may: they share a word, one is the other's initials, or a list says so."""
    if other in same_thing().get(one, ()):
        return True
    long_words = [{w.lower().rstrip("s") for w in re.findall(r"\w{3,}", text)} for text in (one, other)]
    if long_words[0] & long_words[1]:
        return True
    initials = ["".join(w[0] for w in text.split() if w[0].isupper()) for text in (one, other)]
    return (
        one.replace(".", "") in initials[1:] or other.replace(".", "") in initials[:1] or one.lower() == other.lower()
    )
