"""English as the other tasks are: problems, answers and oracles, the record of what is wrong in the problem's key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import cache, lru_cache
from random import Random

import orjson

from models_service.synthetic.english.answers import MadeAnswer, Pair
from models_service.synthetic.english.critiques import Critic
from models_service.synthetic.english.flaws import Flaw
from models_service.synthetic.english.oracle import Verdict, judge
from models_service.synthetic.english.passages import Passage, Split, passages_of
from models_service.synthetic.english.reading import Reading
from models_service.synthetic.english.stream import Maker
from models_service.synthetic.task import Problem


@cache
def _read(split: Split) -> tuple[list[Passage], Maker]:
    passages = passages_of(split)
    return passages, Maker(passages, 0)


class English:
    """Generator and oracles of the task, on the passages of one split.

    What is wrong with a made answer cannot be read off the texts by rule, so a problem's key holds the record of
    the answers made to it. Of any other answer the oracles know nothing, and say so.
    """

    name = "english"

    def __init__(self, split: Split = "held_out_sources", *, most_words: int = 1100) -> None:
        self.split, self._most_words = split, most_words

    def generate(self, rng: Random) -> Problem:
        """A question that a sound and a flawed answer are on record for."""
        return next(
            _problem(passage, reading, wrong.question, [sound, wrong])
            for passage, reading, (wrong, sound) in self._pairs(rng)
            if wrong.sources == sound.sources and wrong.sources
        )

    def draw(self, rng: Random, *, flawed: bool) -> tuple[Problem, str]:
        """A problem with a flawed answer, or the sound one that is paired with such."""
        passage, reading, pair = next(self._pairs(rng))
        made = pair[0] if flawed else pair[1]
        return _problem(passage, reading, made.question, [made]), made.answer

    def _pairs(self, rng: Random) -> Iterator[tuple[Passage, Reading, Pair]]:
        passages, maker = _read(self.split)
        while True:
            passage = rng.choice(passages)
            reading, pairs = maker.pairs(rng, passage, 1, most_words=self._most_words)
            yield from ((passage, reading, pair) for pair in pairs)

    def answer(self, problem: Problem) -> str:
        """The sound answer on record; of a problem drawn with a flawed one, that one's sentences put right."""
        made = _record(problem)
        return next((one.answer for one in made if not one.flaws), _put_right(made[0]))

    def corrupt(self, rng: Random, problem: Problem) -> str:
        """The flawed answer on record."""
        return next(one.answer for one in _record(problem) if one.flaws)

    def valid_critiques(self, problem: Problem, answer: str) -> list[str]:
        """Every wording of each flaw that the oracle grants names the false and the true."""
        made = _made(problem, answer)
        critic = self._critic(Random(0), problem)
        texts = [text for flaw in made.flaws for text in critic.wordings_of(flaw)]
        return [text for text in dict.fromkeys(texts) if self.verdict(problem, answer, text).names_both]

    def invalid_critiques(self, rng: Random, problem: Problem, answer: str) -> list[str]:
        texts = self._critic(rng, problem).unfair(_made(problem, answer))
        return [text for text in dict.fromkeys(texts) if not self.is_helpful(problem, answer, text)]

    def _critic(self, rng: Random, problem: Problem) -> Critic:
        _, maker = _read(self.split)
        source = str(orjson.loads(problem.key or "{}")["source"])
        return maker.critic_of(rng, Reading(problem.passage, maker.source(source).common), source)

    def is_critiqueable(self, problem: Problem, answer: str) -> bool:
        return bool(_made(problem, answer).flaws)

    def is_helpful(self, problem: Problem, answer: str, critique: str) -> bool:
        return self.verdict(problem, answer, critique).valid

    def verdict(self, problem: Problem, answer: str, critique: str) -> Verdict:
        """The critique's three grades."""
        return judge(_made(problem, answer).flaws, problem.question, answer, critique)

    def flaws(self, problem: Problem, answer: str) -> tuple[Flaw, ...]:
        """What is on record as wrong with the answer."""
        return _made(problem, answer).flaws


def _problem(passage: Passage, reading: Reading, question: str, made: list[MadeAnswer]) -> Problem:
    answers = [{key: value for key, value in asdict(one).items() if key != "question"} for one in made]
    key = orjson.dumps({"source": passage.source, "answers": answers}).decode()
    return Problem(reading.text, question, key=key)


def _record(problem: Problem) -> list[MadeAnswer]:
    """The answers on record. Raises ValueError where the problem has none."""
    if not problem.key:
        raise ValueError("an English answer is judged by the record of what was made wrong in it: `key` is missing")
    return [replace(one, question=problem.question) for one in _answers(problem.key)]


@lru_cache(maxsize=256)
def _answers(key: str) -> tuple[MadeAnswer, ...]:
    try:
        return tuple(
            MadeAnswer("", one["answer"], tuple(Flaw(**flaw) for flaw in one["flaws"]), tuple(one["sources"]))
            for one in orjson.loads(key)["answers"]
        )
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"`key` is no record of English answers: {error}") from error


def _made(problem: Problem, answer: str) -> MadeAnswer:
    for one in _record(problem):
        if one.answer == answer:
            return one
    raise ValueError("the record does not know this answer, only those that were made with the problem")


def _put_right(made: MadeAnswer) -> str:
    """What the passage says where the answer is wrong."""
    answer = made.answer
    for flaw in made.flaws:
        if flaw.name in {"omitted", "unanswered"}:
            answer = f"{answer} {flaw.true}" if flaw.name == "omitted" else flaw.true.replace("\n", " ")
        else:
            answer = answer.replace(flaw.said, flaw.source if flaw.name == "misstated" else "")
    return " ".join(answer.split())
