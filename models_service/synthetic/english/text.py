"""Sentences and words of English prose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from models_service.synthetic.english.words import words

_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|St|No|Jr|Sr|Gen|Col|Sen|Rep|Gov|Lt|Capt|Inc|Co|Corp|vs|etc|approx|ca|cf|al)|\be\.g|\bi\.e"
    r"|\b[A-Z](?:\.[A-Z])*)\.$"
)
_END = re.compile(r"[.!?][”\"’')\]]*(?=\s+[“\"‘'(\[]?[A-Z0-9])")
_ODD = re.compile(r"-{3,}|https?:|www\.|[_#*{}|<>=\[\]\\]|\S@\S|\.{3}|…|⁠—$")
#: A sentence of more percentages is a list of a table's cells.
_MOST_SHARES = 3
_WORD = re.compile(r"[A-Za-z0-9]+(?:[’'.,-][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a passage, fit to be an answer's: quotation marks that do not pair are taken off."""

    place: int
    paragraph: int
    text: str
    usable: bool
    """Whether it can stand in an answer: a statement of some length, without links or marks of lists."""


def split_paragraph(paragraph: str) -> list[str]:
    """The sentences of one paragraph, in order, as they stand."""
    found, begin = [], 0
    for match in _END.finditer(paragraph):
        if not _ABBREVIATION.search(paragraph[begin : match.start() + 1]):
            found.append(paragraph[begin : match.end()].strip())
            begin = match.end()
    found.append(paragraph[begin:].strip())
    return [one for one in found if one]


def read_sentences(passage: str) -> tuple[Sentence, ...]:
    """Every sentence of a passage."""
    found: list[Sentence] = []
    for number, paragraph in enumerate(passage.split("\n\n")):
        for raw in split_paragraph(" ".join(paragraph.split())):
            text = plain_quotes(raw)
            found.append(Sentence(len(found), number, text, _usable(text)))
    return tuple(found)


def plain_quotes(sentence: str) -> str:
    """Without the quotation marks that do not pair: what is cut out of a speech keeps one of them."""
    if sentence.count("“") != sentence.count("”") or sentence.count('"') % 2:
        sentence = re.sub(r"[“”\"]", "", sentence)
    if sentence.count("(") != sentence.count(")"):
        sentence = re.sub(r"[()]", "", sentence)
    if sentence.startswith("“") and sentence.endswith("”") and sentence.count("“") == 1:
        sentence = sentence[1:-1]
    return sentence.strip()


def _usable(text: str) -> bool:
    length = len(text.split())
    if text.count("%") > _MOST_SHARES:
        return False
    return (
        6 <= length <= 48
        and text[-1] == "."
        and (text[0].isupper() or text[0] == "1")
        and not _ODD.search(text)
        and not text.startswith("Or ")
    )


def words_of(text: str) -> list[str]:
    """The words and numbers of a text, lower case, a possessive s taken off."""
    return [_bare(word) for word in _WORD.findall(text.replace("’", "'"))]


def _bare(word: str) -> str:
    return word.lower().removesuffix("'s").rstrip("'")


@lru_cache(maxsize=4096)
def content_words(text: str) -> tuple[str, ...]:
    """The words that say what a text is about, each cut to its stem."""
    stop = words("stop")
    return tuple(stem(word) for word in words_of(text) if word not in stop)


@cache
def stem(word: str) -> str:
    """A word without its ending: enough to see `agency` in `agencies`, no more.

    >>> [stem(word) for word in ("agencies", "agency", "annexed", "annexing", "1878")]
    ['agenc', 'agenc', 'annex', 'annex', '1878']
    """
    for ending in ("ies", "ing", "ed", "es", "s", "y", "e"):
        if len(word) - len(ending) >= 4 and word.endswith(ending):
            return word[: -len(ending)]
    return word


def find_phrase(phrase: str, text: str, begin: int = 0) -> int:
    """Where a phrase stands in a text as whole words, -1 if nowhere; `31` does not stand in `1,310` or `31 %`."""
    while (start := text.find(phrase, begin)) >= 0:
        end = start + len(phrase)
        if not _joined_before(text[max(0, start - 2) : start]) and not _joined_after(text[end : end + 2]):
            return start
        begin = start + 1
    return -1


def _joined_before(before: str) -> bool:
    return bool(before) and (
        before[-1].isalnum() or before[-1] in "_$" or (before[-1] in ".,-" and before[0].isalnum())
    )


def _joined_after(after: str) -> bool:
    return bool(after) and (after[0].isalnum() or after[0] in "_%" or (after[0] in ".,-" and after[1:].isalnum()))


def occurs(phrase: str, text: str) -> bool:
    """Whether a phrase stands in a text as whole words."""
    return find_phrase(phrase, text) >= 0


def join(sentences: Sequence[str]) -> str:
    return " ".join(sentences)
