"""What a person did in their sittings, drafts included, for the document of their own data."""

from __future__ import annotations

from typing import Any

from labeling.models import (
    Comparison,
    DraftQuestion,
    IntendedCheck,
    JudgedQuestion,
    RankedAnswer,
    RankedQuestion,
    Refinement,
    Sitting,
)


def sitting_record(sitting: Sitting) -> dict[str, Any]:
    """All of one sitting. What it asked about stands beside what the person said."""
    return {
        "id": sitting.public_id,
        "study": sitting.study.name,
        "activity": sitting.activity,
        "passage": str(sitting.passage),
        "submitted": None if sitting.submitted_at is None else sitting.submitted_at.isoformat(),
        "total_time": sitting.total_time_ms,
        "active_time": sitting.active_time_ms,
        "draft_questions": [_draft(one) for one in sitting.draft_questions.all()],
        "asked_questions": [
            {"question": one.answer.question.text, "answer": one.answer.text} for one in sitting.asked_questions.all()
        ],
        "ranked_questions": [_ranked(one) for one in sitting.ranked_questions.all()],
        "judged_questions": [_judged(one) for one in sitting.judged_questions.all()],
        "comparisons": [_compared(one) for one in sitting.comparisons.all()],
        "intended_checks": [_checked(one) for one in sitting.intended_checks.all()],
        "refinements": [_refined(one) for one in sitting.refinements.all()],
    } | {name: _plainly(sitting, name) for name in sorted(OTHER_TABLES)}


#: Tables of a sitting that are told of in words above, stand with its assignment, or are others' work on it.
TOLD = {"draft_questions", "asked_questions", "ranked_questions", "judged_questions", "comparisons"}
TOLD |= {"intended_checks", "refinements", "critiques", "checks", "to_check"}
#: Those of any other activity.
OTHER_TABLES = {relation.name for relation in Sitting._meta.related_objects} - TOLD


def _plainly(sitting: Sitting, table: str) -> list[dict[str, Any]]:
    """Every row with all of its own columns, whatever the activity that made it."""
    return [
        {
            field.name: field.value_to_string(row)
            for field in row._meta.concrete_fields
            if not field.is_relation and not field.primary_key
        }
        for row in getattr(sitting, table).all()
    ]


def _draft(draft: DraftQuestion) -> dict[str, Any]:
    intended = list(draft.intended.values_list("text", flat=True))
    return {
        "question": draft.text,
        "answer": draft.answer,
        "misleading_answer": draft.misleading,
        "intended_critiques": intended,
    }


def _ranked(ranked: RankedQuestion) -> dict[str, Any]:
    return {"question": ranked.question.text, "answers": [_rated(one) for one in ranked.answers.all()]}


def _rated(rated: RankedAnswer) -> dict[str, Any]:
    return {
        "answer": rated.answer.text,
        "tier": rated.tier,
        "rating": rated.rating,
        "skipped": rated.is_skipped,
        "skip_reason": rated.skip_reason,
        "corroborations": list(rated.corroborations.values_list("text", flat=True)),
        "critiques": [
            {"text": link.critique.text, "severity": link.severity, "refinement": link.refinement}
            for link in rated.chain.select_related("critique")
        ],
    }


def _judged(judged: JudgedQuestion) -> dict[str, Any]:
    better = getattr(judged, "better_critique", None)
    return {
        "answer": judged.answer.text,
        "is_critiqueable": judged.is_critiqueable,
        "has_better_critique": judged.has_better_critique,
        "better_critique": None if better is None else better.critique.text,
        "judgements": [
            {
                "critique": one.critique.text,
                "helpful": one.helpful,
                "clearly_helpful": one.clearly_helpful,
                "severity": one.severity,
                "tier": one.tier,
            }
            for one in judged.judgements.select_related("critique")
        ],
    }


def _compared(comparison: Comparison) -> dict[str, Any]:
    first, second = comparison.pair.texts
    return {"first": first, "second": second, "better": comparison.better, "confidence": comparison.confidence}


def _checked(check: IntendedCheck) -> list[dict[str, Any]]:
    return [
        {
            "critique": one.found.critique.text,
            "valid": one.valid,
            "covers": [intended.critique.text for intended in one.covers.select_related("critique")],
        }
        for one in check.critiques.select_related("found__critique")
    ]


def _refined(refinement: Refinement) -> dict[str, Any]:
    critique = refinement.critique
    return {
        "answer": refinement.answer.text,
        "critique": None if critique is None else critique.text,
        "refinement": refinement.text,
        "kept": refinement.is_kept,
    }
