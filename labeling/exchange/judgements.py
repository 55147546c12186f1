"""Our own records of verdicts on critiques: as helpfulness rows, and whose each critique is and who was shown it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, QuerySet

from findings import records
from findings.records import JudgementRecord, rules
from findings.records.native import JudgementVerdict
from labeling.enums import Activity, AssignmentState, CritiqueOrigin, Provenance
from labeling.exchange.exporting import checked, each
from labeling.exchange.native import NativeLoader, frame, of_passage, source_of
from labeling.models import (
    Critique,
    GivenShowing,
    GivenVerdict,
    HelpfulnessJudgement,
    JudgedQuestion,
    Question,
    Sitting,
    Study,
    Suggestion,
)

HUMAN, INTENDED = "Human", "intended"
#: A critic of whom is known only that it is a model.
UNNAMED_MODEL = "Model"
ORIGINS = {HUMAN: CritiqueOrigin.LABELER, INTENDED: CritiqueOrigin.INTENDED}


class JudgementLoader(NativeLoader):
    activity = Activity.JUDGING

    @staticmethod
    def breaches(record: JudgementRecord) -> Iterator[rules.Breach]:
        """An answer with a helpful critique is critiqueable: that is derived here, not stored."""
        yield from NativeLoader.breaches(record)
        data = record["data"]
        if data["critiqueable"] is not True and any(one["helpful"] for one in data["critiques"]):
            yield "data.critiqueable", "must be true where a critique is helpful"

    def store_data(self, sitting: Sitting, question: Question, record: JudgementRecord) -> None:
        data = record["data"]
        judged = JudgedQuestion.objects.create(
            sitting=sitting,
            position=0,
            answer=self.answer(question, data["answer"], data["answer_source"]),
            is_critiqueable=data["critiqueable"],
        )
        for position, given in enumerate(data["critiques"]):
            _store_verdict(judged, position, given)


def _store_verdict(judged: JudgedQuestion, position: int, given: JudgementVerdict) -> None:
    origin = ORIGINS.get(given["critic"], CritiqueOrigin.MODEL)
    judgement = HelpfulnessJudgement.objects.create(
        judged_question=judged,
        position=position,
        critique=Critique.objects.create(answer=judged.answer, text=given["critique"], origin=origin),
        provenance=Provenance.GIVEN,
        helpful=given["helpful"],
        clearly_helpful=given["clearly_helpful"],
        severity=given["severity"],
        tier=given["rank"],
    )
    verdict = GivenVerdict.objects.create(judgement=judgement, critic=given["critic"], score=given["score"])
    GivenShowing.objects.bulk_create(
        GivenShowing(
            verdict=verdict,
            position=place,
            label_id=shown["label_id"],
            assistance_critique=shown["assistance_critique"],
        )
        for place, shown in enumerate(given["shown_as"])
    )


def judged_questions_of(studies: QuerySet[Study]) -> QuerySet[JudgedQuestion]:
    """What was judged in submitted sittings, but for released rows: they say nothing that this format adds."""
    verdicts = (
        HelpfulnessJudgement.objects.select_related("critique__suggestion__bundle", "given")
        .prefetch_related("given__shown_as")
        .order_by("position")
    )
    return (
        JudgedQuestion.objects.filter(sitting__study__in=studies, sitting__submitted_at__isnull=False)
        .select_related("sitting__labeler__user", "sitting__passage", "answer__question")
        .exclude(sitting__study__import_batch__kind=records.HELPFULNESS.name)
        .prefetch_related(Prefetch("judgements", verdicts))
        .order_by("sitting__study_id", "sitting__position", "sitting__submitted_at", "sitting_id", "position")
    )


def judgement_ids(studies: QuerySet[Study]) -> Iterator[tuple[str, str]]:
    """The id of each record, with its study's name."""
    judged = judged_questions_of(studies).order_by().prefetch_related(None)
    for sitting_id, position, study in judged.values_list("sitting__public_id", "position", "sitting__study__name"):
        yield _record_id(sitting_id, position), study


def judgement_records(studies: QuerySet[Study]) -> Iterator[dict[str, Any]]:
    """Yield a record for each judged answer."""
    return checked(records.JUDGEMENTS, map(_record, each(judged_questions_of(studies))))


def _record(judged: JudgedQuestion) -> dict[str, Any]:
    sitting, verdicts = judged.sitting, list(judged.judgements.all())
    is_flawed = True if any(one.helpful for one in verdicts) else judged.is_critiqueable
    data = {
        "passage": of_passage(sitting),
        "question": judged.answer.question.text,
        "answer": judged.answer.text,
        "answer_source": source_of(judged.answer),
        "critiqueable": is_flawed,
        "critiques": [_verdict(one) for one in verdicts],
    }
    return frame(_record_id(sitting.public_id, judged.position), sitting, data)


def _record_id(sitting_id: str, position: int) -> str:
    """A sitting can hold several answers; a file's holds one, and keeps its id."""
    return sitting_id if position == 0 else f"{sitting_id}-{position}"


def _verdict(judgement: HelpfulnessJudgement) -> dict[str, Any]:
    return {
        "critique": judgement.critique.text,
        "helpful": judgement.helpful,
        "clearly_helpful": judgement.clearly_helpful,
        "severity": judgement.severity,
        "rank": judgement.tier,
        **_about_critique(judgement),
    }


def _about_critique(judgement: HelpfulnessJudgement) -> dict[str, Any]:
    """Critic, score and showings: as the file told them, or as our own tables do."""
    given: GivenVerdict | None = getattr(judgement, "given", None)
    if given is not None:
        shown = [
            {"label_id": one.label_id, "assistance_critique": one.assistance_critique} for one in given.shown_as.all()
        ]
        return {"critic": given.critic, "score": given.score, "shown_as": shown}
    critique = judgement.critique
    suggestion = getattr(critique, "suggestion", None)
    if suggestion is None:
        critic = {CritiqueOrigin.LABELER: HUMAN, CritiqueOrigin.INTENDED: INTENDED}.get(
            CritiqueOrigin(critique.origin), UNNAMED_MODEL
        )
        return {"critic": critic, "score": None, "shown_as": []}
    return {
        "critic": suggestion.bundle.model_name or suggestion.bundle.critic or UNNAMED_MODEL,
        "score": suggestion.helpfulness,
        "shown_as": _showings(suggestion),
    }


def _showings(suggestion: Suggestion) -> list[dict[str, Any]]:
    """Every submitted label that was offered this suggestion, and its place in the stored list."""
    place = [one.pk for one in suggestion.bundle.released()].index(suggestion.pk)
    labels = Sitting.objects.filter(
        assignment__bundle=suggestion.bundle_id, assignment__state=AssignmentState.SUBMITTED
    )
    return [
        {"label_id": label_id, "assistance_critique": place}
        for label_id in labels.order_by("pk").values_list("public_id", flat=True)
    ]
