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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from models_service.synthetic.lexicon import FactKind, Language, Words, kept_words, language, strange_word
from models_service.synthetic.report_flaws import Flaw, FlawName, find_flaws
from models_service.synthetic.report_text import (
    NO_ANSWER,
    Asked,
    Statement,
    facts_about,
    question_text,
    read_question,
    read_statements,
    read_wordings,
    write_answer,
    write_passage,
)
from models_service.synthetic.task import Problem


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Where names and values come from: how many are made up, and from which lexicon the others are."""

    made_up_names: float = 0.5
    made_up_values: float = 0.15
    held_out: bool = False
    strange: float = 0.0
    """Share of the made-up words that are of any letters: in training only, where they stand for words to come."""

    @property
    def words(self) -> Words:
        return language().held_out if self.held_out else language().words

    def name(self, rng: Random, of: str) -> str:
        if rng.random() < self.made_up_names:
            return self._made_up(rng).capitalize()
        return rng.choice(self.words.names["person" if of == "person" else "place"])

    def value(self, rng: Random, fact: FactKind) -> str:
        if fact.number:
            return str(rng.randint(*fact.number))
        if fact.name:
            return self.name(rng, fact.name)
        if rng.random() < self.made_up_values:
            return self._made_up(rng)
        return rng.choice(self.words.values[fact.key])

    def _made_up(self, rng: Random) -> str:
        while True:
            word = strange_word(rng) if self.strange and rng.random() < self.strange else self.words.made_up(rng)
            if self.held_out or word not in kept_words():
                return word


@dataclass(frozen=True, slots=True)
class Block:
    """What a report says of one subject, in order."""

    asked: Asked
    pronoun: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A passage with its title and what it says."""

    title: str
    text: str
    blocks: tuple[Block, ...]
    vocabulary: Vocabulary
    wordings: Mapping[tuple[str, str], str]
    """How each fact is put, by subject and kind."""

    def facts(self, asked: Asked) -> dict[str, str]:
        """Kind to value, in the report's order; empty if the topic is not covered."""
        return facts_about((one for block in self.blocks for one in block.statements), asked)


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a report; `covered` tells whether the report says anything about it."""

    text: str
    asked: Asked
    covered: bool


def make_report(
    rng: Random, *, words: tuple[int, int] = (40, 120), held_out: bool = False, vocabulary: Vocabulary | None = None
) -> Report:
    """A report of `words` (least, most) words. With `held_out` its names and values are in no training text."""
    vocabulary = vocabulary or Vocabulary(held_out=held_out)
    title = rng.choice(language().titles).format(v=vocabulary.name(rng, "place"))
    wanted = rng.randint(*words)
    while True:
        text, blocks, wordings = _write_blocks(rng, vocabulary, wanted, words[1])
        if words[0] <= len(text.split()) <= words[1]:
            return Report(title, text, blocks, vocabulary, wordings)


def _write_blocks(
    rng: Random, vocabulary: Vocabulary, wanted: int, most: int
) -> tuple[str, tuple[Block, ...], dict[tuple[str, str], str]]:
    """Blocks until about `wanted` words are written; the last one is left out where it would exceed `most`."""
    blocks: list[Block] = []
    parts: list[str] = []
    wordings: dict[tuple[str, str], str] = {}
    length = 0
    while length < wanted:
        block = _make_block(rng, vocabulary, blocks)
        sentences = write_passage(rng, block.statements, block.pronoun, wordings)
        if rng.random() < 0.2:
            sentences.append(rng.choice(language().fillers))
        paragraph = " ".join(sentences)
        if length + len(paragraph.split()) > most:
            break
        blocks.append(block)
        parts.append(paragraph)
        length += len(paragraph.split())
    wordings = {key: wordings[key] for block in blocks for key in ((s.subject, s.kind) for s in block.statements)}
    return " ".join(parts), tuple(blocks), wordings


def _make_block(rng: Random, vocabulary: Vocabulary, others: Sequence[Block]) -> Block:
    """A subject with a name of its own. A quarter of the time its topic is one already there, as a distraction.

    Its number of facts is one more or less than the last block's: then an answer of n sentences can be the
    whole truth about one subject and one fact short about another.
    """
    known: Language = language()
    topic = rng.choice(list(known.topics.values()))
    if others and rng.random() < 0.25:
        topic = rng.choice(others).asked.topic
    taken = {block.asked.name[:2] for block in others}
    name = vocabulary.name(rng, "person" if topic.about == "person" else "place")
    while name[:2] in taken and len(taken) < 12:
        name = vocabulary.name(rng, "person" if topic.about == "person" else "place")
    while name in {block.asked.name for block in others}:
        name = vocabulary.name(rng, "person" if topic.about == "person" else "place")
    number = rng.choice((2, 3, 4))
    if others:
        number = len(others[-1].statements) + rng.choice((-1, 1))
        number = 2 if number < 1 else 4 if number > 5 else number
    facts = rng.sample(topic.facts, number)
    pronoun = rng.choice(("She", "He")) if topic.about == "person" else "It"
    said = tuple(Statement(name, fact.key, vocabulary.value(rng, fact)) for fact in facts)
    return Block(Asked(topic, name), pronoun, said)


def make_questions(rng: Random, report: Report, number: int) -> list[Question]:
    """Questions about different topics, the last one not covered if `number` is over 1."""
    covered = rng.sample(report.blocks, min(len(report.blocks), max(1, number - 1)))
    questions = [Question(question_text(rng, block.asked), block.asked, covered=True) for block in covered]
    return questions + ([uncovered_question(rng, report)] if number > 1 else [])


def uncovered_question(rng: Random, report: Report) -> Question:
    """About a subject of the report, but a side of it that the report does not tell."""
    block = rng.choice(report.blocks)
    topics = [
        topic
        for topic in language().topics.values()
        if topic is not block.asked.topic and topic.about == block.asked.topic.about
    ]
    asked = Asked(rng.choice(topics), block.asked.name)
    return Question(question_text(rng, asked), asked, covered=False)


def honest_answer(rng: Random, report: Report, question: Question) -> str:
    """A sound answer: every fact asked for, in the report's order; "No answer" where there is none."""
    facts = report.facts(question.asked)
    said = [Statement(question.asked.name, kind, value) for kind, value in facts.items()]
    return say(rng, report, question, said) if said else NO_ANSWER


