"""RACE: two multiple-choice questions about one passage (paper, Table 3; Lai et al., arXiv 1704.04683).

    Question: Q1. … A. … B. … C. … D. … Q2. …
    Answer: 1 = C, 2 = D
    Critique: Answer to question 2 should be A

The data set is read from a local copy in its published layout: DIR/{train,dev,test}/{middle,high}/*.txt, each
file one JSON object {article, questions, options, answers, id}. It does not ship with this project; where none
is given, `StandInRace` writes small passages of generated reports with questions in the same layout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import TypedDict

from models_service.synthetic.lexicon import FactKind
from models_service.synthetic.report_passages import Block, make_report
from models_service.synthetic.task import Problem, drawn

LETTERS = "ABCD"
_CRITIQUE = re.compile(r"\s*Answer to question (\d) should be ([A-D])\.?\s*")
_CHOICE = re.compile(r"(\d)\s*=\s*([A-D])")


class Article(TypedDict):
    """One file of the data set."""

    article: str
    questions: list[str]
    options: list[list[str]]
    answers: list[str]
    id: str


def read_race(directory: Path, split: str) -> Iterator[Article]:
    """Articles of `train`, `dev` or `test`, in order of their paths. Raises ValueError naming a bad file."""
    paths = sorted((directory / split).glob("*/*.txt"))
    if not paths:
        raise ValueError(f"{directory / split}: no */*.txt; expected {split}/middle and {split}/high of RACE")
    for path in paths:
        try:
            article: Article = json.loads(path.read_text(encoding="utf-8"))
            lengths = {len(article["questions"]), len(article["options"]), len(article["answers"])}
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: not a RACE article ({error})") from error
        if len(lengths) != 1:
            raise ValueError(f"{path}: questions, options and answers differ in number")
        yield article


def two_questions(article: Article, first: int, second: int) -> Problem:
    """Two of an article's questions as one problem; the key travels with it."""
    chosen = (first, second)
    asked = [_ask(number, article, place) for number, place in enumerate(chosen, 1)]
    key = ", ".join(f"{number} = {article['answers'][place]}" for number, place in enumerate(chosen, 1))
    return Problem(article["article"], " ".join(asked), key=key)


def _ask(number: int, article: Article, place: int) -> str:
    options = zip(LETTERS, article["options"][place], strict=True)
    return f"Q{number}. {article['questions'][place]} " + " ".join(f"{x}. {text}" for x, text in options)


class Race:
    """Generator and oracles over given articles with two questions or more."""

    name = "race"

    def __init__(self, articles: list[Article]) -> None:
        self._articles = [article for article in articles if len(article["questions"]) > 1]

    def generate(self, rng: Random) -> Problem:
        """Two questions of a random article. Raises ValueError if no article has two."""
        if not self._articles:
            raise ValueError("no article has two questions")
        article = rng.choice(self._articles)
        first, second = rng.sample(range(len(article["questions"])), 2)
        return two_questions(article, first, second)

    def corrupt(self, rng: Random, problem: Problem) -> str:
        """The key with one letter changed, now and then both."""
        choices = _read(_key(problem))
        for number in rng.sample(sorted(choices), rng.choice((1, 1, 2))):
            choices[number] = rng.choice([letter for letter in LETTERS if letter != choices[number]])
        return ", ".join(f"{number} = {letter}" for number, letter in choices.items())

    def draw(self, rng: Random, *, flawed: bool) -> tuple[Problem, str]:
        """The oracle's answer or a corruption of it."""
        return drawn(self, rng, flawed=flawed)

    def answer(self, problem: Problem) -> str:
        return _key(problem)

    def valid_critiques(self, problem: Problem, answer: str) -> list[str]:
        """One for each question answered otherwise than the key, or not at all."""
        said = _read(answer)
        return [wording(number, x) for number, x in _read(_key(problem)).items() if said.get(number) != x]

    def invalid_critiques(self, rng: Random, problem: Problem, answer: str) -> list[str]:
        candidates = [wording(number, letter) for number in _read(_key(problem)) for letter in LETTERS]
        return [text for text in candidates if not self.is_helpful(problem, answer, text)]

    def is_critiqueable(self, problem: Problem, answer: str) -> bool:
        return bool(self.valid_critiques(problem, answer))

    def is_helpful(self, problem: Problem, answer: str, critique: str) -> bool:
        """Valid if the letter is the key's and the answer has another."""
        match = _CRITIQUE.fullmatch(critique)
        return match is not None and wording(int(match[1]), match[2]) in self.valid_critiques(problem, answer)


class StandInRace(Race):
    """Generated passages in RACE's layout, for where no copy of the data set is given. Not RACE."""

    name = "race-stand-in"

    def __init__(self) -> None:
        super().__init__([])

    def generate(self, rng: Random) -> Problem:
        return two_questions(stand_in_article(rng), 0, 1)


def stand_in_article(rng: Random) -> Article:
    """A generated report with two questions about single facts, each with four options."""
    while True:
        report = make_report(rng, words=(60, 150))
        if len(report.blocks) > 1:
            break
    asked = [_multiple_choice(rng, block, report.vocabulary.value) for block in rng.sample(report.blocks, 2)]
    questions, options, answers = (list(column) for column in zip(*asked, strict=True))
    return {"article": report.text, "questions": questions, "options": options, "answers": answers, "id": "stand-in"}


def _multiple_choice(rng: Random, block: Block, value: Callable[[Random, FactKind], str]) -> tuple[str, list[str], str]:
    statement = rng.choice(block.statements)
    options = [statement.value]
    while len(options) < len(LETTERS):
        other = value(rng, statement.fact)
        if other not in options:
            options.append(other)
    rng.shuffle(options)
    question = f"What is the {statement.fact.label} of {statement.subject}?"
    return question, options, LETTERS[options.index(statement.value)]


def wording(number: int, letter: str) -> str:
    """The paper's wording."""
    return f"Answer to question {number} should be {letter}"


def _key(problem: Problem) -> str:
    if problem.key is None:
        raise ValueError("a RACE problem is judged by its key, and this one has none (field `key`)")
    return problem.key


def _read(answer: str) -> dict[int, str]:
    return {int(number): letter for number, letter in _CHOICE.findall(answer)}
