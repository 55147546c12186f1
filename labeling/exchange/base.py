"""Rows of the base files: questions about a passage and honest answers to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, QuerySet

from findings import records
from findings.records.released import BaseQuestion
from labeling.enums import Activity, AnswerKind
from labeling.exchange.sittings import SittingLoader, sitting_records, sittings_of
from labeling.models import Answer, AskedQuestion, Sitting, Study


class BaseLoader(SittingLoader):
    activity = Activity.ANSWERING

    def store_question(self, sitting: Sitting, place: int, given: BaseQuestion) -> None:
        question = self.entities.question(sitting.passage, given["question"], place)
        answer = Answer.objects.create(
            question=question, kind=AnswerKind.HUMAN, text=given["answer"], author=sitting.labeler
        )
        AskedQuestion.objects.create(sitting=sitting, position=place, answer=answer)


def base_records(studies: QuerySet[Study]) -> Iterator[dict[str, Any]]:
    """Yield the rows of these studies' sittings."""
    asked = AskedQuestion.objects.select_related("answer__question").order_by("position")
    sittings = sittings_of(studies, Activity.ANSWERING).prefetch_related(Prefetch("asked_questions", asked))
    return sitting_records(records.BASE, sittings, _questions)


def _questions(sitting: Sitting) -> list[dict[str, Any]]:
    return [
        {"question": asked.answer.question.text, "answer": asked.answer.text} for asked in sitting.asked_questions.all()
    ]