def misleading_answer(rng: Random, report: Report, question: Question) -> tuple[str, Flaw]:
    """An answer with exactly one flaw, hard to see without the report, and that flaw with its critique.

    Raises ValueError for a question the report does not cover.
    """
    return next(
        (answer, flaws[0])
        for answer in _tries(lambda: flawed_answer(rng, report, question, number=1))
        if len(flaws := find_flaws(report.facts(question.asked), question.asked, answer)[0]) == 1
    )


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


def _tries(make: Callable[[], str]) -> Iterator[str]:
    while True:
        yield make()


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
            said: list[Statement] = []
            _invent(rng, report, question, said)
            return say(rng, report, question, said)
        return next(
            answer
            for answer in _tries(lambda: flawed_answer(rng, report, question, number=rng.choice((1, 1, 2))))
            if self.is_critiqueable(problem, answer)
        )

    def draw(self, rng: Random, *, flawed: bool) -> tuple[Problem, str]:
        """A fresh problem with an answer whose length and words do not tell whether it is flawed."""
        from models_service.synthetic.report_answers import draw_answer

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
        from models_service.synthetic.report_critiques import invalid_critiques

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


def read_problem(problem: Problem) -> tuple[Report, Question]:
    """The report behind a passage, from its text. Raises ValueError if it is not of the language."""
    asked = read_question(problem.question)
    statements = [one for one in read_statements(problem.passage) if one is not None]
    if not statements:
        raise ValueError("the passage states nothing in the language of generated reports")
    names = list(dict.fromkeys(one.subject for one in statements))
    blocks = []
    for name in names:
        own = tuple(one for one in statements if one.subject == name)
        topic = language().topics[own[0].fact.topic]
        pronoun = "It" if topic.about == "thing" else "She"
        blocks.append(Block(Asked(topic, name), pronoun, own))
    report = Report(problem.title or "", problem.passage, tuple(blocks), Vocabulary(), read_wordings(problem.passage))
    return report, Question(problem.question, asked, covered=bool(report.facts(asked)))
