"""What is wrong with an answer about a generated report, and how a critique says it.

Four wordings, each naming the fact first and its value last, so that what is to be copied comes late:

    The answer leaves out the workplace: harbour.                                    (coverage)
    The answer gets the workplace wrong: it says mill, the report says harbour.      (accuracy)
    The answer makes up the workplace: mill.                                         (accuracy)
    The answer strays to the animal of Tomas: goat.                                  (coherence)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from models_service.synthetic.lexicon import language
from models_service.synthetic.report_text import NO_ANSWER, Asked, Statement, read_statements

Category = Literal["coverage", "accuracy", "coherence"]
FlawName = Literal["omitted", "misstated", "invented", "stray"]


@dataclass(frozen=True, slots=True)
class Flaw:
    """One flaw of an answer, its critique in the task's wording, and how a labeler would file it."""

    name: FlawName
    kind: str
    critique: str
    category: Category
    severity: int
    """1 minor to 4 critical: straying 1, an omission 2, a false value 3, saying nothing at all 4."""


def omitted(kind: str, value: str, *, severity: int = 2) -> Flaw:
    return Flaw("omitted", kind, f"The answer leaves out the {_label(kind)}: {value}.", "coverage", severity)


def misstated(kind: str, given: str, true: str) -> Flaw:
    said = f"The answer gets the {_label(kind)} wrong: it says {given}, the report says {true}."
    return Flaw("misstated", kind, said, "accuracy", 3)


def invented(kind: str, value: str) -> Flaw:
    return Flaw("invented", kind, f"The answer makes up the {_label(kind)}: {value}.", "accuracy", 3)


def stray(statement: Statement) -> Flaw:
    said = f"The answer strays to the {_label(statement.kind)} of {statement.subject}: {statement.value}."
    return Flaw("stray", statement.kind, said, "coherence", 1)


def find_flaws(facts: Mapping[str, str], asked: Asked, answer: str) -> tuple[list[Flaw], bool]:
    """Every flaw of the answer given the facts asked for, and whether all its sentences could be read.

    An answer may say things of other subjects or topics, true or not: that is straying.
    """
    if answer.strip().rstrip(".") == NO_ANSWER:
        return [omitted(kind, value, severity=4) for kind, value in facts.items()], True
    read = read_statements(answer, asked.name)
    statements = [one for one in read if one is not None]
    flaws = [flaw for one in statements if (flaw := _flaw_of(one, facts, asked)) is not None]
    told = {one.kind for one in statements if one.subject == asked.name}
    flaws += [omitted(kind, value) for kind, value in facts.items() if kind not in told]
    readable = bool(statements) and len(statements) == len(read)
    return list({flaw.critique: flaw for flaw in flaws}.values()), readable


def verdicts(facts: Mapping[str, str], asked: Asked, answer: str) -> Sequence[FlawName | None]:
    """For each sentence of the answer: what is wrong with it, None if nothing (or it cannot be read)."""
    flaws = [one and _flaw_of(one, facts, asked) for one in read_statements(answer, asked.name)]
    return [flaw.name if flaw else None for flaw in flaws]


def _flaw_of(statement: Statement, facts: Mapping[str, str], asked: Asked) -> Flaw | None:
    if statement.subject != asked.name or statement.fact.topic != asked.topic.key:
        return stray(statement)
    if statement.kind not in facts:
        return invented(statement.kind, statement.value)
    true = facts[statement.kind]
    return None if statement.value == true else misstated(statement.kind, statement.value, true)


def _label(kind: str) -> str:
    return language().facts[kind].label
