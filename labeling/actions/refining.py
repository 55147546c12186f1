"""Refining answers: the only code that writes what people make of an answer, with or without a critique of it.

Which answers, and whether a critique is shown beside each (a conditional refinement) or none (a direct one), the
study says for all its labelers alike: whoever has read a critique can no longer refine without it.
"""

from __future__ import annotations

import random

from django.db import transaction
from django.db.models import Q

from labeling.actions import sittings
from labeling.actions.demonstrating import answers_to_show
from labeling.actions.sittings import Draft, Seen, begin, options_of, record, save_part, shuffled, still_there
from labeling.enums import Activity, CritiqueOrigin, EventKind
from labeling.models import Answer, Assignment, Critique, Labeler, Refinement, Sitting, Study
from labeling.refusals import Gone, Refused

#: So many answers of a question are refined in one sitting, unless the option `answers_each` says otherwise.
ANSWERS_EACH = 1


def critique_to_show(answer: Answer, study: Study) -> Critique | None:
    """The critique that a conditional refinement addresses, the same for all labelers of a study.

    The most helpful suggestion, by its own score; else one of those that labelers submitted about this very answer
    (a later link of a chain is about another text). What its author hid in a misleading answer is never shown.
    """
    critiques = answer.critiques.exclude(text="").exclude(origin=CritiqueOrigin.INTENDED)
    best = critiques.filter(suggestion__isnull=False).order_by("-suggestion__helpfulness", "pk").first()
    if best is not None:
        return best
    submitted = critiques.filter(
        Q(by_labeler__sitting__submitted_at__isnull=False, by_labeler__removed_ms=None)
        | Q(link__position=0, link__ranked_answer__ranked_question__sitting__submitted_at__isnull=False)
    ).order_by("pk")
    found = list(submitted)
    return random.Random(f"critique:{study.seed}:{answer.pk}").choice(found) if found else None


def prepare(assignment: Assignment) -> Sitting:
    """The sitting with the answers to refine, made at the first call."""
    return sittings.prepare(assignment, _place_answers)


def _place_answers(assignment: Assignment, sitting: Sitting) -> None:
    if sitting.refinements.exists():
        return
    study = assignment.slot.study
    options = {"answers_each": ANSWERS_EACH} | options_of(study, Activity.REFINING)
    asked = study.study_questions.filter(question__passage=sitting.passage).select_related("question")
    answers = [
        answer
        for row in asked.order_by("position")
        for answer in shuffled(assignment, f"answers:{row.pk}", answers_to_show(row.question, options, study.seed))
    ]
    pairs = [(answer, critique_to_show(answer, study) if options.get("conditional") else None) for answer in answers]
    Refinement.objects.bulk_create(
        Refinement(sitting=sitting, position=position, answer=answer, critique=critique, text=answer.text)
        for position, (answer, critique) in enumerate(
            (answer, critique) for answer, critique in pairs if critique is not None or not options.get("conditional")
        )
    )


def refinements_of(sitting: Sitting) -> list[Refinement]:
    """In the order of the page, which numbers them from 1."""
    return list(sitting.refinements.select_related("answer__question", "critique").order_by("position"))


def refine(*, labeler: Labeler, row: Refinement, base_revision: int, text: str, is_kept: bool) -> Refinement:
    """Save a refinement as it stands in the page. Raises Stale if it was saved elsewhere since."""
    with transaction.atomic():
        assert row.sitting is not None, "only a model's has none"
        assignment = begin(labeler, row.sitting.own_assignment)
        row = still_there(Refinement.objects.filter(pk=row.pk))
        if save_part(row, base_revision, text=text, is_kept=is_kept):
            record(assignment, EventKind.DRAFT_CHANGED, value=row.pk)
    return row


def submit(*, labeler: Labeler, assignment: Assignment, seen: Seen | None = None) -> Sitting:
    """Hand in the draft. Repeating it answers with the first submission, unchanged."""
    return sittings.submit(labeler, assignment, seen=seen, draft_of=_draft_of)


def _draft_of(assignment: Assignment) -> Draft:
    rows = refinements_of(prepare(assignment))
    return Draft({row.client_key: row.revision for row in rows}, _incomplete(rows), len(rows))


def _incomplete(rows: list[Refinement]) -> Refused | None:
    """An answer that was neither edited nor said to be best left as it is, the first one first."""
    if not rows:
        return Gone("There is nothing to refine about this text. Give it back, and tell the admin of the study.")
    for number, row in enumerate(rows, start=1):
        lacking = _missing_of(row)
        if lacking is not None:
            return Refused(lacking.format(number=number), field=str(row.client_key))
    return None


def _missing_of(row: Refinement) -> str | None:
    edited = row.text != row.answer.text
    if row.is_kept and edited:
        return "You say that answer {number} is best left as it is, yet you edited it. Undo one of the two."
    if not row.is_kept and not edited:
        return "Answer {number} is still as it was: edit it, or say that it is best left as it is."
    return None
