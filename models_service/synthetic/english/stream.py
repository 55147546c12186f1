"""Passages with judged answers, as many as wanted, the same for the same seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from models_service.synthetic.english.answers import Asker, MadeAnswer, Pair
from models_service.synthetic.english.critiques import Critic
from models_service.synthetic.english.flaws import Flaw, Misstater
from models_service.synthetic.english.passages import LEAST_WORDS, Passage, cut
from models_service.synthetic.english.reading import Reading, Source
from models_service.synthetic.task import Problem
from models_service.types import JudgedAnswer, JudgedPassage

#: So many passages of a source are enough to know how often its words and values occur.
_READ_OF_A_SOURCE = 150
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Made:
    """One made answer with its passage: what evaluation needs."""

    problem: Problem
    answer: str
    flaws: tuple[Flaw, ...]


class Maker:
    """Makes questions and answers about passages of sources that it has read."""

    def __init__(self, passages: Sequence[Passage], seed: int) -> None:
        by_source: dict[str, list[Passage]] = defaultdict(list)
        for passage in Random(f"sources {seed}").sample(passages, len(passages)):
            by_source[passage.source].append(passage)
        self._sources = {name: Source(some[:_READ_OF_A_SOURCE]) for name, some in by_source.items()}

    def pairs(
        self, rng: Random, passage: Passage, number: int, *, most_words: int = 1100
    ) -> tuple[Reading, list[Pair]]:
        """A cut of the passage and up to `number` pairs of a flawed and a sound answer about it."""
        text = cut(rng, passage, most=most_words)
        if len(text.split()) < LEAST_WORDS:
            text = passage.text
        source = self._sources[passage.source]
        reading = Reading(text, source.common)
        asker = Asker(rng, reading, source, passage.title)
        found: dict[str, Pair] = {}
        for _ in range(_TRIES * number):
            if len(found) < number and (pair := asker.pair()) is not None:
                found.setdefault(pair[0].answer + pair[0].question, pair)
        return reading, list(found.values())

    def critic(self, rng: Random, reading: Reading, passage: Passage) -> Critic:
        """Who writes critiques of answers about a reading of the passage."""
        return self.critic_of(rng, reading, passage.source)

    def critic_of(self, rng: Random, reading: Reading, source: str) -> Critic:
        return Critic(rng, reading, Misstater(rng, reading, self._sources[source]))

    def source(self, name: str) -> Source:
        """What the passages of a source offer. Raises KeyError for one that was not read."""
        return self._sources[name]


def judged_passages(
    passages: Sequence[Passage], seed: int, *, per_passage: int = 10, rounds: int | None = None, most_words: int = 1100
) -> Iterator[JudgedPassage]:
    """Passages in an order of chance, each with about `per_passage` answers, half of them flawed, and their critiques.

    Every round takes each passage once, in another cut and with other questions; without `rounds` it never ends.
    """
    maker, rng, done = Maker(passages, seed), Random(f"english {seed}"), 0
    while rounds is None or done < rounds:
        for passage in rng.sample(passages, len(passages)):
            reading, pairs = maker.pairs(rng, passage, (per_passage + 1) // 2, most_words=most_words)
            if pairs:
                critic = maker.critic(rng, reading, passage)
                judged = [(_judged(critic, wrong), _judged(critic, sound)) for wrong, sound in pairs]
                answers = [one for pair in judged if any(c.learn for c in pair[0].critiques) for one in pair]
                rng.shuffle(answers)
                if answers:
                    yield JudgedPassage(reading.text, tuple(answers[:per_passage]))
        done += 1


def _judged(critic: Critic, made: MadeAnswer) -> JudgedAnswer:
    return JudgedAnswer(made.question, made.answer, bool(made.flaws), critic.critiques(made))


def problems(passages: Sequence[Passage], seed: int, *, most_words: int = 1100) -> Iterator[Made]:
    """Answers to evaluate on, flawed and sound by turns, each about a passage of its own, without end."""
    maker, rng = Maker(passages, seed), Random(f"english problems {seed}")
    while True:
        for passage in rng.sample(passages, len(passages)):
            reading, pairs = maker.pairs(rng, passage, 1, most_words=most_words)
            for flawed in pairs[:1]:
                for made in flawed:
                    yield Made(Problem(reading.text, made.question), made.answer, made.flaws)
