"""A model's part in a collection round: answers, critiques of answers and refinements, sampled and stored.

Each sample has a number of its own that decides its temperature and, with the seed, its random stream. So asking for
the same samples again finds them and does nothing, and asking for more adds only what is missing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db import models, transaction

from assist.critics import model_name, open_critic
from assist.runs import store
from assist.subjects import subject_of, subject_of_answer
from labeling.actions.locking import locked
from labeling.actions.refining import critique_to_show
from labeling.enums import AnswerKind, Provenance
from labeling.models import Answer, AssistanceBundle, Critique, Question, Refinement, Study
from models_service.engine import EngineError

#: "Random temperature" (paper, section 2.2.1 and 4.1): uniform on these.
ROUND_TEMPERATURES = [step / 10 for step in range(11)]
#: All refinements of the paper's evaluations were sampled at this one (section 4.3).
REFINEMENT_TEMPERATURE = 0.5


@dataclass
class Sampled:
    """What one command did: how many samples it stored, and why some could not be had."""

    stored: int = 0
    there_already: int = 0
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sampler:
    """One model asked in one way."""

    critic: str
    seed: int
    max_new_tokens: int = 160
    temperature: float | None = None
    """The same for all samples; without it, each sample's is drawn."""

    @property
    def recipe(self) -> dict[str, Any]:
        """The columns that say which model spoke."""
        return {
            "provenance": Provenance.SAMPLED,
            "model_name": model_name(self.critic),
            "model_revision": open_critic(self.critic).identity.revision,
            "seed": self.seed,
        }

    def temperature_of(self, key: str) -> float:
        if self.temperature is not None:
            return self.temperature
        return random.Random(f"temperature:{self.seed}:{key}").choice(ROUND_TEMPERATURES)

    def answers(self, questions: Sequence[Question], n: int) -> Iterator[Sampled]:
        """Give every question n answers of this model. Yields what was done so far after each question."""
        done = Sampled()
        for question in questions:
            same = {"kind": AnswerKind.MODEL, **self.recipe}
            done.there_already += min(n, question.answers.filter(**same).count())
            try:
                done.stored += self._answer(question, n, same)
            except EngineError as error:
                done.refused.append(f"Question {question.pk}: {error}")
            yield done

    def _answer(self, question: Question, n: int, same: dict[str, Any]) -> int:
        missing = range(question.answers.filter(**same).count(), n)
        if not missing:
            return 0
        keys = [f"question-{question.pk}-sample-{number}" for number in missing]
        temperatures = [self.temperature_of(key) for key in keys]
        texts = open_critic(self.critic).answer(
            [subject_of(key, question, "") for key in keys],
            seed=self.seed,
            temperatures=temperatures,
            max_new_tokens=self.max_new_tokens,
        )
        with transaction.atomic():
            locked(Question.objects.filter(pk=question.pk)).get()
            if question.answers.filter(**same).count() != missing.start:  # somebody sampled the same meanwhile
                return 0
            for text, temperature in zip(texts, temperatures, strict=True):
                Answer.objects.create(question=question, text=text, temperature=temperature, **same)
        return len(missing)

    def refinements(self, answers: Sequence[tuple[Answer, Critique | None]], n: int) -> Iterator[Sampled]:
        """Refine every answer n times, directly or in the light of the critique beside it."""
        done = Sampled()
        for answer, critique in answers:
            same = {"critique": critique, **self.recipe}
            done.there_already += min(n, answer.refinements.filter(**same).count())
            try:
                done.stored += self._refine(answer, critique, n, same)
            except EngineError as error:
                done.refused.append(f"Answer {answer.pk}: {error}")
            yield done

    def _refine(self, answer: Answer, critique: Critique | None, n: int, same: dict[str, Any]) -> int:
        missing = range(answer.refinements.filter(**same).count(), n)
        if not missing:
            return 0
        beside = f"critique-{critique.pk}" if critique is not None else "direct"
        keys = [f"answer-{answer.pk}-{beside}-sample-{number}" for number in missing]
        temperatures = [self.temperature_of(key) for key in keys]
        texts = open_critic(self.critic).refine(
            [subject_of(key, answer.question, answer.text) for key in keys],
            [critique.text if critique is not None else None] * len(keys),
            seed=self.seed,
            temperatures=temperatures,
            max_new_tokens=self.max_new_tokens,
        )
        with transaction.atomic():
            locked(Answer.objects.filter(pk=answer.pk)).get()
            if answer.refinements.filter(**same).count() != missing.start:
                return 0
            for text, temperature in zip(texts, temperatures, strict=True):
                Refinement.objects.create(answer=answer, text=text, temperature=temperature, **same)
        return len(missing)

    def critiques(self, answers: Sequence[Answer]) -> Iterator[Sampled]:
        """Give every answer a bundle of this model: eight critiques with their scores. One passage at a time."""
        done = Sampled()
        for _, group in groupby(answers, key=lambda answer: answer.question.passage_id):
            of_passage = list(group)
            same = {"critic": self.critic, "seed": self.seed}
            lacking = [answer for answer in of_passage if not answer.bundles.filter(**same).exists()]
            done.there_already += len(of_passage) - len(lacking)
            try:
                done.stored += self._critique(lacking)
            except EngineError as error:
                done.refused.append(f"Passage “{of_passage[0].question.passage}”: {error}")
            yield done

    def _critique(self, answers: Sequence[Answer]) -> int:
        if not answers:
            return 0
        subjects = [subject_of_answer(answer) for answer in answers]
        bundles = open_critic(self.critic).critique(subjects, seed=self.seed, max_new_tokens=self.max_new_tokens)
        with transaction.atomic():
            for answer, bundle in zip(answers, bundles, strict=True):
                locked(Answer.objects.filter(pk=answer.pk)).get()
                if not answer.bundles.filter(critic=self.critic, seed=self.seed).exists():
                    store(self.critic, answer, bundle)
        return len(answers)


def questions_of(study: Study) -> models.QuerySet[Question]:
    """The study's questions, those of one passage together."""
    questions = Question.objects.filter(in_studies__study=study).distinct()
    return questions.select_related("passage").order_by("passage", "index", "pk")


def answers_to_critique(study: Study, kinds: Sequence[str]) -> list[Answer]:
    """The answers of these kinds to the study's questions, those of one passage together."""
    answers = Answer.objects.filter(question__in_studies__study=study, kind__in=kinds).distinct()
    return list(answers.select_related("question__passage").order_by("question__passage", "question", "pk"))


def critiques_sampled(answers: Sequence[Answer], critic: str, seed: int) -> list[Critique]:
    """First occurrences of what the critic said about the answers, in the order they were sampled."""
    bundles = AssistanceBundle.objects.filter(answer__in=answers, critic=critic, seed=seed)
    bundles = bundles.prefetch_related("suggestions__critique").order_by("answer__question", "pk")
    return [suggestion.critique for bundle in bundles for suggestion in bundle.released()]


def answers_to_refine(study: Study, critic: str, *, conditional: bool) -> list[tuple[Answer, Critique | None]]:
    """The model's own answers to the study's questions, each with the critique that it is to address, if it is."""
    answers = (
        Answer.objects.filter(question__in_studies__study=study, kind=AnswerKind.MODEL, model_name=model_name(critic))
        .distinct()
        .select_related("question__passage")
        .order_by("question__passage", "question", "pk")
    )
    if not conditional:
        return [(answer, None) for answer in answers]
    pairs = [(answer, critique_to_show(answer, study)) for answer in answers]
    return [(answer, critique) for answer, critique in pairs if critique is not None]
