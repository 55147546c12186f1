"""Studies as rows of assistance.jsonl (protocol of the released file), with or without provenance.

A row is a question of a study with at least one submitted label (an imported row may have none, as it came).
Labels stand in the order of the file they came from, or of their submission. Drafts, released assignments and
removed critiques are left out. Suggestions are the first occurrences in temperature order, and
`assistance_critique` is an index into them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from findings.records import ASSISTANCE, ASSISTANCE_EXTENDED
from labeling.enums import Activity, AnswerKind, AssignmentState
from labeling.exchange.exporting import checked, each
from labeling.exchange.provenance import label_provenance, row_provenance
from labeling.models import (
    Answer,
    Assignment,
    AssistanceBundle,
    IntendedCritique,
    LabelerCritique,
    Slot,
    Study,
    StudyQuestion,
    Suggestion,
)
from labeling.refusals import Refused

#: What the released schema asks of every row.
NEEDED = {"human_answer": AnswerKind.HUMAN, "misleading_answer": AnswerKind.HUMAN_MISLEADING}


def assistance_records(studies: QuerySet[Study], *, extended: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the rows of these studies. Refuses, before the first, a study that lacks an answer the schema needs.

    `extended` writes null for what is missing and adds one key, `provenance`, to rows and labels.
    """
    rows = rows_of(studies)
    if not extended:
        check_answers(rows)
    kind = ASSISTANCE_EXTENDED if extended else ASSISTANCE
    return checked(kind, (_record(row, extended=extended) for row in each(with_labels(rows))))


def rows_of(studies: QuerySet[Study]) -> QuerySet[StudyQuestion]:
    """The questions that are rows of the export."""
    submitted = Assignment.objects.filter(
        slot__study_question=OuterRef("pk"), slot__activity=Activity.CRITIQUING, state=AssignmentState.SUBMITTED
    )
    given = Q(study__import_batch__kind=ASSISTANCE.name)
    return (
        StudyQuestion.objects.filter(study__in=studies)
        .filter(given | Exists(submitted))
        .order_by("study_id", "position")
    )


def check_answers(rows: QuerySet[StudyQuestion]) -> None:
    """Refuse rows without an honest or a misleading answer, naming the first and counting the others."""
    for named, kind in NEEDED.items():
        answers = Answer.objects.filter(question=OuterRef("question"), kind=kind)
        lacking = rows.filter(~Exists(answers), **{named: None}).select_related("study", "question")
        first = lacking.first()
        if first is not None:
            others = lacking.count() - 1
            raise Refused(
                f"Study “{first.study}”: the question “{first.question}” has no answer of kind “{kind}”, which the "
                f"released format needs{f' (nor have {others} others)' if others else ''}. "
                "Add the answer, or export extended, where a missing answer is null."
            )


def with_labels(rows: QuerySet[StudyQuestion]) -> QuerySet[StudyQuestion]:
    """Rows with all that their records hold, in a fixed number of queries."""
    found = LabelerCritique.objects.filter(removed_ms=None).select_related("critique").order_by("position", "pk")
    suggestions = Suggestion.objects.select_related("critique").order_by("sample_index")
    submitted = (
        Assignment.objects.filter(state=AssignmentState.SUBMITTED)
        .select_related("labeler__user", "sitting")
        .prefetch_related(
            Prefetch("sitting__critiques", found),
            Prefetch("bundle", AssistanceBundle.objects.prefetch_related(Prefetch("suggestions", suggestions))),
            "shown_suggestions",
        )
    )
    slots = (
        Slot.objects.filter(activity=Activity.CRITIQUING)
        .select_related("answer")
        .prefetch_related(Prefetch("assignments", submitted))
    )
    answers = Answer.objects.select_related("author__user").order_by("pk")
    return rows.select_related("study", "question__passage__author__user").prefetch_related(
        Prefetch("slots", slots),
        Prefetch("human_answer", answers),
        Prefetch("misleading_answer", answers),
        Prefetch("question__answers", answers),
        "study__conditions",
    )


