"""3-SAT with nine variables (paper, Table 3).

    Question: Provide boolean values for a, b, c, d, e, f, g, h, i that satisfy the following formula: (¬g ∨ f ∨ a) ∧ …
    Answer: a = false, b = true, …
    Critique: The following clause is not satisfied: (¬g ∨ f ∨ a)

The number of clauses is not in the paper; here formulas have 14 to 24, chosen so that one assignment at least
satisfies them.
"""

from __future__ import annotations

import re
from itertools import product
from random import Random

from models_service.synthetic.task import Problem, drawn

VARIABLES = "abcdefghi"
#: A variable and whether it stands plain (True) or negated.
Literal = tuple[str, bool]
Clause = tuple[Literal, ...]

_OPENING = f"Provide boolean values for {', '.join(VARIABLES)} that satisfy the following formula: "
_CLAUSE = re.compile(r"\(\s*¬?[a-i](?:\s*∨\s*¬?[a-i])*\s*\)")
_CRITIQUE = re.compile(r"\s*The following clause is not satisfied:\s*(\(.*\))\.?\s*")
_VALUE = re.compile(r"([a-i])\s*=\s*(true|false)")


class ThreeSat:
    """Generator and oracles of the 3-SAT task."""

    name = "3-sat"

    def __init__(self, clauses: tuple[int, int] = (14, 24)) -> None:
        self._clauses = clauses

    def generate(self, rng: Random) -> Problem:
        """Random clauses of three distinct variables, each true under a hidden assignment."""
        hidden = {variable: rng.random() < 0.5 for variable in VARIABLES}
        clauses: list[Clause] = []
        wanted = rng.randint(*self._clauses)
        while len(clauses) < wanted:
            clause = tuple((variable, rng.random() < 0.5) for variable in rng.sample(VARIABLES, 3))
            if holds(clause, hidden):
                clauses.append(clause)
        return Problem("", _OPENING + " ∧ ".join(map(write_clause, clauses)))

    def corrupt(self, rng: Random, problem: Problem) -> str:
        """The oracle's assignment with one to three values flipped so that some clause fails."""
        clauses = read_formula(problem)
        right = read_answer(self.answer(problem))
        while True:
            flipped = set(rng.sample(VARIABLES, rng.choice((1, 1, 2, 3))))
            values = {variable: value != (variable in flipped) for variable, value in right.items()}
            if not all(holds(clause, values) for clause in clauses):
                return write_answer(values)

    def draw(self, rng: Random, *, flawed: bool) -> tuple[Problem, str]:
        """The oracle's answer or a corruption of it."""
        return drawn(self, rng, flawed=flawed)

    def answer(self, problem: Problem) -> str:
        """The first satisfying assignment, counting up from all false. Raises ValueError if there is none."""
        clauses = read_formula(problem)
        for bits in product((False, True), repeat=len(VARIABLES)):
            values = dict(zip(VARIABLES, bits, strict=True))
            if all(holds(clause, values) for clause in clauses):
                return write_answer(values)
        raise ValueError("the formula has no satisfying assignment")

    def valid_critiques(self, problem: Problem, answer: str) -> list[str]:
        """One for each clause the answer leaves unsatisfied, in the formula's order."""
        values = read_answer(answer)
        failing = [clause for clause in read_formula(problem) if not holds(clause, values)]
        return list(dict.fromkeys(wording(clause) for clause in failing))

    def invalid_critiques(self, rng: Random, problem: Problem, answer: str) -> list[str]:
        """Clauses that hold, and one with a literal turned around."""
        values = read_answer(answer)
        clauses = read_formula(problem)
        good = [clause for clause in clauses if holds(clause, values)]
        candidates = [wording(clause) for clause in rng.sample(good, min(3, len(good)))]
        variable, sign = (turned := list(rng.choice(clauses)))[0]
        turned[0] = (variable, not sign)
        candidates.append(wording(tuple(turned)))
        return [text for text in dict.fromkeys(candidates) if not self.is_helpful(problem, answer, text)]

    def is_critiqueable(self, problem: Problem, answer: str) -> bool:
        """Whether some clause is not satisfied."""
        return bool(self.valid_critiques(problem, answer))

    def is_helpful(self, problem: Problem, answer: str, critique: str) -> bool:
        """Valid if the clause, its literals in any order, is in the formula and false under the answer."""
        match = _CRITIQUE.fullmatch(critique)
        if match is None or _CLAUSE.fullmatch(match[1]) is None:
            return False
        named, values = _read_clause(match[1]), read_answer(answer)
        in_formula = any(set(clause) == set(named) for clause in read_formula(problem))
        return in_formula and not holds(named, values)


def write_clause(clause: Clause) -> str:
    return "(" + " ∨ ".join(("" if plain else "¬") + variable for variable, plain in clause) + ")"


def wording(clause: Clause) -> str:
    """The paper's wording."""
    return f"The following clause is not satisfied: {write_clause(clause)}"


def holds(clause: Clause, values: dict[str, bool]) -> bool:
    """Whether a literal is true; a variable without a value makes none true."""
    return any(values.get(variable) is plain for variable, plain in clause)


def _read_clause(text: str) -> Clause:
    return tuple((name, not sign) for sign, name in re.findall(r"(¬?)([a-i])", text))


def read_formula(problem: Problem) -> list[Clause]:
    clauses = [_read_clause(text) for text in _CLAUSE.findall(problem.question)]
    if not clauses:
        raise ValueError(f"no clauses in {problem.question[:80]!r} (expected such as '(¬g ∨ f ∨ a)')")
    return clauses


def read_answer(answer: str) -> dict[str, bool]:
    return {variable: value == "true" for variable, value in _VALUE.findall(answer)}


def write_answer(values: dict[str, bool]) -> str:
    return ", ".join(f"{variable} = {str(value).lower()}" for variable, value in values.items())
