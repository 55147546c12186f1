"""What base, critiques and helpfulness rows share: one labeler's sitting with one passage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from findings.records import Kind
from labeling.enums import Activity, AnswerKind, Provenance, Split
from labeling.exchange.exporting import checked, each
from labeling.exchange.loader import Loader
from labeling.models import Answer, Passage, Question, Sitting, Study

#: Of our own passages, which no file has put on one side: one in so many is for testing.
ONE_TEST_IN = 10


class SittingLoader(Loader):
    """Stores one row after another as sittings of one study. A kind adds its activity and its questions."""

    def store(self, record: Any, position: int) -> None:
        labeler = self.entities.labeler(record["labeler"])
        wrote_it = self.activity == Activity.ANSWERING
        passage = self.entities.passage(
            # The id of a base row is what the other files call its source.
            source_id=record["id"] if wrote_it else record["source_id"],
            author=labeler if wrote_it else None,
            split=record["split"],
            **record["data"]["passage"],
        )
        sitting = Sitting.objects.create(
            public_id=record["id"],
            study=self.study,
            activity=self.activity,
            labeler=labeler,
            passage=passage,
            is_topic_based=record["is_topic_based_summarization"],
            position=position,
            time=record["time"],
            submitted_at=timezone.now(),
        )
        for place, question in enumerate(record["data"]["questions"]):
            self.store_question(sitting, place, question)
        self.entities.expose([labeler], passage, self.activity)

    def store_question(self, sitting: Sitting, place: int, given: Any) -> None:
        """Store one question of the row and all that hangs on it."""
        raise NotImplementedError

    def model_answer(self, question: Question, text: str) -> Answer:
        """The model's answer with this text; released rows do not say which model it was."""
        for answer in question.answers.filter(kind=AnswerKind.MODEL):
            if answer.text == text:
                return answer
        return Answer.objects.create(question=question, kind=AnswerKind.MODEL, text=text, provenance=Provenance.GIVEN)


def sittings_of(studies: QuerySet[Study], activity: Activity) -> QuerySet[Sitting]:
    """Submitted sittings, in the order of their file or of their submission."""
    return (
        Sitting.objects.filter(study__in=studies, activity=activity, submitted_at__isnull=False)
        .select_related("labeler__user", "passage")
        .order_by("study_id", "position", "submitted_at", "pk")
    )


def sitting_records(kind: Kind[Any], sittings: QuerySet[Sitting], questions: Any) -> Iterator[dict[str, Any]]:
    """Yield the row of each sitting; `questions(sitting)` gives its list of questions."""
    return checked(kind, (_frame(sitting, questions(sitting)) for sitting in each(sittings)))


def _frame(sitting: Sitting, questions: list[dict[str, Any]]) -> dict[str, Any]:
    passage = sitting.passage
    frame: dict[str, Any] = {"id": sitting.public_id}
    if sitting.activity != Activity.ANSWERING:
        frame["source_id"] = passage.public_id
    return frame | {
        "split": split_of(passage),
        "time": sitting.time,
        "labeler": sitting.labeler.pseudonym,
        "is_topic_based_summarization": sitting.is_topic_based,
        "data": {"passage": {"text": passage.text, "title": passage.title}, "questions": questions},
    }


def split_of(passage: Passage) -> str:
    """The side a passage was given on; else one that its text alone decides, so that no text is on both."""
    if passage.split is not None:
        return passage.split
    return Split.TEST if int(passage.text_digest[:8], 16) % ONE_TEST_IN == 0 else Split.TRAIN