def _record(row: StudyQuestion, *, extended: bool) -> dict[str, Any]:
    human, misleading = (named_answer(row, named) for named in NEEDED)
    passage = row.question.passage
    record: dict[str, Any] = {
        "source_id": passage.public_id,
        "source_labeler": _author(row, human, misleading),
        "source_data": {
            "passage": {"text": passage.text, "title": passage.title},
            "question_index": row.question.index,
            "question": row.question.text,
            "human_answer": human.text if human else None,
            "human_deceptive_answer": misleading.text if misleading else None,
            "deceptive_answer_critiques": _intended(misleading),
        },
        "labels": [_label(row, slot, assignment, extended=extended) for slot, assignment in _labels(row)],
    }
    if extended:
        record["provenance"] = row_provenance(row)
    return record


def named_answer(row: StudyQuestion, named: str) -> Answer | None:
    """The answer the row was given with; else the one that labelers were shown; else the newest of its kind."""
    given: Answer | None = getattr(row, named)
    if given is not None:
        return given
    shown = {slot.answer_id for slot in row.slots.all() if slot.answer_kind == NEEDED[named]}
    of_kind = [answer for answer in row.question.answers.all() if answer.kind == NEEDED[named]]
    return next((answer for answer in of_kind if answer.pk in shown), of_kind[-1] if of_kind else None)


def _author(row: StudyQuestion, *answers: Answer | None) -> str | None:
    """Who asked the question; where that is not known, who answered it."""
    authors = [row.question.passage.author, *(answer.author for answer in answers if answer is not None)]
    return next((author.pseudonym for author in authors if author is not None), None)


def _intended(answer: Answer | None) -> list[dict[str, Any]]:
    if answer is None:
        return []
    intended = IntendedCritique.objects.filter(critique__answer=answer).select_related("critique")
    return [
        {
            "text": one.critique.text,
            "category": one.category,
            "severity": one.severity,
            "category_text": one.category_text,
        }
        for one in intended.order_by("position", "pk")
    ]


def _labels(row: StudyQuestion) -> list[tuple[Slot, Assignment]]:
    labels = [(slot, assignment) for slot in row.slots.all() for assignment in slot.assignments.all()]
    return sorted(labels, key=lambda label: (label[1].sitting.position, label[1].sitting.submitted_at, label[1].pk))


def _label(row: StudyQuestion, slot: Slot, assignment: Assignment, *, extended: bool) -> dict[str, Any]:
    assert slot.answer is not None
    sitting = assignment.sitting
    released = assignment.bundle.released() if assignment.bundle is not None else []
    label: dict[str, Any] = {
        "id": sitting.public_id,
        "time": sitting.time,
        "labeler": assignment.labeler.pseudonym,
        "data": {
            "answer": slot.answer.text,
            "condition": {"answer_source": slot.answer_kind, "assisted": slot.assisted},
            "assistance": _assistance(assignment.bundle, released),
            "feedback": {
                "rating": sitting.rating,
                "total_time": sitting.total_time_ms,
                "critiques": [_found(one, released) for one in sitting.critiques.all()],
            },
        },
    }
    if extended:
        label["provenance"] = label_provenance(slot.answer, assignment, released, imported=row.study.is_imported)
    return label


def _assistance(bundle: AssistanceBundle | None, released: list[Suggestion]) -> dict[str, Any] | None:
    if bundle is None:
        return None
    return {
        "critiques": [{"text": one.critique.text, "helpfulness": one.helpfulness} for one in released],
        "critiqueability": bundle.critiqueability,
    }


def _found(found: LabelerCritique, released: list[Suggestion]) -> dict[str, Any]:
    places = {suggestion.pk: index for index, suggestion in enumerate(released)}
    return {
        "text": found.critique.text,
        "category": found.category,
        "severity": found.severity,
        "category_text": found.category_text,
        "first_modified": found.first_modified_ms,
        "last_modified": found.last_modified_ms,
        "assistance_critique": None if found.suggestion_used_id is None else places[found.suggestion_used_id],
    }
