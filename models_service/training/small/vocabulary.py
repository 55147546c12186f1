"""Byte-level BPE learned from a task's own text, so that its common words are single tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

#: What no token may join: words, signs and spaces as GPT-2 parts them; the same with each digit alone; or only
#: what spaces and commas part, so that `(¬a` and ` b)` are tokens, a literal each.
Split = Literal["words", "digits", "literals"]

_LITERALS = Regex(r" ?[^\s,]+|[\s,]")


def learn_vocabulary(texts: Iterable[str], size: int, *, split: Split) -> Tokenizer:
    """A tokenizer of at most `size` tokens; id 0 pads and 1 ends. Any text encodes and decodes exactly."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(_splitters(split))
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<pad>", "<eos>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _splitters(split: Split) -> list[pre_tokenizers.PreTokenizer]:
    if split == "literals":
        parts = pre_tokenizers.Split(_LITERALS, behavior="isolated")
        return [parts, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    digits = [pre_tokenizers.Digits(individual_digits=True)] if split == "digits" else []
    return [*digits, pre_tokenizers.ByteLevel(add_prefix_space=False)]


_STRETCH = re.compile(r" ?[^ ]+")

#: The ids of a text's tokens, and the half-open span of characters that each covers.
Encoded = tuple[list[int], list[tuple[int, int]]]


class Encoder:
    """A tokenizer that remembers: text is taken apart at its spaces, and a stretch seen before is looked up.

    No token spans two stretches, so the result is the tokenizer's own.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._stretch = lru_cache(maxsize=2**16)(self._encode)

    def _encode(self, text: str) -> Encoded:
        encoding = self._tokenizer.encode(text)
        return encoding.ids, encoding.offsets

    def ids(self, text: str) -> list[int]:
        return [token for stretch in self._stretches(text) for token in self._stretch(stretch)[0]]

    def spans(self, text: str) -> Encoded:
        ids: list[int] = []
        spans: list[tuple[int, int]] = []
        place = 0
        for stretch in self._stretches(text):
            found, offsets = self._stretch(stretch)
            ids += found
            spans += [(place + begin, place + end) for begin, end in offsets]
            place += len(stretch)
        return ids, spans

    @staticmethod
    def _stretches(text: str) -> list[str]:
        """The text in parts, each but the first with the space before it; whole where spaces stand in a row."""
        return [text] if "  " in text or text.endswith(" ") else _STRETCH.findall(text)
