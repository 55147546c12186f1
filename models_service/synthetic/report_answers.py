"""Answers about reports drawn so that nothing in the answer alone tells flawed from sound."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from models_service.synthetic.report_flaws import find_flaws
from models_service.synthetic.report_text import NO_ANSWER, Statement, question_text, read_statements
from models_service.synthetic.reports import (
    SHARES,
    Block,
    Question,
    Report,
    flawed_answer,
    honest_answer,
    say,
    uncovered_question,
)


def draw_answer(
    rng: Random, report: Report, *, flawed: float, shares: Sequence[float] = SHARES
) -> tuple[Question, str]:
    """A flawed answer with chance `flawed`, else a sound one of as many sentences: counting them tells nothing.

    `shares` are the weights of omitted, misstated, invented and stray facts.
    """
    if rng.random() < 0.08:
        if rng.random() < flawed:
            return _ask(rng, rng.choice(report.blocks)), NO_ANSWER
        return uncovered_question(rng, report), NO_ANSWER
    for _ in range(8):
        question, wrong = _flawed(rng, report, shares)
        number = len(read_statements(wrong))
        twins = [block for block in report.blocks if len(block.statements) == number]
        if not twins:
            continue
        if rng.random() < flawed:
            return question, wrong
        question = _ask(rng, rng.choice(twins))
        return question, honest_answer(rng, report, question)
    question = _ask(rng, rng.choice(report.blocks))
    if rng.random() < flawed:
        return question, flawed_answer(rng, report, question, number=1, only="misstated")
    return question, honest_answer(rng, report, question)


def drill_answer(rng: Random, report: Report) -> tuple[Question, str]:
    """Every fact right or wrong with equal chance: for training, where single flaws are too rare to learn from."""
    question = _ask(rng, rng.choice(report.blocks))
    wrong = sum(rng.random() < 0.5 for _ in report.facts(question.asked))
    return question, flawed_answer(rng, report, question, number=wrong, only="misstated")


def _flawed(rng: Random, report: Report, shares: Sequence[float]) -> tuple[Question, str]:
    if rng.random() < 0.05:
        question = uncovered_question(rng, report)
        facts = rng.sample(question.asked.topic.facts, rng.choice((1, 2)))
        said = [Statement(question.asked.name, f.key, report.vocabulary.value(rng, f)) for f in facts]
        return question, say(rng, report, question, said)
    question = _ask(rng, rng.choice(report.blocks))
    while True:
        answer = flawed_answer(rng, report, question, number=rng.choice((1, 1, 2)), shares=shares)
        if find_flaws(report.facts(question.asked), question.asked, answer)[0]:
            return question, answer


def _ask(rng: Random, block: Block) -> Question:
    return Question(question_text(rng, block.asked), block.asked, covered=True)
