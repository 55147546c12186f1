"""Passages of generated reports with the questions about them, from names and values drawn or read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from models_service.synthetic.lexicon import FactKind, Language, Words, kept_words, language, strange_word
from models_service.synthetic.report_text import (
    Asked,
    Statement,
    facts_about,
    question_text,
    read_question,
    read_statements,
    read_wordings,
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
