"""Answers about reports: sound, misleading, flawed, and drawn so that the answer alone tells nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from models_service.synthetic.report_flaws import Flaw, FlawName, find_flaws
from models_service.synthetic.report_passages import Block, Question, Report, uncovered_question
from models_service.synthetic.report_text import NO_ANSWER, Statement, question_text, read_statements, write_answer


def honest_answer(rng: Random, report: Report, question: Question) -> str:
    """A sound answer: every fact asked for, in the report's order; "No answer" where there is none."""
    facts = report.facts(question.asked)
    said = [Statement(question.asked.name, kind, value) for kind, value in facts.items()]
    return say(rng, report, question, said) if said else NO_ANSWER


def misleading_answer(rng: Random, report: Report, question: Question) -> tuple[str, Flaw]:
    """An answer with exactly one flaw, hard to see without the report, and that flaw with its critique.

    Raises ValueError for a question the report does not cover.
    """
    while True:
        answer = flawed_answer(rng, report, question, number=1)
        flaws, _ = find_flaws(report.facts(question.asked), question.asked, answer)
        if len(flaws) == 1:
            return answer, flaws[0]


#: Weights of omitted, misstated, invented and stray facts.
#: Straying shows without the report, so it must stay rare: at most 15 % may be found without reading.
SHARES = (0.4, 0.4, 0.1, 0.1)


def flawed_answer(
    rng: Random,
    report: Report,
    question: Question,
    *,
    number: int,
    only: FlawName | None = None,
    shares: Sequence[float] = SHARES,
) -> str:
    """The sound answer after `number` changes, of the kind `only` where given, else drawn by `shares`.

    A change that finds nothing to change leaves the answer as it is: look at its flaws.
    Raises ValueError for a question the report does not cover.
    """
    facts = report.facts(question.asked)
    if not facts:
        raise ValueError(f"the report does not cover {question.text!r}: nothing to get wrong")
    said = [Statement(question.asked.name, kind, value) for kind, value in facts.items()]
    names = [only] * number if only else rng.choices(list(_CHANGES), weights=shares, k=number)
    for name in names:
        _CHANGES[name](rng, report, question, said)
    return say(rng, report, question, said)


def invented_answer(rng: Random, report: Report, question: Question) -> str:
    """An answer to a question that the report does not cover: one fact that the report does not tell."""
    said: list[Statement] = []
    _invent(rng, report, question, said)
    return say(rng, report, question, said)


def say(rng: Random, report: Report, question: Question, said: Sequence[Statement]) -> str:
    """The statements as an answer to the question, one sentence each."""
    pronoun = next(block.pronoun for block in report.blocks if block.asked.name == question.asked.name)
    return " ".join(write_answer(rng, said, pronoun, report.wordings))


def _omit(rng: Random, report: Report, question: Question, said: list[Statement]) -> None:
    if len(said) > 1:
        said.pop(rng.randrange(len(said)))


def _misstate(rng: Random, report: Report, question: Question, said: list[Statement]) -> None:
    """Another value for one fact, half the time one the report gives elsewhere for a fact of that kind."""
    own = [place for place, one in enumerate(said) if one.subject == question.asked.name]
    place = rng.choice(own)
    kind, true = said[place].kind, said[place].value
    elsewhere = [
        one.value for block in report.blocks for one in block.statements if one.kind == kind and one.value != true
    ]
    value = true
    while value == true:
        fresh = report.vocabulary.value(rng, said[place].fact)
        value = rng.choice(elsewhere) if elsewhere and rng.random() < 0.5 else fresh
    said[place] = Statement(question.asked.name, kind, value)


def _invent(rng: Random, report: Report, question: Question, said: list[Statement]) -> None:
    """A fact of the topic that the report does not tell."""
    told = report.facts(question.asked).keys() | {one.kind for one in said}
    untold = [fact for fact in question.asked.topic.facts if fact.key not in told]
    if untold:
        fact = rng.choice(untold)
        made_up = Statement(question.asked.name, fact.key, report.vocabulary.value(rng, fact))
        said.insert(rng.randint(0, len(said)), made_up)


def _stray(rng: Random, report: Report, question: Question, said: list[Statement]) -> None:
    """A true fact of another subject, after the first sentence."""
    others = [one for block in report.blocks for one in block.statements if one.subject != question.asked.name]
    if others:
        said.insert(rng.randint(1, len(said)), rng.choice(others))


Change = Callable[[Random, Report, Question, list[Statement]], None]
_CHANGES: dict[FlawName, Change] = {"omitted": _omit, "misstated": _misstate, "invented": _invent, "stray": _stray}


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
