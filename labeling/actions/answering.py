"""Writing questions and answers: the only code that writes what a labeler asks, answers and hides.

A draft lives in rows of its own until it is submitted. Then it becomes questions and answers that a study can
use, so that no study ever meets a half-written one.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models, transaction

from labeling.actions import sittings
from labeling.actions.sittings import Draft, Seen, begin, options_of, record, save_part, still_there
from labeling.enums import Activity, AnswerKind, CritiqueOrigin, EventKind, Provenance
from labeling.models import (
    Answer,
    AskedQuestion,
    Assignment,
    Critique,
    DraftIntended,
    DraftQuestion,
    IntendedCritique,
    Labeler,
    Passage,
    Question,
    Sitting,
)
from labeling.refusals import Refused
from labeling.rules.grades import missing_of_critique

#: The paper's labelers wrote 1 to 8 questions a passage (section 2.1).
MOST_QUESTIONS = 8
#: The honest answer to a question about a topic that the passage does not cover.
NO_ANSWER = "No answer"


def asks_misleading(assignment: Assignment) -> bool:
    """Whether the study asks for misleading answers, too: its activity's option `misleading`."""
    return bool(options_of(assignment.slot.study, Activity.ANSWERING).get("misleading"))


def questions_of(sitting: Sitting) -> models.QuerySet[DraftQuestion]:
    """The questions of a draft, in order, without those removed."""
    return sitting.draft_questions.filter(is_removed=False).order_by("pk")


def add_question(*, labeler: Labeler, assignment: Assignment, client_key: uuid.UUID) -> DraftQuestion:
    """Begin an empty question."""
    with transaction.atomic():
        assignment = begin(labeler, assignment)
        sitting = assignment.sitting
        repeated = sitting.draft_questions.filter(client_key=client_key).first()
        if repeated is not None:
            return repeated
        _check_room(sitting)
        draft = DraftQuestion.objects.create(sitting=sitting, client_key=client_key)
        record(assignment, EventKind.DRAFT_ADDED, value=draft.pk)
    return draft


def save_question(
    *, labeler: Labeler, assignment: Assignment, client_key: uuid.UUID, base_revision: int, **content: Any
) -> DraftQuestion:
    """Save a question as it stands in the page. The first save under a key begins it."""
    with transaction.atomic():
        draft = add_question(labeler=labeler, assignment=assignment, client_key=client_key)
        return change_question(labeler=labeler, draft=draft, base_revision=base_revision, **content)


def change_question(*, labeler: Labeler, draft: DraftQuestion, base_revision: int, **content: Any) -> DraftQuestion:
    """Save a question and its answers as they stand in the page. Raises Stale if it was saved elsewhere since."""
    with transaction.atomic():
        assignment = begin(labeler, draft.sitting.own_assignment)
        draft = still_there(DraftQuestion.objects.filter(pk=draft.pk, is_removed=False))
        if save_part(draft, base_revision, **content):
            record(assignment, EventKind.DRAFT_CHANGED, value=draft.pk)
    return draft


def remove_question(*, labeler: Labeler, draft: DraftQuestion) -> None:
    """Take a question out. It can be put back until the sitting is submitted."""
    _set_removed(labeler, draft, draft.sitting, True)


def restore_question(*, labeler: Labeler, draft: DraftQuestion) -> None:
    """Put a removed question back."""
    with transaction.atomic():
        begin(labeler, draft.sitting.own_assignment)
        if DraftQuestion.objects.filter(pk=draft.pk, is_removed=True).exists():
            _check_room(draft.sitting)
        _set_removed(labeler, draft, draft.sitting, False)


def _check_room(sitting: Sitting) -> None:
    if questions_of(sitting).count() >= MOST_QUESTIONS:
        raise Refused(f"{MOST_QUESTIONS} questions are the most for one text.")


def _set_removed(labeler: Labeler, part: DraftQuestion | DraftIntended, sitting: Sitting, removed: bool) -> None:
    with transaction.atomic():
        assignment = begin(labeler, sitting.own_assignment)
        if type(part).objects.filter(pk=part.pk, is_removed=not removed).update(is_removed=removed):
            kind = EventKind.DRAFT_REMOVED if removed else EventKind.DRAFT_RESTORED
            record(assignment, kind, value=part.pk)
    part.is_removed = removed


def add_intended(*, labeler: Labeler, draft: DraftQuestion, client_key: uuid.UUID) -> DraftIntended:
    """Begin to describe a flaw that the misleading answer hides."""
    with transaction.atomic():
        assignment = begin(labeler, draft.sitting.own_assignment)
        draft = still_there(DraftQuestion.objects.filter(pk=draft.pk, is_removed=False))
        repeated = draft.intended.filter(client_key=client_key).first()
        if repeated is not None:
            return repeated
        intended = DraftIntended.objects.create(draft=draft, client_key=client_key)
        record(assignment, EventKind.DRAFT_ADDED, value=intended.pk)
    return intended


def save_intended(
    *, labeler: Labeler, draft: DraftQuestion, client_key: uuid.UUID, base_revision: int, **content: Any
) -> DraftIntended:
    """Save the description of a flaw as it stands in the page. The first save under a key begins it."""
    with transaction.atomic():
        intended = add_intended(labeler=labeler, draft=draft, client_key=client_key)
        return change_intended(labeler=labeler, intended=intended, base_revision=base_revision, **content)


