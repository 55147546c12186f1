"""The passages that questions are made about: which are for training, which held out, and cuts of other lengths."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import as_file, files
from pathlib import Path
from random import Random
from typing import Literal

from findings import jsonl
from models_service.synthetic.english.text import split_paragraph, words_of
from models_service.synthetic.english.words import words

Split = Literal["train", "held_out_passages", "held_out_sources"]

#: No passage of these is trained on. Held out is the source whose like is trained on too (18F's blog): stories and
#: the Factbook's histories are each alone of their kind, and a critic that never saw one would read fewer texts.
HELD_OUT_SOURCES = frozenset({"Digital.gov news"})
#: One story in twelve, so that a held-out title of that source exists too.
HELD_OUT_TITLES = frozenset({"The Adventure of the Copper Beeches"})
_HELD_OUT_SHARE = 0.08
_STOP_SHARE = 0.25
LEAST_WORDS, MOST_WORDS = 60, 1500


@dataclass(frozen=True, slots=True)
class Passage:
    """A text in the public domain, its paragraphs apart by an empty line."""

    key: str
    source: str
    title: str
    text: str


def read_passages(path: Path | None = None) -> list[Passage]:
    """The passages of a file of `{id, source, title, text}`; those that ship if none is named. Raises JsonlError."""
    if path is None:
        with as_file(files(__package__) / "passages.jsonl.gz") as shipped:
            return read_passages(shipped)
    rows = (row for _, row in jsonl.read(path))
    found = [Passage(row["id"], row["source"], row["title"], row["text"]) for row in rows]
    return [passage for passage in found if is_english(passage.text)]


def is_english(text: str) -> bool:
    """Whether enough of its words are the small words of English: a source may hold a text in Spanish."""
    found = words_of(text)
    return sum(word in words("stop") for word in found) > _STOP_SHARE * len(found)


def split_of(passage: Passage) -> Split:
    """Where a passage belongs; all passages of one title stand together, whatever file they come from."""
    if passage.source in HELD_OUT_SOURCES:
        return "held_out_sources"
    if passage.title in HELD_OUT_TITLES:
        return "held_out_passages"
    digest = sha256(f"{passage.source}\n{passage.title}".encode()).digest()
    return "held_out_passages" if digest[0] < 256 * _HELD_OUT_SHARE else "train"


def passages_of(split: Split, path: Path | None = None) -> list[Passage]:
    """The passages of one split."""
    return [passage for passage in read_passages(path) if split_of(passage) == split]


def cut(rng: Random, passage: Passage, *, least: int = 80, most: int = 1100) -> str:
    """The passage or a run of its paragraphs, of a length drawn evenly on a scale of ratios."""
    wanted = int(math.exp(rng.uniform(math.log(least), math.log(most))))
    paragraphs = [one for one in passage.text.split("\n\n") if "----" not in one]
    lengths = [len(one.split()) for one in paragraphs]
    if sum(lengths) <= wanted * 1.2:
        return "\n\n".join(paragraphs)
    starts = [i for i in range(len(lengths)) if sum(lengths[i:]) >= wanted] or [0]
    return "\n\n".join(_run(paragraphs[rng.choice(starts) :], wanted))


def _run(paragraphs: Sequence[str], wanted: int) -> Iterator[str]:
    """Paragraphs until `wanted` words are there; the last one ends with the sentence that fills it."""
    left = wanted
    for paragraph in paragraphs:
        if left <= 0:
            return
        kept: list[str] = []
        for sentence in split_paragraph(paragraph):
            if left > 0:
                kept.append(sentence)
                left -= len(sentence.split())
        yield " ".join(kept)
