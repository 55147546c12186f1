"""Rows of the helpfulness files: verdicts on model critiques."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, QuerySet

from findings import records
from findings.records.released import BetterCritique as GivenCritique
from findings.records.released import HelpfulnessQuestion
from labeling.enums import Activity, CritiqueOrigin, Provenance
from labeling.exchange.sittings import SittingLoader, sitting_records, sittings_of
from labeling.models import BetterCritique, Critique, HelpfulnessJudgement, JudgedQuestion, Sitting, Study


class HelpfulnessLoader(SittingLoader):
    activity = Activity.JUDGING

    def store_question(self, sitting: Sitting, place: int, given: HelpfulnessQuestion) -> None:
        (judged_answer,) = given["answers"]
        question = self.entities.question(sitting.passage, given["question"])
        answer = self.model_answer(question, judged_answer["answer"])
        judged = JudgedQuestion.objects.create(
            sitting=sitting,
            position=place,
            answer=answer,
            is_critiqueable=given["is_critiqueable"],
            has_better_critique=given["has_better_critique"],
        )
        critiques = Critique.objects.bulk_create(
            Critique(answer=answer, text=one["critique"], origin=CritiqueOrigin.MODEL)
            for one in judged_answer["critiques"]
        )
        verdicts = zip(critiques, judged_answer["critiques"], given["rankings"], strict=True)
        HelpfulnessJudgement.objects.bulk_create(
            HelpfulnessJudgement(
                judged_question=judged,
                position=position,
                critique=critique,
                provenance=Provenance.GIVEN,
                helpful=one["feedback"]["helpful"],
                tier=tier,
            )
            for position, (critique, one, tier) in enumerate(verdicts)
        )
        if given["new_critique"] is not None:
            _store_better(judged, given["new_critique"])


def _store_better(judged: JudgedQuestion, given: GivenCritique) -> None:
    critique = Critique.objects.create(answer=judged.answer, text=given["text"], origin=CritiqueOrigin.LABELER)
    BetterCritique.objects.create(
        critique=critique,
        judged_question=judged,
        category=given["category"],
        category_text=given["category_text"],
        severity=given["severity"],
        refinement=given.get("refinement"),
    )


def helpfulness_sittings(studies: QuerySet[Study]) -> QuerySet[Sitting]:
    """Sittings that are rows of this file: not those that came as judgements, whose own file says more."""
    return sittings_of(studies, Activity.JUDGING).exclude(study__import_batch__kind=records.JUDGEMENTS.name)


def helpfulness_records(studies: QuerySet[Study]) -> Iterator[dict[str, Any]]:
    """Yield the rows of these studies' sittings."""
    judgements = HelpfulnessJudgement.objects.select_related("critique").order_by("position")
    judged = (
        JudgedQuestion.objects.select_related("answer__question", "better_critique__critique")
        .prefetch_related(Prefetch("judgements", judgements))
        .order_by("position")
    )
    sittings = helpfulness_sittings(studies).prefetch_related(Prefetch("judged_questions", judged))
    return sitting_records(
        records.HELPFULNESS, sittings, lambda sitting: [_question(one) for one in sitting.judged_questions.all()]
    )


def _question(judged: JudgedQuestion) -> dict[str, Any]:
    verdicts = list(judged.judgements.all())
    critiques = [{"critique": one.critique.text, "feedback": {"helpful": one.helpful}} for one in verdicts]
    return {
        "question": judged.answer.question.text,
        "answers": [{"answer": judged.answer.text, "critiques": critiques}],
        "rankings": [one.tier for one in verdicts],
        "is_critiqueable": judged.is_critiqueable,
        "has_better_critique": judged.has_better_critique,
        "new_critique": _better(getattr(judged, "better_critique", None)),
    }


def _better(better: BetterCritique | None) -> dict[str, Any] | None:
    if better is None:
        return None
    record = {
        "text": better.critique.text,
        "category": better.category,
        "severity": better.severity,
        "category_text": better.category_text,
    }
    return record if better.refinement is None else record | {"refinement": better.refinement}
