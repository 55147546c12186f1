"""Reports: this project's own task in the shape of topic-based summarization.

    Passage: Mara works at the harbour. She earns 45 euros a day. Bordra keeps a goat. …
    Question: What does the report say about the job of Mara?
    Answer: Mara works at the mill. She earns 45 euros a day.
    Critique: The answer gets the workplace wrong: it says mill, the report says harbour.

A report tells one to five facts of each of several subjects; an answer repeats, in the report's order, those
asked for. A topic the report does not cover is answered with "No answer".
"""

from __future__ import annotations

import re
from random import Random

from models_service.synthetic.report_answers import draw_answer, flawed_answer, honest_answer, invented_answer
from models_service.synthetic.report_critiques import invalid_critiques
from models_service.synthetic.report_flaws import Flaw, find_flaws
from models_service.synthetic.report_passages import (
    Vocabulary,
    make_questions,
    make_report,
    read_problem,
    uncovered_question,
)
from models_service.synthetic.report_text import facts_about, read_question, read_statements
from models_service.synthetic.task import Problem


class Reports:
    """Generator and oracles of the reports task; the oracles read the passage, question and answer."""

    name = "reports"

    def __init__(self, words: tuple[int, int] = (40, 120), vocabulary: Vocabulary | None = None) -> None:
        self._words, self._vocabulary = words, vocabulary

    def generate(self, rng: Random) -> Problem:
        """A report and a question about it, one in ten not covered."""
        report = make_report(rng, words=self._words, vocabulary=self._vocabulary)
        question = uncovered_question(rng, report) if rng.random() < 0.1 else make_questions(rng, report, 1)[0]
        return Problem(report.text, question.text, report.title)

    def corrupt(self, rng: Random, problem: Problem) -> str:
        """The oracle's answer with one or two changes."""
        report, question = read_problem(problem)
        if not question.covered:
            return invented_answer(rng, report, question)
        while True:
            answer = flawed_answer(rng, report, question, number=rng.choice((1, 1, 2)))
            if self.is_critiqueable(problem, answer):
                return answer

    def draw(self, rng: Random, *, flawed: bool) -> tuple[Problem, str]:
        """A fresh problem with an answer whose length and words do not tell whether it is flawed."""
        report = make_report(rng, words=self._words, vocabulary=self._vocabulary)
        question, answer = draw_answer(rng, report, flawed=float(flawed))
        return Problem(report.text, question.text, report.title), answer

    def answer(self, problem: Problem) -> str:
        """Every fact asked for in the report's order, in the first wording of each."""
        report, question = read_problem(problem)
        return honest_answer(Random(0), report, question)

    def valid_critiques(self, problem: Problem, answer: str) -> list[str]:
        return [flaw.critique for flaw in self.flaws(problem, answer)[0]]

    def flaws(self, problem: Problem, answer: str) -> tuple[list[Flaw], bool]:
        """The answer's flaws, and whether all of it could be read."""
        asked = read_question(problem.question)
        return find_flaws(facts_about(read_statements(problem.passage), asked), asked, answer)

    def invalid_critiques(self, rng: Random, problem: Problem, answer: str) -> list[str]:
        report, question = read_problem(problem)
        return invalid_critiques(rng, report, question, answer)

    def is_critiqueable(self, problem: Problem, answer: str) -> bool:
        """Whether the answer has a flaw, or a sentence outside the language."""
        flaws, readable = self.flaws(problem, answer)
        return bool(flaws) or not readable

    def is_helpful(self, problem: Problem, answer: str, critique: str) -> bool:
        """Whether the critique names a flaw of the answer with the fact and its value."""
        return normal(critique) in {normal(text) for text in self.valid_critiques(problem, answer)}


def normal(critique: str) -> str:
    """Case, spaces and the final stop do not matter."""
    return re.sub(r"\s+", " ", critique).strip().rstrip(".").lower()
