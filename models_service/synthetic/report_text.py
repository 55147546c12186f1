"""Sentences of generated reports and the statements they make, both ways.

Every sentence of a report or answer can be read back, so the oracles need the text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random

from models_service.synthetic.lexicon import FactKind, Topic, language

PRONOUNS = ("She", "He", "It")
NO_ANSWER = "No answer"

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_QUESTIONS = ("What does the report say about {t}?", "Summarize what is said about {t}.", "What is known about {t}?")


@dataclass(frozen=True, slots=True)
class Statement:
    """That the fact `kind` of `subject` is `value`."""

    subject: str
    kind: str
    value: str

    @property
    def fact(self) -> FactKind:
        return language().facts[self.kind]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is about: the topic and the name of its subject."""

    topic: Topic
    name: str


def sentence(template: str, subject: str, value: str, opener: str = "") -> str:
    """Fill a template; after an opener a pronoun is written small."""
    subject = subject.lower() if opener and subject in PRONOUNS else subject
    return opener + template.format(s=subject, v=value)


@cache
def _patterns() -> re.Pattern[str]:
    """One alternative for each way of putting a fact, as it stands after the subject's word."""
    alternatives = []
    for key, fact in language().facts.items():
        for number, template in enumerate(dict.fromkeys(fact.passage + fact.answer)):
            before, after = template.removeprefix("{s} ").split("{v}")
            name = f"{key.replace('-', '_')}__{number}"
            alternatives.append(f"{re.escape(before)}(?P<{name}>[\\w'-]+){re.escape(after)}")
    return re.compile("|".join(alternatives))


@lru_cache(maxsize=2**14)
def read_sentence(text: str) -> Statement | None:
    """The statement a sentence makes, its subject as written (perhaps a pronoun); None if it makes none.

    An answer's sentences are read many times over while it is graded, so the last ones are remembered.
    """
    for opener in language().openers:
        text = text.removeprefix(opener)
    subject, _, rest = text.partition(" ")
    match = _patterns().fullmatch(rest)
    if match is None or match.lastgroup is None:
        return None
    subject = subject.capitalize() if subject.capitalize() in PRONOUNS else subject
    return Statement(subject, match.lastgroup.rpartition("__")[0].replace("_", "-"), match[match.lastgroup])


def split_sentences(text: str) -> list[str]:
    return [part for part in _SENTENCE_END.split(text.strip()) if part]


def read_statements(text: str, subject: str | None = None) -> list[Statement | None]:
    """One entry per sentence, None where it states nothing of the language.

    A pronoun stands for the last name before it, or for `subject` where no name came yet.
    """
    statements: list[Statement | None] = []
    for part in split_sentences(text):
        statement = read_sentence(part)
        if statement is None:
            statements.append(None)
        elif statement.subject in PRONOUNS:
            statements.append(None if subject is None else Statement(subject, statement.kind, statement.value))
        else:
            subject = statement.subject
            statements.append(statement)
    return statements


def write_passage(
    rng: Random, statements: Sequence[Statement], pronoun: str, wordings: dict[tuple[str, str], str]
) -> list[str]:
    """One sentence per statement; a subject just named may become a pronoun. Notes the wordings it chose."""
    written = []
    for place, statement in enumerate(statements):
        template = rng.choice(statement.fact.passage)
        wordings[statement.subject, statement.kind] = template
        opener = rng.choice(language().openers) if rng.random() < 0.08 else ""
        subject = pronoun if place and rng.random() < 0.3 else statement.subject
        written.append(sentence(template, subject, statement.value, opener))
    return written


#: How many facts an answer puts in words of its own, not in the report's.
PARAPHRASED = 0.25


def write_answer(
    rng: Random, statements: Sequence[Statement], pronoun: str, wordings: Mapping[tuple[str, str], str]
) -> list[str]:
    """One sentence per statement, mostly in the report's words; a subject just named may become a pronoun.

    What the report does not tell is worded as a report would, so that the wording gives nothing away.
    """
    written, last = [], ""
    for statement in statements:
        quoted = wordings.get((statement.subject, statement.kind)) or rng.choice(statement.fact.passage)
        template = rng.choice(statement.fact.answer) if rng.random() < PARAPHRASED else quoted
        again = statement.subject == last and rng.random() < 0.3
        written.append(sentence(template, pronoun if again else statement.subject, statement.value))
        last = statement.subject
    return written


def read_wordings(passage: str) -> dict[tuple[str, str], str]:
    """The template each fact of a passage is put in, by subject and kind."""
    read = zip(split_sentences(passage), read_statements(passage), strict=True)
    return {(one.subject, one.kind): _template(part, one.kind) for part, one in read if one is not None}


def _template(text: str, kind: str) -> str:
    """The template of a sentence known to state a fact of that kind."""
    fact = language().facts[kind]
    statement = read_sentence(text)
    assert statement is not None
    for template in fact.passage + fact.answer:
        if text.endswith(template.removeprefix("{s} ").format(v=statement.value)):
            return template
    raise AssertionError(f"{text!r} reads as {kind} but fits none of its templates")


def question_text(rng: Random, asked: Asked) -> str:
    return rng.choice(_QUESTIONS).format(t=asked.topic.phrase(asked.name))


@cache
def _question_patterns() -> Sequence[tuple[re.Pattern[str], Topic]]:
    return [
        (re.compile(re.escape(wording.format(t=topic.phrase("NAME"))).replace("NAME", r"([\w'-]+)")), topic)
        for wording in _QUESTIONS
        for topic in language().topics.values()
    ]


def read_question(text: str) -> Asked:
    """Raises ValueError for a question that is not of the language."""
    for pattern, topic in _question_patterns():
        if match := pattern.fullmatch(text.strip()):
            return Asked(topic, match[1])
    raise ValueError(f"not a question about a generated report: {text!r}")


def facts_about(statements: Iterable[Statement | None], asked: Asked) -> dict[str, str]:
    """Kind to value, in the passage's order, of what it says about the topic; empty if not covered."""
    return {
        one.kind: one.value
        for one in statements
        if one is not None and one.subject == asked.name and one.fact.topic == asked.topic.key
    }
