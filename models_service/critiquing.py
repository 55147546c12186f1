"""From eight sampled texts to suggestions: de-duplicate, carry the scores over, rank (paper 3.2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from models_service.types import Suggestion


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

    Ranks count the first occurrences only, most helpful first, ties in sampling order. The prompt's worked `examples`
    have none: a model that repeats one says nothing about the answer.
    """
    first = first_occurrences(texts)
    own = (i for i, f in enumerate(first) if i == f and texts[i] not in examples)
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
        )
        for index, (text, temperature) in enumerate(zip(texts, temperatures, strict=True))
    )
