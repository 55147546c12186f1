"""Our own records of refinements that labelers wrote, directly or in the light of a critique."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from findings import records
from findings.records import RefinementRecord
from labeling.enums import Activity, CritiqueOrigin, Provenance
from labeling.exchange.exporting import checked, each
from labeling.exchange.native import NativeLoader, frame, of_passage
from labeling.models import Critique, Question, Refinement, Sitting, Study


class RefinementLoader(NativeLoader):
    activity = Activity.REFINING

    def store_data(self, sitting: Sitting, question: Question, record: RefinementRecord) -> None:
        data = record["data"]
        answer = self.answer(question, data["answer"], None)
        critique = None
        if data["critique"] is not None:
            critique = Critique.objects.create(answer=answer, text=data["critique"], origin=CritiqueOrigin.LABELER)
        Refinement.objects.create(
            public_id=record["id"],
            answer=answer,
            critique=critique,
            text=data["refinement"],
            provenance=Provenance.GIVEN,
            sitting=sitting,
        )


def refinements_of(studies: QuerySet[Study]) -> QuerySet[Refinement]:
    """Refinements of submitted sittings; a model's have no labeler and are no rows here."""
    return (
        Refinement.objects.filter(sitting__study__in=studies, sitting__submitted_at__isnull=False)
        .select_related("sitting__labeler__user", "sitting__passage", "answer__question", "critique")
        .order_by("sitting__study_id", "sitting__position", "sitting__submitted_at", "sitting_id", "position")
    )


def refinement_records(studies: QuerySet[Study]) -> Iterator[dict[str, Any]]:
    """Yield a record for each refinement."""
    return checked(records.REFINEMENTS, map(_record, each(refinements_of(studies))))


def _record(refinement: Refinement) -> dict[str, Any]:
    assert refinement.sitting is not None
    data = {
        "passage": of_passage(refinement.sitting),
        "question": refinement.answer.question.text,
        "answer": refinement.answer.text,
        "critique": refinement.critique.text if refinement.critique is not None else None,
        "refinement": refinement.text,
    }
    return frame(refinement.public_id, refinement.sitting, data)
