"""Addition of two six-digit numbers (paper, Table 3).

    Question: 505579 + 900050
    Answer: 1505629
    Critique: Digit at index 6 should be 4

The true sum is 1405629: the wrong digit is the sixth from the right, so indices count from 1 at the
least significant digit.
"""

from __future__ import annotations

import re
from random import Random

from models_service.synthetic.task import Problem

_QUESTION = re.compile(r"\s*(\d+)\s*\+\s*(\d+)\s*")
_CRITIQUE = re.compile(r"\s*Digit at index (\d+) should be (\d)\.?\s*")


class Addition:
    """Generator and oracles of the addition task."""

    name = "addition"

    def generate(self, rng: Random) -> Problem:
        """Two numbers of six digits."""
        return Problem("", f"{rng.randint(100_000, 999_999)} + {rng.randint(100_000, 999_999)}")

    def corrupt(self, rng: Random, problem: Problem) -> str:
        """The sum with one digit changed (three times of four), else two or three."""
        digits = list(self.answer(problem))
        wanted = 1 if rng.random() < 0.75 else rng.choice((2, 3))
        for place in rng.sample(range(len(digits)), wanted):
            digits[place] = _other_digit(rng, digits[place], leading=place == 0)
        return "".join(digits)

    def corrupt_one_digit(self, rng: Random, problem: Problem) -> str:
        """The sum with exactly one digit changed: the shipped critic's test."""
        digits = list(self.answer(problem))
        place = rng.randrange(len(digits))
        digits[place] = _other_digit(rng, digits[place], leading=place == 0)
        return "".join(digits)

    def draw(self, rng: Random, *, flawed: bool) -> tuple[Problem, str]:
        """The sum, or the sum with exactly one digit changed."""
        problem = self.generate(rng)
        return problem, self.corrupt_one_digit(rng, problem) if flawed else self.answer(problem)

    def answer(self, problem: Problem) -> str:
        """The sum, in digits."""
        return str(_true_sum(problem))

    def valid_critiques(self, problem: Problem, answer: str) -> list[str]:
        """One critique for each digit of the answer that differs from the sum's."""
        truth = self.answer(problem)
        given = answer.strip()
        length = max(len(truth), len(given)) if given.isdigit() else len(truth)
        wrong = [index for index in range(1, length + 1) if _digit(truth, index) != _given(given, index)]
        return [wording(index, _digit(truth, index)) for index in wrong]

    def invalid_critiques(self, rng: Random, problem: Problem, answer: str) -> list[str]:
        """Right digits at right places, wrong digits at wrong places, wrong digits at right places."""
        truth = self.answer(problem)
        candidates = []
        for _ in range(4):
            index = rng.randint(1, len(truth))
            digit = _digit(truth, index) if rng.random() < 0.5 else str(rng.randrange(10))
            candidates.append(wording(index, digit))
        for critique in self.valid_critiques(problem, answer)[:1]:
            right = critique[-1]
            candidates.append(critique[:-1] + _other_digit(rng, right, leading=False))
        return [text for text in dict.fromkeys(candidates) if not self.is_helpful(problem, answer, text)]

    def is_critiqueable(self, problem: Problem, answer: str) -> bool:
        """Whether the answer is not the sum."""
        return answer.strip() != self.answer(problem)

    def is_helpful(self, problem: Problem, answer: str, critique: str) -> bool:
        """Valid if the sum has the stated digit at that index and the answer has another there."""
        match = _CRITIQUE.fullmatch(critique)
        if match is None or int(match[1]) < 1:
            return False
        return wording(int(match[1]), match[2]) in self.valid_critiques(problem, answer)


def wording(index: int, digit: str) -> str:
    """The paper's wording; `index` counts from 1 at the least significant digit."""
    return f"Digit at index {index} should be {digit}"


def _true_sum(problem: Problem) -> int:
    match = _QUESTION.fullmatch(problem.question)
    if match is None:
        raise ValueError(f"not an addition: {problem.question!r} (expected such as '505579 + 900050')")
    return int(match[1]) + int(match[2])


def _digit(number: str, index: int) -> str:
    """The digit at `index` from the right; beyond the number's length there are zeros."""
    return number[-index] if index <= len(number) else "0"


def _given(answer: str, index: int) -> str | None:
    """The answer's digit; None where it has none, which differs from every digit of the sum."""
    return answer[-index] if answer.isdigit() and index <= len(answer) else None


def _other_digit(rng: Random, digit: str, *, leading: bool) -> str:
    """Another digit, uniformly; a leading one may not become zero."""
    return rng.choice([d for d in "0123456789" if d != digit and not (leading and d == "0")])
