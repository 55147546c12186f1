"""The task `english` for the critic's trainer: flaws made in real passages, whole sources kept out to measure on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from random import Random

from models_service.synthetic.english.answers import MadeAnswer
from models_service.synthetic.english.flaws import Flaw
from models_service.synthetic.english.oracle import judge
from models_service.synthetic.english.passages import Split, passages_of
from models_service.synthetic.english.stream import Maker
from models_service.training.judged_tasks import JudgedTask
from models_service.training.own_critiques import Grades
from models_service.types import JudgedAnswer, JudgedCritique, JudgedPassage

#: Pairs of a flawed and a sound answer about a passage.
_PAIRS = 3


@dataclass(frozen=True, slots=True)
class KnownAnswer(JudgedAnswer):
    """With the record of its flaws, by which the oracle judges."""

    flaws: tuple[Flaw, ...] = ()


@cache
def _maker(split: Split) -> Maker:
    """Reads its sources once for all streams and for the processes that are forked afterwards."""
    return Maker(passages_of(split), 1)


def _stream(split: Split, seed: int) -> Iterator[JudgedPassage]:
    """Every round takes each passage once, in another cut and with other questions."""
    maker, rng, passages = _maker(split), Random(f"english {split} {seed}"), passages_of(split)
    while True:
        for passage in rng.sample(passages, len(passages)):
            reading, pairs = maker.pairs(rng, passage, _PAIRS)
            critic = maker.critic(rng, reading, passage)
            answers = [_known(critic.critiques(made), made) for pair in pairs for made in pair]
            if answers:
                yield JudgedPassage(reading.text, tuple(rng.sample(answers, len(answers))))


def _known(critiques: tuple[JudgedCritique, ...], made: MadeAnswer) -> KnownAnswer:
    return KnownAnswer(made.question, made.answer, bool(made.flaws), critiques, made.flaws)


def _training(seed: int) -> Iterator[JudgedPassage]:
    return _stream("train", seed)


def _held_out(seed: int) -> Iterator[JudgedPassage]:
    return _stream("held_out_sources", seed)


def _judge(_passage: JudgedPassage, answer: JudgedAnswer, critique: str) -> Grades:
    assert isinstance(answer, KnownAnswer)
    return asdict(judge(answer.flaws, answer.question, answer.answer, critique))


ENGLISH = JudgedTask("english", _training, _held_out, _judge)
