"""Wrong texts: mended while nobody has met them, removed while nobody was given work on them."""

from __future__ import annotations

from django.db import transaction
from django.db.models import ProtectedError, Q, QuerySet

from labeling.enums import Activity, EventKind
from labeling.models import (
    Answer,
    Assignment,
    AssistanceBundle,
    Critique,
    Event,
    Exposure,
    Passage,
    Question,
    Slot,
    StudyQuestion,
    Suggestion,
    User,
)
from labeling.refusals import Refused

Text = Passage | Question | Answer


def mend(text: Text, wording: str, *, actor: User) -> None:
    """Put this wording in place of a text's. Raises Refused once somebody, or the critic, has read the text."""
    if not wording.strip():
        raise Refused("A text cannot be empty.", field="wording")
    with transaction.atomic():
        passage = _held(_passage_of(text))
        text.refresh_from_db()
        if text.text == wording:
            return
        _check_nobody_met(passage)
        old_digest = passage.text_digest
        text.text = wording
        text.save()
        if isinstance(text, Passage):
            _move_authors(text, old_digest)
        _record(EventKind.TEXT_MENDED, text, actor)


def remove(text: Passage | Question, *, actor: User) -> None:
    """Remove a passage or a question with its answers, from studies too. Raises Refused once work was given out."""
    with transaction.atomic():
        passage = _held(_passage_of(text))
        questions = Question.objects.filter(passage=passage)
        if isinstance(text, Question):
            questions = questions.filter(pk=text.pk)
        list(Slot.objects.filter(passage=passage).select_for_update())  # nobody can be given one of them now
        if Assignment.objects.filter(slot__passage=passage).exists():
            raise Refused(f"“{passage}” was given to a labeler, so it stays: what people did must keep its text.")
        _record(EventKind.TEXT_REMOVED, text, actor)
        try:
            _delete_questions(questions)
            if isinstance(text, Passage):
                Slot.objects.filter(passage=passage).delete()
                passage.delete()
            else:
                _delete_sittings_about_nothing(passage)
        except ProtectedError:
            raise Refused(f"“{text}” is used by other records of the site, so it stays.") from None


def _delete_questions(questions: QuerySet[Question]) -> None:
    asked = Q(answer__question__in=questions)
    StudyQuestion.objects.filter(question__in=questions).delete()
    Suggestion.objects.filter(bundle__answer__question__in=questions).delete()
    AssistanceBundle.objects.filter(asked).delete()
    Critique.objects.filter(asked).delete()
    Question.objects.filter(pk__in=list(questions.values_list("pk", flat=True))).delete()


def _delete_sittings_about_nothing(passage: Passage) -> None:
    """Sittings over a passage's questions, in studies that ask none about it any more."""
    over_questions = Slot.objects.filter(
        passage=passage, activity__in=[Activity.DEMONSTRATING, Activity.REFINING], study_question=None
    )
    asked = StudyQuestion.objects.filter(question__passage=passage).values("study")
    over_questions.exclude(study__in=asked).delete()


def _passage_of(text: Text) -> Passage:
    if isinstance(text, Passage):
        return text
    return text.passage if isinstance(text, Question) else text.question.passage


def _held(passage: Passage) -> Passage:
    """The passage, kept from being opened by anybody until the transaction ends."""
    held = Passage.objects.select_for_update().get(pk=passage.pk)
    if held.import_batch_id is not None:
        raise Refused("This text came with an imported file: it is history, and stays as it is.")
    return held


def _check_nobody_met(passage: Passage) -> None:
    met = Exposure.objects.filter(text_digest=passage.text_digest).exclude(activity=Activity.ANSWERING)
    opened = Assignment.objects.filter(slot__passage=passage, opened_at__isnull=False)
    if met.exists() or opened.exists():
        raise Refused(f"A labeler has read “{passage}”, so its wording stays: what they did is about these words.")
    if AssistanceBundle.objects.filter(answer__question__passage=passage).exists():
        raise Refused(f"The critic has written suggestions about “{passage}”, so its wording stays.")


def _move_authors(passage: Passage, old_digest: str) -> None:
    """Who wrote about the passage has met the mended words."""
    same = Passage.objects.filter(text_digest=passage.text_digest, import_batch=None).exclude(pk=passage.pk)
    if same.exists():
        raise Refused("This text is here already.", field="wording")
    authors = Exposure.objects.filter(passage=passage, text_digest=old_digest)
    known = Exposure.objects.filter(text_digest=passage.text_digest).values("labeler")
    authors.exclude(labeler__in=list(known.values_list("labeler", flat=True))).update(text_digest=passage.text_digest)


def _record(kind: EventKind, text: Text, actor: User) -> None:
    Event.objects.create(kind=kind, actor=actor, value=text.pk)
