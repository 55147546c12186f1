"""Our own records of two texts compared: two answers, or an answer and its refinement judged blind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, QuerySet

from findings import records
from findings.records import ComparisonRecord, RefinementJudgementRecord
from labeling.enums import Activity, Better, CritiqueOrigin
from labeling.exchange.exporting import checked, each
from labeling.exchange.native import NativeLoader, frame, of_passage
from labeling.models import Comparison, Critique, PairCritique, PairToCompare, Question, Sitting, Study

#: The place of the better one among the answers as shown; a tie is null.
PLACES = {0: Better.FIRST, 1: Better.SECOND, None: Better.TIE}
SIDES = {"original": Better.FIRST, "refinement": Better.SECOND, None: Better.TIE}


class ComparisonLoader(NativeLoader):
    activity = Activity.COMPARING

    def store_data(self, sitting: Sitting, question: Question, record: ComparisonRecord) -> None:
        data = record["data"]
        first, second = data["answers"]
        pair = PairToCompare.objects.create(
            study=self.study,
            first=self.answer(question, first["answer"], first["source"]),
            first_source=first["source"],
            second=self.answer(question, second["answer"], second["source"]),
            second_source=second["source"],
        )
        sides = ((False, pair.first, first["critiques"]), (True, pair.second, second["critiques"]))
        for of_second, answer, texts in sides:
            assert answer is not None
            stored = Critique.objects.bulk_create(
                Critique(answer=answer, text=text, origin=CritiqueOrigin.MODEL) for text in texts
            )
            PairCritique.objects.bulk_create(
                PairCritique(pair=pair, of_second=of_second, position=position, critique=critique)
                for position, critique in enumerate(stored)
            )
        Comparison.objects.create(
            public_id=record["id"],
            sitting=sitting,
            position=0,
            pair=pair,
            is_swapped=False,
            critiques_shown=data["critiques_shown"],
            better=PLACES[data["better"]],
            confidence=data["confidence"],
            total_time_ms=data.get("total_time"),
        )


class RefinementJudgementLoader(NativeLoader):
    activity = Activity.COMPARING

    def store_data(self, sitting: Sitting, question: Question, record: RefinementJudgementRecord) -> None:
        data = record["data"]
        pair = PairToCompare.objects.create(
            study=self.study,
            first=self.answer(question, data["original"], None),
            refinement=data["refinement"],
            second_source=data["source"],
            method=data["method"],
            n=data["n"],
            opt_out=data["opt_out"],
        )
        Comparison.objects.create(
            public_id=record["id"],
            sitting=sitting,
            position=0,
            pair=pair,
            is_swapped=False,
            better=SIDES[data["better"]],
            confidence=data["confidence"],
        )


def _comparisons(studies: QuerySet[Study]) -> QuerySet[Comparison]:
    critiques = PairCritique.objects.select_related("critique").order_by("position")
    return (
        Comparison.objects.filter(sitting__study__in=studies, sitting__submitted_at__isnull=False)
        .select_related("sitting__labeler__user", "sitting__passage", "pair__first__question", "pair__second")
        .prefetch_related(Prefetch("pair__critiques", critiques))
        .order_by("sitting__study_id", "sitting__position", "sitting__submitted_at", "sitting_id", "position")
    )


def compared_answers(studies: QuerySet[Study]) -> QuerySet[Comparison]:
    """Submitted comparisons of two answers."""
    return _comparisons(studies).filter(pair__second__isnull=False)


def judged_refinements(studies: QuerySet[Study]) -> QuerySet[Comparison]:
    """Submitted comparisons of an answer with what a method made of it."""
    return _comparisons(studies).filter(pair__second__isnull=True)


def comparison_records(studies: QuerySet[Study]) -> Iterator[dict[str, Any]]:
    """Yield a record for each comparison of two answers, the answers in the order in which they were shown."""
    return checked(records.COMPARISONS, map(_comparison, each(compared_answers(studies))))


def _comparison(comparison: Comparison) -> dict[str, Any]:
    pair, sitting = comparison.pair, comparison.sitting
    order = [Better.SECOND, Better.FIRST] if comparison.is_swapped else [Better.FIRST, Better.SECOND]
    data: dict[str, Any] = {
        "passage": of_passage(sitting),
        "question": pair.first.question.text,
        "answers": [_side(comparison, side) for side in order],
        "critiques_shown": comparison.critiques_shown,
        "better": None if comparison.better == Better.TIE else order.index(Better(comparison.better)),
        "confidence": comparison.confidence,
    }
    if comparison.total_time_ms is not None:
        data["total_time"] = comparison.total_time_ms
    return frame(comparison.public_id, sitting, data)


def _side(comparison: Comparison, side: Better) -> dict[str, Any]:
    pair, is_second = comparison.pair, side == Better.SECOND
    shown = [one.critique.text for one in pair.critiques.all() if one.of_second == is_second]
    return {
        "answer": pair.texts[is_second],
        "source": pair.second_source if is_second else pair.first_source,
        "critiques": shown if comparison.critiques_shown else [],
    }


def refinement_judgement_records(studies: QuerySet[Study]) -> Iterator[dict[str, Any]]:
    """Yield a record for each comparison of an answer with its refinement."""
    return checked(records.REFINEMENT_JUDGEMENTS, map(_refinement_judgement, each(judged_refinements(studies))))


def _refinement_judgement(comparison: Comparison) -> dict[str, Any]:
    pair, sitting = comparison.pair, comparison.sitting
    data = {
        "passage": of_passage(sitting),
        "question": pair.first.question.text,
        "original": pair.first.text,
        "refinement": pair.refinement,
        "method": pair.method,
        "n": pair.n,
        "opt_out": pair.opt_out,
        "source": pair.second_source,
        "better": next(side for side, better in SIDES.items() if better == comparison.better),
        "confidence": comparison.confidence,
    }
    return frame(comparison.public_id, sitting, data)
