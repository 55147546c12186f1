"""Rows of assistance.jsonl as a study: a question with its cells, and who found what in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from django.utils import timezone

from findings.records.common import ClassifiedCritique
from findings.records.released import Assistance, AssistanceLabel, AssistanceRecord, FoundCritique
from labeling.enums import Activity, AnswerKind, AssignmentState, CritiqueOrigin, Provenance
from labeling.exchange.loader import Loader
from labeling.models import (
    Answer,
    Assignment,
    AssistanceBundle,
    Critique,
    IntendedCritique,
    Labeler,
    LabelerCritique,
    Question,
    Sitting,
    Slot,
    StudyQuestion,
    Suggestion,
)


class AssistanceLoader(Loader):
    """Stores one row after another as questions of one study."""

    activity = Activity.CRITIQUING

    def store(self, record: AssistanceRecord, position: int) -> None:
        source = record["source_data"]
        author = self.entities.labeler(record["source_labeler"])
        passage = self.entities.passage(source_id=record["source_id"], author=author, **source["passage"])
        question = self.entities.question(passage, source["question"], source["question_index"])
        human = _human_answer(question, AnswerKind.HUMAN, source["human_answer"], author)
        misleading = _human_answer(question, AnswerKind.HUMAN_MISLEADING, source["human_deceptive_answer"], author)
        store_intended(misleading, source["deceptive_answer_critiques"])
        row = StudyQuestion.objects.create(
            study=self.study,
            question=question,
            position=position,
            ready_at=timezone.now(),
            human_answer=human,
            misleading_answer=misleading,
        )
        self._store_labels(row, author, record["labels"])
        self.entities.expose([author], passage, Activity.ANSWERING)
        labelers = [self.entities.labeler(label["labeler"]) for label in record["labels"]]
        self.entities.expose(labelers, passage, Activity.CRITIQUING)

    def _store_labels(self, row: StudyQuestion, author: Labeler, labels: Sequence[AssistanceLabel]) -> None:
        assert row.human_answer is not None
        assert row.misleading_answer is not None
        # Labels of one kind share its answer; one that shows another text gets an answer of its own.
        answers = {(answer.kind, answer.text): answer for answer in (row.human_answer, row.misleading_answer)}
        numbers: Counter[tuple[str, bool]] = Counter()
        for position, label in enumerate(labels):
            condition, text = label["data"]["condition"], label["data"]["answer"]
            kind, assisted = AnswerKind(condition["answer_source"]), condition["assisted"]
            if (kind, text) not in answers:
                answers[kind, text] = _given_answer(row.question, kind, text, author)
            slot = Slot.objects.create(
                study=self.study,
                passage=row.question.passage,
                study_question=row,
                answer=answers[kind, text],
                answer_kind=kind,
                assisted=assisted,
                number=numbers[kind, assisted],
            )
            numbers[kind, assisted] += 1
            self._store_label(slot, label, position)

    def _store_label(self, slot: Slot, label: AssistanceLabel, position: int) -> None:
        assert slot.answer is not None
        feedback, assistance = label["data"]["feedback"], label["data"]["assistance"]
        bundle, suggestions = store_given_bundle(slot.answer, assistance) if assistance is not None else (None, [])
        now = timezone.now()
        assignment = Assignment.objects.create(
            slot=slot,
            labeler=self.entities.labeler(label["labeler"]),
            state=AssignmentState.SUBMITTED,
            bundle=bundle,
            closed_at=now,
        )
        sitting = Sitting.objects.create(
            public_id=label["id"],
            assignment=assignment,
            study=self.study,
            activity=self.activity,
            labeler=assignment.labeler,
            passage=slot.passage,
            rating=feedback["rating"],
            total_time_ms=feedback["total_time"],
            time=label["time"],
            position=position,
            submitted_at=now,
        )
        store_found(sitting, slot.answer, suggestions, feedback["critiques"])


def _human_answer(question: Question, kind: AnswerKind, text: str, author: Labeler) -> Answer:
    return Answer.objects.create(question=question, kind=kind, text=text, author=author)


def _given_answer(question: Question, kind: AnswerKind, text: str, author: Labeler) -> Answer:
    if kind == AnswerKind.MODEL:
        return Answer.objects.create(question=question, kind=kind, text=text)
    return _human_answer(question, kind, text, author)


def store_intended(answer: Answer, critiques: Sequence[ClassifiedCritique]) -> None:
    """The flaws that the author of a misleading answer planted, in order."""
    stored = _store_texts(answer, CritiqueOrigin.INTENDED, (critique["text"] for critique in critiques))
    IntendedCritique.objects.bulk_create(
        IntendedCritique(
            critique=critique,
            position=position,
            category=given["category"],
            category_text=given["category_text"],
            severity=given["severity"],
        )
        for position, (critique, given) in enumerate(zip(stored, critiques, strict=True))
    )


def store_given_bundle(answer: Answer, assistance: Assistance) -> tuple[AssistanceBundle, list[Suggestion]]:
    """The suggestions as released: de-duplicated already, so none is marked as a repeat here."""
    bundle = AssistanceBundle.objects.create(
        answer=answer, provenance=Provenance.GIVEN, critiqueability=assistance["critiqueability"]
    )
    given = assistance["critiques"]
    stored = _store_texts(answer, CritiqueOrigin.MODEL, (critique["text"] for critique in given))
    suggestions = Suggestion.objects.bulk_create(
        Suggestion(critique=critique, bundle=bundle, sample_index=index, helpfulness=one["helpfulness"])
        for index, (critique, one) in enumerate(zip(stored, given, strict=True))
    )
    return bundle, suggestions


def store_found(
    sitting: Sitting, answer: Answer, suggestions: Sequence[Suggestion], critiques: Sequence[FoundCritique]
) -> None:
    """What a labeler found, in order, each with the suggestion it began from."""
    stored = _store_texts(answer, CritiqueOrigin.LABELER, (critique["text"] for critique in critiques))
    LabelerCritique.objects.bulk_create(
        LabelerCritique(
            critique=critique,
            sitting=sitting,
            position=position,
            provenance=Provenance.GIVEN,
            category=found["category"],
            category_text=found["category_text"],
            severity=found["severity"],
            first_modified_ms=found["first_modified"],
            last_modified_ms=found["last_modified"],
            suggestion_used=None if found["assistance_critique"] is None else suggestions[found["assistance_critique"]],
        )
        for position, (critique, found) in enumerate(zip(stored, critiques, strict=True))
    )


def _store_texts(answer: Answer, origin: CritiqueOrigin, texts: Iterable[str]) -> list[Critique]:
    return Critique.objects.bulk_create(Critique(answer=answer, text=text, origin=origin) for text in texts)
