"""From eight sampled texts to suggestions: de-duplicate, mark what is no critique, carry scores over, rank (3.2)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise

from models_service.types import Suggestion

_WORD = re.compile(r"[^\W_]+")
#: Any piece of one to forty characters that follows itself four times or more, over ten characters at least.
#: "No, no, no" is speech; "gogogogogo" is not.
_REPEATED = re.compile(r"(.{1,40}?)\1{4,}", re.DOTALL)
_LEAST_REPEATED = 10
#: A text of so many words, of whose pairs of neighbours fewer than a third are different ones, goes round in circles.
_LONG, _LEAST_NEW = 16, 1 / 3


def is_degenerate(text: str) -> bool:
    """Whether a sampled text is no critique at all: no words, or the same pieces over and over.

    Right or wrong is not asked: only what no reader would take for somebody's words.

    >>> [is_degenerate(one) for one in ("", "?!", "The answer leavesgogogogogogo", "The year is wrong.")]
    [True, True, True, False]
    """
    words = [word.casefold() for word in _WORD.findall(text)]
    if not words:
        return True
    if any(len(match[0]) >= _LEAST_REPEATED and any(map(str.isalpha, match[1])) for match in _REPEATED.finditer(text)):
        return True
    pairs = Counter(pairwise(words))
    return len(words) >= _LONG and len(pairs) < _LEAST_NEW * (len(words) - 1)


def first_occurrences(texts: Sequence[str]) -> list[int]:
    """For each text the index of its first exact copy (its own index if it is the first).

    >>> first_occurrences(["a", "b", "a"])
    [0, 1, 0]
    """
    first: dict[str, int] = {}
    return [first.setdefault(text, index) for index, text in enumerate(texts)]


def suggestions(
    texts: Sequence[str],
    temperatures: Sequence[float],
    helpfulness: Sequence[float],
    examples: Collection[str] = (),
) -> tuple[Suggestion, ...]:
    """All samples in sampling order; duplicates point at the first of their text and carry its score.

    Ranks count the first occurrences that are critiques, most helpful first, ties in sampling order. The prompt's
    worked `examples` have none: a model that repeats one says nothing about the answer.
    """
    first = first_occurrences(texts)
    degenerate = [is_degenerate(text) for text in texts]
    own = (i for i, f in enumerate(first) if i == f and texts[i] not in examples and not degenerate[i])
    shown = sorted(own, key=lambda i: -helpfulness[i])
    rank = {index: place for place, index in enumerate(shown)}
    return tuple(
        Suggestion(
            sample_index=index,
            temperature=temperature,
            text=text,
            helpfulness=helpfulness[first[index]],
            same_as=None if first[index] == index else first[index],
            rank=rank.get(index),
            copied=text in examples,
            degenerate=degenerate[index],
        )
        for index, (text, temperature) in enumerate(zip(texts, temperatures, strict=True))
    )
