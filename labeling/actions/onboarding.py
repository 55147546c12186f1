"""Instructions, consent and quizzes: new versions by those who run studies, agreement and attempts by labelers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models, transaction

from labeling.actions.locking import locked
from labeling.enums import Activity
from labeling.models import Consent, Instruction, Labeler, Quiz, QuizAttempt, QuizQuestion, Study
from labeling.refusals import Refused
from labeling.rules.onboarding import newest_instruction, newest_quiz


@dataclass(frozen=True)
class Asked:
    """A question of a quiz on its way into the database."""

    text: str
    choices: Sequence[str]
    right: int
    feedback: str = ""


def _check_can_change(study: Study) -> None:
    if not study.can_change:
        raise Refused("Only a study that is being prepared or open can be changed.")


def publish_instructions(study: Study, *, text: str, consent: str = "") -> Instruction:
    """Put a new version in force. The same words again are the same version."""
    with transaction.atomic():
        study = locked(Study.objects.filter(pk=study.pk)).get()
        _check_can_change(study)
        newest = newest_instruction(study)
        if newest is not None and (newest.text, newest.consent) == (text, consent):
            return newest
        Study.objects.filter(pk=study.pk).update(instructions=text)
        return Instruction.objects.create(
            study=study, version=_next(study.instruction_versions), text=text, consent=consent
        )


def publish_quiz(study: Study, activity: Activity, *, questions: Sequence[Asked], pass_mark: int) -> Quiz:
    """Put a new version of an activity's quiz in force; without questions, ask nothing any more."""
    with transaction.atomic():
        study = locked(Study.objects.filter(pk=study.pk)).get()
        _check_can_change(study)
        if not 0 <= pass_mark <= len(questions):
            raise Refused(f"The quiz has {len(questions)} questions: nobody can answer {pass_mark}.", field="pass_mark")
        version = _next(study.quizzes.filter(activity=activity))
        quiz = Quiz.objects.create(study=study, activity=activity, version=version, pass_mark=pass_mark)
        QuizQuestion.objects.bulk_create(
            QuizQuestion(
                quiz=quiz,
                position=position,
                text=asked.text,
                choices=list(asked.choices),
                right=asked.right,
                feedback=asked.feedback,
            )
            for position, asked in enumerate(questions)
        )
    return quiz


def _next(versions: models.QuerySet[Instruction] | models.QuerySet[Quiz] | models.Manager[Instruction]) -> int:
    last: int | None = versions.aggregate(last=models.Max("version"))["last"]
    return (last or 0) + 1


def agree(*, labeler: Labeler, instruction: Instruction) -> Consent:
    """Note that the labeler agrees to this version. Raises Refused if there is a newer one by now."""
    if newest_instruction(instruction.study) != instruction:
        raise Refused("This has been reworded since. Read it again.")
    consent: Consent = Consent.objects.get_or_create(labeler=labeler, instruction=instruction)[0]
    return consent


def take_quiz(*, labeler: Labeler, quiz: Quiz, chosen: Sequence[int]) -> QuizAttempt:
    """Note an attempt and how it went. Every question needs a choice."""
    if newest_quiz(quiz.study, quiz.activity) != quiz:
        raise Refused("There is a newer quiz by now. Take that one.")
    questions = list(quiz.questions.order_by("position"))
    if len(chosen) != len(questions):
        raise Refused("Choose an answer to every question.")
    score = sum(choice == question.right for choice, question in zip(chosen, questions, strict=True))
    return QuizAttempt.objects.create(
        labeler=labeler, quiz=quiz, chosen=list(chosen), score=score, passed=score >= quiz.pass_mark
    )
