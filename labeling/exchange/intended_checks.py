"""Our own records of checks: which of the critiques found in a misleading answer are valid, and what they cover.

A check is of a label of the assistance file, so that file is imported first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, QuerySet

from findings import records
from findings.records import IntendedCheckRecord, rules
from labeling.enums import Activity, AnswerKind, AssignmentState, StudyState
from labeling.exchange.assistance_export import named_answer
from labeling.exchange.exporting import checked, each
from labeling.exchange.native import NativeLoader, frame
from labeling.models import (
    Answer,
    CheckedCritique,
    IntendedCheck,
    IntendedCritique,
    LabelerCritique,
    Sitting,
    Study,
)


class IntendedCheckLoader(NativeLoader):
    activity = Activity.CHECKING

    @staticmethod
    def breaches(record: IntendedCheckRecord) -> Iterator[rules.Breach]:
        """The label must be here, and hold what the check says it holds."""
        yield from NativeLoader.breaches(record)
        label = label_named(record)
        if label is None:
            yield "label_id", f"no label of a misleading answer has the id {record['label_id']}: import its file first"
            return
        data, intended, found = record["data"], intended_of(label), found_in(label)
        if data["intended"] != len(intended):
            yield "data.intended", f"is {data['intended']}, but the answer has {len(intended)} intended critiques"
        if [one["critique"] for one in data["critiques"]] != [one.critique.text for one in found]:
            yield "data.critiques", f"are not the {len(found)} critiques of the label, in its order"
        for place, one in enumerate(data["critiques"]):
            if one["covers"] != sorted(set(one["covers"])):
                yield f"data.critiques[{place}].covers", "must name each intended critique once, in ascending order"

    def store(self, record: IntendedCheckRecord, position: int) -> None:
        label = label_named(record)
        assert label is not None
        sitting = self.sitting(record, label.own_assignment.slot.passage, position)
        check = IntendedCheck.objects.create(
            public_id=record["id"],
            sitting=sitting,
            position=0,
            label=label,
            by_author=record["by_author"],
        )
        intended = intended_of(label)
        for found, given in zip(found_in(label), record["data"]["critiques"], strict=True):
            row = CheckedCritique.objects.create(check_of=check, found=found, valid=given["valid"])
            row.covers.set([intended[index] for index in given["covers"]])


def label_named(record: IntendedCheckRecord) -> Sitting | None:
    """The newest submitted label of a misleading answer with this id and source."""
    labels = Sitting.objects.filter(
        public_id=record["label_id"],
        assignment__state=AssignmentState.SUBMITTED,
        assignment__slot__passage__public_id=record["source_id"],
        assignment__slot__answer_kind=AnswerKind.HUMAN_MISLEADING,
    ).exclude(assignment__slot__study__state=StudyState.IMPORTING)
    return labels.select_related("assignment__slot__study_question", "assignment__slot__passage").order_by("pk").last()


def found_in(label: Sitting) -> list[LabelerCritique]:
    """The label's critiques as they are exported."""
    return list(label.critiques.filter(removed_ms=None).select_related("critique").order_by("position", "pk"))


def intended_of(label: Sitting) -> list[IntendedCritique]:
    """The intended critiques of the label's row, as they are exported."""
    row = label.own_assignment.slot.study_question
    assert row is not None
    answer: Answer | None = named_answer(row, "misleading_answer")
    return list(IntendedCritique.objects.filter(critique__answer=answer).order_by("position", "pk"))


def checks_of(studies: QuerySet[Study]) -> QuerySet[IntendedCheck]:
    """Checks of submitted sittings."""
    verdicts = CheckedCritique.objects.prefetch_related("covers")
    return (
        IntendedCheck.objects.filter(sitting__study__in=studies, sitting__submitted_at__isnull=False)
        .select_related(
            "sitting__labeler__user",
            "sitting__passage",
            "label__assignment__slot__study_question__human_answer",
            "label__assignment__slot__study_question__misleading_answer",
        )
        .prefetch_related(Prefetch("critiques", verdicts))
        .order_by("sitting__study_id", "sitting__position", "sitting__submitted_at", "sitting_id", "position")
    )


def intended_check_records(studies: QuerySet[Study]) -> Iterator[dict[str, Any]]:
    """Yield a record for each check."""
    return checked(records.INTENDED_CHECKS, map(_record, each(checks_of(studies))))


def _record(check: IntendedCheck) -> dict[str, Any]:
    label = check.label
    places = {intended.pk: place for place, intended in enumerate(intended_of(label))}
    verdicts = {verdict.found_id: verdict for verdict in check.critiques.all()}
    critiques = [
        {
            "critique": found.critique.text,
            "valid": verdicts[found.pk].valid,
            "covers": sorted(places[intended.pk] for intended in verdicts[found.pk].covers.all()),
        }
        for found in found_in(label)
    ]
    return frame(
        check.public_id,
        check.sitting,
        {"intended": len(places), "critiques": critiques},
        label_id=label.public_id,
        by_author=check.by_author,
    )
