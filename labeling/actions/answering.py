"""Writing questions and answers: the only code that writes what a labeler asks, answers and hides.

A draft lives in rows of its own until it is submitted. Then it becomes questions and answers that a study can
use, so that no study ever meets a half-written one.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models, transaction

from labeling.actions.working import begin, check_seen, hand_in, handed_in, record, save_draft, still_there
from labeling.enums import Activity, AnswerKind, Category, CritiqueOrigin, EventKind, Provenance, Severity
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

#: The paper's labelers wrote 1 to 8 questions a passage (section 2.1).
MOST_QUESTIONS = 8
#: The honest answer to a question about a topic that the passage does not cover.
NO_ANSWER = "No answer"


def asks_misleading(assignment: Assignment) -> bool:
    """Whether the study asks for misleading answers, too: its activity's option `misleading`."""
    options = assignment.slot.study.activities.filter(activity=Activity.ANSWERING).values_list("options", flat=True)
    return any(option.get("misleading") for option in options)


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


def change_question(*, labeler: Labeler, draft: DraftQuestion, base_revision: int, **content: Any) -> DraftQuestion:
    """Save a question and its answers as they stand in the page. Raises Stale if it was saved elsewhere since."""
    with transaction.atomic():
        assignment = begin(labeler, draft.sitting.own_assignment)
        draft = still_there(DraftQuestion.objects.filter(pk=draft.pk, is_removed=False))
        if save_draft(draft, base_revision, **content):
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


def change_intended(*, labeler: Labeler, intended: DraftIntended, base_revision: int, **content: Any) -> DraftIntended:
    """Save the description of a flaw as it stands in the page. Raises Stale if it was saved elsewhere since."""
    with transaction.atomic():
        assignment = begin(labeler, intended.draft.sitting.own_assignment)
        intended = still_there(DraftIntended.objects.filter(pk=intended.pk, is_removed=False))
        if save_draft(intended, base_revision, **content):
            record(assignment, EventKind.DRAFT_CHANGED, value=intended.pk)
    return intended


def remove_intended(*, labeler: Labeler, intended: DraftIntended) -> None:
    """Take the description of a flaw out. It can be put back until the sitting is submitted."""
    _set_removed(labeler, intended, intended.draft.sitting, True)


def restore_intended(*, labeler: Labeler, intended: DraftIntended) -> None:
    """Put the description of a removed flaw back."""
    _set_removed(labeler, intended, intended.draft.sitting, False)


def submit(*, labeler: Labeler, assignment: Assignment, seen: dict[uuid.UUID, int] | None = None) -> Sitting:
    """Make records of the draft and hand it in. Repeating it answers with the first submission, unchanged.

    Raises Stale if the draft is not what `seen` says the page shows, Refused for what is missing.
    """
    with transaction.atomic():
        done = handed_in(labeler, assignment)
        if done is not None:
            return done
        assignment = begin(labeler, assignment)
        sitting = assignment.sitting
        drafts = list(questions_of(sitting))
        flaws = [flaw for draft in drafts for flaw in draft.flaws]
        check_seen({row.client_key: row.revision for rows in (drafts, flaws) for row in rows}, seen)
        check_complete(drafts, misleading=asks_misleading(assignment))
        _become_records(sitting, drafts)
        return hand_in(assignment, value=len(drafts))


def check_complete(drafts: list[DraftQuestion], *, misleading: bool) -> None:
    """Say what is still missing, the first thing first."""
    if not drafts:
        raise Refused("Write at least one question before you submit.")
    for number, draft in enumerate(drafts, start=1):
        key = str(draft.client_key)
        if not draft.text.strip():
            raise Refused(f"Question {number} has no text yet. Write it, or remove it.", field=key)
        if draft.is_covered and not draft.answer.strip():
            raise Refused(f"Question {number} has no honest answer yet.", field=key)
        if misleading:
            _check_misleading(number, draft)


def _check_misleading(number: int, draft: DraftQuestion) -> None:
    """A misleading answer, where there is one, hides something and says what. Uncovered questions may lack one."""
    key, intended = str(draft.client_key), list(draft.flaws)
    if not draft.misleading.strip():
        if draft.is_covered or intended:
            raise Refused(f"Question {number} has no misleading answer yet.", field=key)
        return
    if draft.misleading.strip() == honest_answer(draft).strip():
        raise Refused(f"The two answers to question {number} are the same: hide a flaw in one of them.", field=key)
    if not intended:
        raise Refused(f"Say which flaw the misleading answer to question {number} hides.", field=key)
    for flaw in intended:
        for missing, needed in (
            (not flaw.text.strip(), "has no text yet. Write it, or remove it."),
            (flaw.category not in Category.values, "needs a category."),
            (
                flaw.category == Category.OTHER and not flaw.category_text.strip(),
                "is of category “other”: say in a few words what it is about.",
            ),
            (flaw.severity not in Severity.values, "needs a severity."),
        ):
            if missing:
                raise Refused(f"The hidden flaw of question {number} {needed}", field=str(flaw.client_key))


def honest_answer(draft: DraftQuestion) -> str:
    """What was written, or "No answer" where the passage does not cover the topic."""
    return draft.answer if draft.is_covered else NO_ANSWER


def _become_records(sitting: Sitting, drafts: list[DraftQuestion]) -> None:
    misleading = asks_misleading(sitting.own_assignment)
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
