"""Whether a critic can read a text: by the setting `readable` in its card. A critic without that setting says nothing.

{"vocabulary": 0.65}                  at least this share of its common words are single tokens of its tokenizer
{"characters": "0123456789+ "}        nothing but these signs
{"language": "English", "words": 1500}   prose in Latin script with English's small words, passages of up to so many
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from models_service.critic import read_card
from models_service.synthetic.english.passages import is_english
from models_service.synthetic.english.text import words_of
from models_service.types import Subject

#: Fewer words tell neither a language nor a vocabulary.
_FEWEST = 12
_LEAST_LATIN = 0.8
_WORD = re.compile(r"[^\W\d_]+")
_SHORT = 2


def says_what_it_reads(folder: Path) -> bool:
    """Whether the critic in the folder says of a text that it cannot read it."""
    return _setting(folder) is not None


def why_unreadable(folder: Path, subject: Subject) -> str | None:
    """Why the critic in the folder cannot read a passage, or the question and answer about it; None if it can.

    None too where the critic does not say what it can read.
    """
    setting = _setting(folder)
    if setting is None:
        return None
    for name, text in (("passage", subject.passage), ("question and answer", f"{subject.question} {subject.answer}")):
        if (why := _why(folder, json.dumps(setting), text)) is not None:
            return f"the {name}: {why}"
    longest = setting.get("words")
    if longest and (count := len(subject.passage.split())) > longest:
        return f"the passage has {count:,} words, more than {longest:,}"
    return None


@cache
def _setting(folder: Path) -> Mapping[str, Any] | None:
    card = read_card(folder)
    return None if card is None else card.get("readable")


@lru_cache(maxsize=1024)
def _why(folder: Path, setting: str, text: str) -> str | None:
    """The same passage is asked about with each of its answers."""
    found = json.loads(setting)
    if "characters" in found:
        other = sorted(set(text.replace("\n", " ")) - set(found["characters"]))
        return f"it cannot read “{other[0]}”" if other else None
    if "vocabulary" in found:
        return _foreign(_vocabulary(folder), text, found["vocabulary"])
    return _not_english(text)


@cache
def _vocabulary(folder: Path) -> frozenset[str]:
    """The words that are single tokens; in byte-level vocabularies a space before them is a Ġ."""
    tokens = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    return frozenset(token.removeprefix("Ġ") for token in tokens)


def _foreign(vocabulary: frozenset[str], text: str, least: float) -> str | None:
    """Names are made up in the critic's own texts too, and `of` is in any: longer words in small letters count."""
    words = [word for word in _WORD.findall(text) if word.islower() and len(word) > _SHORT]
    if _mostly_other_script(text):
        return "it is not in Latin script"
    known = sum(word in vocabulary for word in words)
    if len(words) < _FEWEST or known >= least * len(words):
        return None
    return f"it knows {known} of {len(words)} common words"


def _not_english(text: str) -> str | None:
    if _mostly_other_script(text):
        return "it is not in Latin script"
    if len(words_of(text)) >= _FEWEST and not is_english(text):
        return "it does not look like English"
    return None


def _mostly_other_script(text: str) -> bool:
    letters = [sign for sign in text if sign.isalpha()]
    return sum(map(_is_latin, letters)) < _LEAST_LATIN * len(letters)


@lru_cache(maxsize=4096)
def _is_latin(letter: str) -> bool:
    return "LATIN" in unicodedata.name(letter, "")
