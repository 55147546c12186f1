"""What stands between a labeler and an assignment: consent, then a quiz. In this one place.

A study that asks for neither has nothing in the way. Work that was begun goes on, whatever is asked since.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from labeling.enums import AssignmentState
from labeling.models import Assignment, Instruction, Labeler, Quiz, Study


@dataclass(frozen=True)
class Step:
    """A page that comes before the work."""

    url: str

    def get_absolute_url(self) -> str:
        return self.url


def newest_instruction(study: Study) -> Instruction | None:
    """The version in force; None where the study has no versions."""
    return study.instruction_versions.order_by("-version").first()


def newest_quiz(study: Study, activity: str) -> Quiz | None:
    """The quiz in force for this activity; None where there is none. One without questions lifts the last one."""
    quiz = study.quizzes.filter(activity=activity).order_by("-version").first()
    return quiz if quiz is not None and quiz.questions.exists() else None


def has_agreed(labeler: Labeler, instruction: Instruction) -> bool:
    """Whether the labeler agreed to these words, in this version or in one that had the same."""
    same = Instruction.objects.filter(study=instruction.study, consent=instruction.consent)
    return labeler.consents.filter(instruction__in=same).exists()


def has_passed(labeler: Labeler, quiz: Quiz) -> bool:
    return labeler.quiz_attempts.filter(quiz=quiz, passed=True).exists()


def step_before(labeler: Labeler, assignment: Assignment) -> Step | None:
    """The page that this labeler has to get past before this assignment can be opened."""
    if assignment.state == AssignmentState.OPENED:
        return None
    study, activity = assignment.slot.study, assignment.slot.activity
    instruction = newest_instruction(study)
    if instruction is not None and instruction.consent and not has_agreed(labeler, instruction):
        return Step(reverse("onboarding:consent", args=[study.public_id]))
    quiz = newest_quiz(study, activity)
    if quiz is not None and not has_passed(labeler, quiz):
        return Step(reverse("onboarding:quiz", args=[study.public_id, activity]))
    return None