def change_intended(*, labeler: Labeler, intended: DraftIntended, base_revision: int, **content: Any) -> DraftIntended:
    """Save the description of a flaw as it stands in the page. Raises Stale if it was saved elsewhere since."""
    with transaction.atomic():
        assignment = begin(labeler, intended.draft.sitting.own_assignment)
        intended = still_there(DraftIntended.objects.filter(pk=intended.pk, is_removed=False))
        if save_part(intended, base_revision, **content):
            record(assignment, EventKind.DRAFT_CHANGED, value=intended.pk)
    return intended


def remove_intended(*, labeler: Labeler, intended: DraftIntended) -> None:
    """Take the description of a flaw out. It can be put back until the sitting is submitted."""
    _set_removed(labeler, intended, intended.draft.sitting, True)


def restore_intended(*, labeler: Labeler, intended: DraftIntended) -> None:
    """Put the description of a removed flaw back."""
    _set_removed(labeler, intended, intended.draft.sitting, False)


def submit(*, labeler: Labeler, assignment: Assignment, seen: Seen | None = None) -> Sitting:
    """Make records of the draft and hand it in. Repeating it answers with the first submission, unchanged."""
    return sittings.submit(labeler, assignment, seen=seen, draft_of=_draft_of)


def _draft_of(assignment: Assignment) -> Draft:
    sitting, misleading = assignment.sitting, asks_misleading(assignment)
    drafts = list(questions_of(sitting))
    flaws = [flaw for draft in drafts for flaw in draft.flaws]
    return Draft(
        revisions={row.client_key: row.revision for rows in (drafts, flaws) for row in rows},
        refusal=_incomplete(drafts, misleading=misleading),
        count=len(drafts),
        keep=lambda: _become_records(sitting, drafts, misleading=misleading),
    )


def _incomplete(drafts: list[DraftQuestion], *, misleading: bool) -> Refused | None:
    """What is still missing, the first thing first."""
    if not drafts:
        return Refused("Write at least one question before you submit.")
    for number, draft in enumerate(drafts, start=1):
        lacking = _missing_of_question(draft) or (_missing_of_misleading(draft) if misleading else None)
        if lacking is not None:
            return Refused(lacking.format(number=number), field=str(draft.client_key))
        refusal = _incomplete_flaw(number, draft) if misleading else None
        if refusal is not None:
            return refusal
    return None


def _missing_of_question(draft: DraftQuestion) -> str | None:
    if not draft.text.strip():
        return "Question {number} has no text yet. Write it, or remove it."
    if draft.is_covered and not draft.answer.strip():
        return "Question {number} has no honest answer yet."
    return None


def _missing_of_misleading(draft: DraftQuestion) -> str | None:
    """A misleading answer, where there is one, hides something and says what. Uncovered questions may lack one."""
    if not draft.misleading.strip():
        lacks = draft.is_covered or draft.flaws.exists()
        return "Question {number} has no misleading answer yet." if lacks else None
    if draft.misleading.strip() == honest_answer(draft).strip():
        return "The two answers to question {number} are the same: hide a flaw in one of them."
    if not draft.flaws.exists():
        return "Say which flaw the misleading answer to question {number} hides."
    return None


def _incomplete_flaw(number: int, draft: DraftQuestion) -> Refused | None:
    for flaw in draft.flaws:
        lacking = missing_of_critique(flaw.text, flaw.category, flaw.category_text, flaw.severity)
        if lacking is not None:
            return Refused(f"The hidden flaw of question {number} {lacking}", field=str(flaw.client_key))
    return None


def honest_answer(draft: DraftQuestion) -> str:
    """What was written, or "No answer" where the passage does not cover the topic."""
    return draft.answer if draft.is_covered else NO_ANSWER


def _become_records(sitting: Sitting, drafts: list[DraftQuestion], *, misleading: bool) -> None:
    passage, labeler = sitting.passage, sitting.labeler
    Passage.objects.filter(pk=passage.pk, author=None).update(author=labeler)
    last: int | None = passage.questions.aggregate(last=models.Max("index"))["last"]
    first_index = 0 if last is None else last + 1
    written = {"author": labeler, "provenance": Provenance.WRITTEN}
    for position, draft in enumerate(drafts):
        question = Question.objects.create(
            passage=passage, index=first_index + position, text=draft.text, covered=draft.is_covered
        )
        honest = Answer.objects.create(question=question, kind=AnswerKind.HUMAN, text=honest_answer(draft), **written)
        AskedQuestion.objects.create(sitting=sitting, position=position, answer=honest)
        if misleading and draft.misleading.strip():
            _store_misleading(question, draft, written)
    sitting.draft_questions.all().delete()


def _store_misleading(question: Question, draft: DraftQuestion, written: dict[str, Any]) -> None:
    answer = Answer.objects.create(
        question=question, kind=AnswerKind.HUMAN_MISLEADING, text=draft.misleading, **written
    )
    for position, flaw in enumerate(draft.flaws):
        critique = Critique.objects.create(answer=answer, text=flaw.text, origin=CritiqueOrigin.INTENDED)
        IntendedCritique.objects.create(
            critique=critique,
            position=position,
            category=flaw.category,
            category_text=flaw.category_text,
            severity=flaw.severity,
        )
