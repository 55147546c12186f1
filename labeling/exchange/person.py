"""One person's own data, as a document to hand over to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from labeling.actions.names import person_named
from labeling.enums import Activity, CritiqueOrigin
from labeling.exchange.person_sittings import sitting_record
from labeling.models import (
    Answer,
    Assignment,
    Event,
    Exposure,
    Labeler,
    LabelerCritique,
    Passage,
    Sitting,
    Study,
    User,
)


def person_record(name: str) -> dict[str, Any]:
    """All that the site keeps of a person: account, what they met, wrote and judged, drafts included, and when."""
    user, labeler = person_named(name)
    record: dict[str, Any] = {"account": _account(user)}
    if labeler is not None:
        record |= {
            "name": labeler.outside_name,
            "pseudonym": labeler.pseudonym,
            "studies": list(Study.objects.filter(labelers=labeler).values_list("name", flat=True)),
            "texts_met": [_exposure(one) for one in labeler.exposures.select_related("passage").order_by("at")],
            "passages_asked_about": [_passage(one) for one in labeler.passages_asked_about.order_by("pk")],
            "answers": [_answer(one) for one in labeler.answers_written.select_related("question").order_by("pk")],
            "assignments": [_assignment(one) for one in _assignments(labeler)],
            "consents": [
                {"study": str(one.instruction.study), "version": one.instruction.version, "at": _moment(one.at)}
                for one in labeler.consents.select_related("instruction__study")
            ],
            "quizzes": [
                {"study": str(one.quiz.study), "chosen": one.chosen, "passed": one.passed, "at": _moment(one.at)}
                for one in labeler.quiz_attempts.select_related("quiz__study")
            ],
            "sittings": [sitting_record(one) for one in _sittings(labeler)],
        }
    record["names"] = [name.key for holder in (user, labeler) if holder is not None for name in holder.names.all()]
    if user is not None:
        events = Event.objects.filter(Q(actor=user) | Q(account=user)).order_by("pk")
        record["events"] = [{"at": _moment(event.at), "kind": event.kind, "value": event.value} for event in events]
    return record


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _account(user: User | None) -> dict[str, Any] | None:
    if user is None:
        return None
    named = {name: getattr(user, name) for name in ("username", "first_name", "last_name", "email", "role")}
    return named | {"joined": _moment(user.date_joined), "last_signed_in": _moment(user.last_login)}


def _exposure(exposure: Exposure) -> dict[str, Any]:
    return {"passage": str(exposure.passage), "activity": exposure.activity, "at": _moment(exposure.at)}


def _passage(passage: Passage) -> dict[str, Any]:
    questions = list(passage.questions.values_list("text", flat=True))
    return {"title": passage.title, "text": passage.text, "questions": questions}


def _answer(answer: Answer) -> dict[str, Any]:
    intended = answer.critiques.filter(origin=CritiqueOrigin.INTENDED).values_list("text", flat=True)
    return {
        "question": answer.question.text,
        "kind": answer.kind,
        "answer": answer.text,
        "intended_critiques": list(intended),
    }


def _sittings(labeler: Labeler) -> Any:
    """Those in which critiques were found stand with their assignments."""
    return labeler.sittings.exclude(activity=Activity.CRITIQUING).select_related("passage", "study")


def _assignments(labeler: Labeler) -> Any:
    rows = labeler.assignments.select_related("slot__study", "slot__passage", "slot__study_question__question")
    return rows.order_by("pk")


def _assignment(assignment: Assignment) -> dict[str, Any]:
    question = assignment.slot.study_question
    label = Sitting.objects.filter(assignment=assignment, activity=Activity.CRITIQUING).first()
    return {
        "study": assignment.slot.study.name,
        "activity": assignment.slot.activity,
        "passage": str(assignment.slot.passage),
        "question": question.question.text if question is not None else None,
        "state": assignment.state,
        "release_reason": assignment.release_reason or None,
        "opened": _moment(assignment.opened_at),
        "closed": _moment(assignment.closed_at),
        "submission": _label(label) if label is not None else None,
    }


def _label(sitting: Sitting) -> dict[str, Any]:
    return {
        "id": sitting.public_id,
        "rating": sitting.rating,
        "total_time": sitting.total_time_ms,
        "active_time": sitting.active_time_ms,
        "submitted": _moment(sitting.submitted_at),
        "critiques": [_found(one) for one in sitting.critiques.select_related("critique")],
    }


def _found(found: LabelerCritique) -> dict[str, Any]:
    return {
        "text": found.critique.text,
        "category": found.category,
        "category_text": found.category_text,
        "severity": found.severity,
        "first_modified": found.first_modified_ms,
        "last_modified": found.last_modified_ms,
        "removed": found.removed_ms is not None,
        "from_suggestion": found.suggestion_used_id is not None,
    }
