"""What the critic itself writes about fresh answers, judged by an oracle: whose helpfulness it must learn to tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import get_context
from typing import Any

from models_service.formats import FINETUNED, encode, first_tokens
from models_service.training.judged import subject_of
from models_service.training.sampling import sample
from models_service.types import JudgedAnswer, JudgedCritique, JudgedPassage

#: An oracle: what is true of a critique, by name; `valid` is always among it.
Grades = Mapping[str, bool]
Judge = Callable[[JudgedPassage, JudgedAnswer, str], Grades]
#: Oracles for many critiques at once, by background processes.
JudgeAll = Callable[[Sequence[tuple[JudgedPassage, JudgedAnswer, str]]], list[Grades]]


@dataclass(frozen=True, slots=True)
class Writer:
    """A model that writes critiques, and how much of it fits the device."""

    model: Any
    tokenizer: Any
    max_new_tokens: int = 64
    tokens_at_once: int = 8192

    def write(
        self, asked: Sequence[tuple[JudgedPassage, JudgedAnswer]], temperatures: Sequence[float], seed: int
    ) -> list[str]:
        """A forced critique of each answer at the temperature beside it."""
        first = first_tokens(self.tokenizer)
        prompts = [first + encode(self.tokenizer, FINETUNED.critique_prompt(subject_of(*one))) for one in asked]
        written = sample(
            self.model,
            prompts,
            temperatures,
            end=self.tokenizer.eos_token_id,
            max_new_tokens=self.max_new_tokens,
            seed=seed,
            tokens_at_once=self.tokens_at_once,
        )
        return [text.strip() for text in self.tokenizer.batch_decode(written, skip_special_tokens=True)]


@contextmanager
def judging(judge: Judge, workers: int) -> Iterator[JudgeAll]:
    """The oracle at work in so many processes; with none, here."""
    if not workers:
        yield lambda asked: [judge(*one) for one in asked]
        return
    with ProcessPoolExecutor(workers, get_context("fork")) as pool:
        pool.submit(int).result()
        yield lambda asked: list(pool.map(judge, *zip(*asked, strict=True), chunksize=16) if asked else ())


def judged_own(
    writer: Writer,
    passages: Iterator[JudgedPassage],
    judge_all: JudgeAll,
    *,
    temperatures: Sequence[float],
    seconds: float,
    at_once: int,
    seed: int,
    least: int = 1,
) -> list[JudgedPassage]:
    """For so long: fresh passages, each answer with the critic's own critiques in place of made ones, judged.

    They teach verdicts only: what the critic writes is not made more likely by having been written.
    """
    found: list[JudgedPassage] = []
    started = time.monotonic()
    for number, group in enumerate(iter(lambda: list(islice(passages, at_once)), [])):
        if number >= least and time.monotonic() - started >= seconds:
            break
        found += _judged(writer, group, judge_all, temperatures, seed + number)
    return found


def _judged(
    writer: Writer, passages: Sequence[JudgedPassage], judge_all: JudgeAll, temperatures: Sequence[float], seed: int
) -> list[JudgedPassage]:
    answers = [(passage, answer) for passage in passages for answer in passage.answers]
    asked = [one for one in answers for _ in temperatures]
    texts = writer.write(asked, [t for _ in answers for t in temperatures], seed)
    grades = judge_all([(*one, text) for one, text in zip(asked, texts, strict=True)])
    judged = iter(zip(texts, grades, strict=True))
    by_answer = [dict(islice(judged, len(temperatures))) for _ in answers]
    own = iter(by_answer)
    return [
        replace(passage, answers=tuple(_with_own(answer, next(own)) for answer in passage.answers))
        for passage in passages
    ]


def _with_own(answer: JudgedAnswer, own: Mapping[str, Grades]) -> JudgedAnswer:
    critiques = (JudgedCritique(text, grades["valid"], learn=False) for text, grades in own.items() if text)
    return replace(answer, critiques=tuple(critiques))
