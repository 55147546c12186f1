"""Light rephrasing by rule: the same said in other words, every value kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from models_service.synthetic.english.reading import Reading
from models_service.synthetic.english.words import lists

_SUBJECT = r"the|a|an|we|you|he|she|it|they|this|that|these|those|there|our|his|her|their|its|if|I|[A-Z]\w+"
_OPENER = re.compile(
    "^(?:(?:" + "|".join(map(re.escape, [*lists()["openers"].split(), *lists()["opener_phrases"]])) + ") (?=[A-Za-z])"
    rf"|(?:And|But|So|Yet),? (?=(?:{_SUBJECT})\b))"
)
_PLURAL = {"we": "they", "our": "their", "us": "them", "ours": "theirs", "ourselves": "themselves", "we’re": "they’re",
           "we’ve": "they’ve", "we’ll": "they’ll", "we’d": "they’d"}  # fmt: skip
_WE = re.compile(r"\b(" + "|".join(sorted(_PLURAL, key=len, reverse=True)) + r")\b(?!’)", re.IGNORECASE)
_IN_FRONT = re.compile(r"^((?:In|During|By|Since|On) (?:the )?[^,;“”()]{4,24}), ([^,;:“”()—]{20,160})\.$")
_ACCORDING = (
    "According to the passage, ", "According to the text, ", "The passage says that ", "The text says that ",
    "We learn that ", "The author says that ", "It is said that ", "The article states that ",
)  # fmt: skip


def rephrase(rng: Random, reading: Reading, sentences: Sequence[str]) -> list[str]:
    """The sentences as one writer would put them: each rule is used throughout or not at all."""
    rules = [rule for rule, share in _RULES if rng.random() < share]
    said = list(sentences)
    for rule in rules:
        said = [rule(one) for one in said]
    opening = reading.lowered(without_opener(said[0]))
    if rng.random() < 0.25 and opening:
        said[0] = rng.choice(_ACCORDING) + opening
    return said


def without_opener(sentence: str) -> str:
    """Without `However,` or `In addition,`, which say how a sentence stands to the one before it."""
    bare = _OPENER.sub("", sentence)
    return bare[0].upper() + bare[1:]


def without_parentheses(sentence: str) -> str:
    return re.sub(r" \([^()]*\)", "", sentence)


def as_they(sentence: str) -> str:
    """`We` as a reader calls them: they. The country that is spelled US is left alone."""
    return _WE.sub(lambda match: _like(match[0], _PLURAL[match[0].lower()]), sentence)


def _like(word: str, other: str) -> str:
    if word == "US":
        return word
    return other.capitalize() if word[0].isupper() else other


def in_other_words(sentence: str) -> str:
    for one, other in lists()["synonyms"]:
        if one in sentence.replace("’", "'"):
            sentence = re.sub(rf"\b{re.escape(one).replace(chr(39), '[’' + chr(39) + ']')}\b", other, sentence)
    return sentence


def time_last(sentence: str) -> str:
    """`In 1909, the island was annexed.` as `The island was annexed in 1909.`"""
    match = _IN_FRONT.match(sentence)
    if not match:
        return sentence
    return f"{match[2][0].upper()}{match[2][1:]} {match[1][0].lower()}{match[1][1:]}."


_RULES: tuple[tuple[Callable[[str], str], float], ...] = (
    (without_opener, 0.8),
    (without_parentheses, 0.3),
    (time_last, 0.3),
    (in_other_words, 0.5),
    (as_they, 0.5),
)


_SAID_BY = re.compile("^(?:" + "|".join(map(re.escape, _ACCORDING)) + ")")


def said_by(sentence: str) -> int:
    """How long `The passage says that` is at the sentence's beginning, 0 where it is not there."""
    match = _SAID_BY.match(sentence)
    return match.end() if match else 0


def without_said_by(sentence: str) -> str:
    """What the passage says, without the words that say so."""
    return sentence[said_by(sentence) :]
