"""Alphabetizing eighteen words (paper, Table 3).

    Question: Alphabetize the following words: growing prompts …
    Answer: estimate evolve …
    Critique: Words misordered: evolve comes alphabetically after estimate

Said of an answer in which "evolve" stands right before "estimate". The wording for a word that is missing or
one too many is not in the paper; here it is `Word missing: X` and `Extra word: X`.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from random import Random

from models_service.synthetic.lexicon import language
from models_service.synthetic.task import Problem, drawn

_OPENING = "Alphabetize the following words: "
_ORDER = re.compile(r"\s*Words misordered: (\S+) comes alphabetically after (\S+?)\.?\s*")
_PRESENCE = re.compile(r"\s*(Word missing|Extra word): (\S+?)\.?\s*")


class Alphabetize:
    """Generator and oracles of the alphabetizing task."""

    name = "alphabetize"

    def __init__(self, words: int = 18) -> None:
        self._number = words

    def generate(self, rng: Random) -> Problem:
        """Distinct common words in random order."""
        return Problem("", _OPENING + " ".join(rng.sample(known_words(), self._number)))

    def corrupt(self, rng: Random, problem: Problem) -> str:
        """Neighbours swapped, a word moved, dropped or slipped in: once, twice or three times."""
        right = self.answer(problem)
        while True:
            words = right.split()
            for _ in range(rng.choice((1, 1, 2, 3))):
                _change(rng, words)
            if " ".join(words) != right:
                return " ".join(words)

    def draw(self, rng: Random, *, flawed: bool) -> tuple[Problem, str]:
        """The oracle's answer or a corruption of it."""
        return drawn(self, rng, flawed=flawed)

    def answer(self, problem: Problem) -> str:
        return " ".join(sorted(given(problem)))

    def valid_critiques(self, problem: Problem, answer: str) -> list[str]:
        """One for each misordered pair of neighbours, each missing and each extra word."""
        said = answer.split()
        critiques = [_misordered(x, y) for x, y in pairwise(said) if x > y]
        critiques += [f"Word missing: {word}" for word in Counter(given(problem)) - Counter(said)]
        critiques += [f"Extra word: {word}" for word in Counter(said) - Counter(given(problem))]
        return list(dict.fromkeys(critiques))

    def invalid_critiques(self, rng: Random, problem: Problem, answer: str) -> list[str]:
        """Pairs in good order, and words that are where they should be."""
        said = answer.split()
        pairs = [_misordered(x, y) for x, y in pairwise(said) if x < y]
        candidates = rng.sample(pairs, min(2, len(pairs)))
        candidates += [rng.choice(("Word missing: ", "Extra word: ")) + rng.choice(given(problem)) for _ in range(2)]
        return [text for text in dict.fromkeys(candidates) if not self.is_helpful(problem, answer, text)]

    def is_critiqueable(self, problem: Problem, answer: str) -> bool:
        return answer.split() != sorted(given(problem))

    def is_helpful(self, problem: Problem, answer: str, critique: str) -> bool:
        """Valid if the pair stands so in the answer and is truly misordered, or the word is missing or extra."""
        valid = self.valid_critiques(problem, answer)
        if match := _ORDER.fullmatch(critique):
            return _misordered(match[1], match[2]) in valid
        match = _PRESENCE.fullmatch(critique)
        return match is not None and f"{match[1]}: {match[2]}" in valid


def _misordered(first: str, second: str) -> str:
    """The paper's wording for `first` standing right before `second`."""
    return f"Words misordered: {first} comes alphabetically after {second}"


def given(problem: Problem) -> list[str]:
    if not problem.question.startswith(_OPENING):
        raise ValueError(f"not an alphabetizing question: {problem.question[:80]!r}")
    return problem.question.removeprefix(_OPENING).split()


def known_words() -> list[str]:
    """The plain words of the reports' lexicon."""
    values = language().words.values.values()
    return sorted({word for words in values for word in words if word.islower()})


def _change(rng: Random, words: list[str]) -> None:
    kind = rng.choices(("swap", "move", "drop", "add"), weights=(0.5, 0.15, 0.2, 0.15))[0]
    place = rng.randrange(len(words) - 1)
    if kind == "swap":
        words[place], words[place + 1] = words[place + 1], words[place]
    elif kind == "move":
        word = words.pop(place)
        words.insert(rng.randint(0, len(words)), word)
    elif kind == "drop":
        words.pop(place)
    else:
        words.insert(place, rng.choice(known_words()))
