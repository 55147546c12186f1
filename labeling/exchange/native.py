"""What the records of our own formats share: one labeler's word on one thing, with its passage and question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from findings.records import rules
from labeling.actions.comparing import source_of
from labeling.actions.names import labeler_named
from labeling.enums import AnswerKind
from labeling.exchange.loader import Loader
from labeling.models import Answer, Question, Sitting

__all__ = ["NativeLoader", "frame", "source_of"]

#: Stands for whoever wrote a human answer that a file shows without saying who wrote it.
UNTOLD_AUTHOR = "author not told"


class NativeLoader(Loader):
    """Stores each record as a sitting of its own. A kind adds its activity and what the record says."""

    @staticmethod
    def breaches(record: Any) -> Iterator[rules.Breach]:
        """Provenance is free in form and has no table: it is refused rather than lost."""
        if "provenance" in record:
            yield "provenance", "is not kept here; remove it to import the rest"

    def store(self, record: Any, position: int) -> None:
        """Store one record."""
        passage = self.entities.passage(source_id=record["source_id"], **record["data"]["passage"])
        question = self.entities.question(passage, record["data"]["question"])
        self.store_data(self.sitting(record, question.passage, position), question, record)

    def store_data(self, sitting: Sitting, question: Question, record: Any) -> None:
        """Store what the record says about the question."""
        raise NotImplementedError

    def sitting(self, record: Any, passage: Any, position: int) -> Sitting:
        labeler = self.entities.labeler(record["labeler"])
        self.entities.expose([labeler], passage, self.activity)
        return Sitting.objects.create(
            public_id=record["id"],
            study=self.study,
            activity=self.activity,
            labeler=labeler,
            passage=passage,
            position=position,
            time=record["time"],
            submitted_at=timezone.now(),
        )

    def answer(self, question: Question, text: str, source: str | None) -> Answer:
        """The answer with this text and source: a kind of human answer, or else a model's name (or null)."""
        kind = AnswerKind(source) if source in {AnswerKind.HUMAN, AnswerKind.HUMAN_MISLEADING} else AnswerKind.MODEL
        for answer in question.answers.filter(kind=kind):
            if answer.text == text and source_of(answer) == source:
                return answer
        if kind == AnswerKind.MODEL:
            return Answer.objects.create(question=question, kind=kind, text=text, model_name=source)
        return Answer.objects.create(question=question, kind=kind, text=text, author=labeler_named(UNTOLD_AUTHOR))


def frame(record_id: str, sitting: Sitting, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A record of one thing of a submitted sitting."""
    return {
        "id": record_id,
        "source_id": sitting.passage.public_id,
        **more,
        "time": sitting.time,
        "labeler": sitting.labeler.pseudonym,
        "data": data,
    }


def of_passage(sitting: Sitting) -> dict[str, Any]:
    return {"text": sitting.passage.text, "title": sitting.passage.title}
