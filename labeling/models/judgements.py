"""Verdicts on critiques: which are helpful, which are better, and what none of them said."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from labeling.enums import Provenance, Severity
from labeling.models.critiques import Critique
from labeling.models.fields import between
from labeling.models.parts import Graded, KeyedPart, graded
from labeling.models.sittings import Sitting


class AnswerToJudge(models.Model):
    """An answer whose critiques a study wants judged. Fixed when it is asked for, so that all judges meet the same."""

    study = models.ForeignKey("Study", on_delete=models.CASCADE, related_name="answers_to_judge")
    answer = models.ForeignKey("Answer", on_delete=models.PROTECT, related_name="to_judge")

    class Meta:
        ordering = ["study_id", "answer__question_id", "pk"]
        verbose_name_plural = "answers to judge"
        constraints = [
            models.UniqueConstraint(fields=["study", "answer"], name="answer_to_judge_once_per_study"),
        ]

    def __str__(self) -> str:
        return str(self.answer)


class CritiqueToJudge(models.Model):
    """One of the critiques of it, whoever wrote them, in the order in which they are stored and exported."""

    answer_to_judge = models.ForeignKey(AnswerToJudge, on_delete=models.CASCADE, related_name="critiques")
    position = models.PositiveIntegerField()
    critique = models.ForeignKey(Critique, on_delete=models.PROTECT, related_name="to_judge")

    class Meta:
        ordering = ["answer_to_judge_id", "position"]
        verbose_name_plural = "critiques to judge"
        constraints = [
            models.UniqueConstraint(fields=["answer_to_judge", "position"], name="one_critique_to_judge_per_position"),
        ]

    def __str__(self) -> str:
        return str(self.critique)


class JudgedQuestion(KeyedPart):
    """One answer of a sitting whose critiques were judged, and what was asked afterwards.

    With a helpful critique: is there a better one? Without: is the answer critiqueable at all? What was not asked
    is null; released rows also hold answers that a later change of mind made void.
    """

    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="judged_questions")
    position = models.PositiveIntegerField()
    answer = models.ForeignKey("Answer", on_delete=models.PROTECT, related_name="judged_in")
    is_critiqueable = models.BooleanField(null=True, blank=True)
    has_better_critique = models.BooleanField(null=True, blank=True)

    class Meta:
        ordering = ["sitting_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["sitting", "position"], name="one_judged_question_per_position"),
        ]

    def __str__(self) -> str:
        return str(self.answer.question)


class HelpfulnessJudgement(models.Model):
    """One labeler's verdict on one critique, in the order in which the critiques are stored."""

    judged_question = models.ForeignKey(JudgedQuestion, on_delete=models.CASCADE, related_name="judgements")
    position = models.PositiveIntegerField()
    critique = models.ForeignKey(Critique, on_delete=models.PROTECT, related_name="judgements")
    provenance = models.CharField(max_length=8, choices=Provenance, default=Provenance.WRITTEN)
    helpful = models.BooleanField(null=True, blank=True)
    """Valid and helpful; null only in a draft."""
    clearly_helpful = models.BooleanField(null=True, blank=True)
    """The stricter mark, "clearly and unambiguously helpful"; null where it was not asked."""
    severity = models.PositiveSmallIntegerField(choices=Severity, null=True, blank=True)
    tier = models.PositiveIntegerField(null=True, blank=True)
    """Rank among the helpful ones, 0 is best; ties and gaps are legal."""
    shown_position = models.PositiveIntegerField(null=True, blank=True)
    """Where it stood on the labeler's page, which is shuffled."""

    class Meta:
        ordering = ["judged_question_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["judged_question", "position"], name="one_judgement_per_position"),
            models.CheckConstraint(
                condition=Q(helpful=True)
                | Q(tier__isnull=True, severity__isnull=True) & ~Q(clearly_helpful=True)
                | Q(provenance=Provenance.GIVEN),
                name="only_the_helpful_are_ranked",
            ),
            models.CheckConstraint(
                condition=between("severity", min(Severity), max(Severity)), name="judged_critique_severity_1_to_4"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.critique}: {self.helpful}"


class BetterCritique(Graded):
    """The critique that a labeler wrote because those shown were not it."""

    critique = models.OneToOneField(Critique, on_delete=models.CASCADE, primary_key=True, related_name="better")
    judged_question = models.OneToOneField(JudgedQuestion, on_delete=models.CASCADE, related_name="better_critique")
    refinement = models.TextField(null=True, blank=True)  # noqa: DJ001 - null where the row has none
    """As released, the answer again: a box that was filled in and that nobody edited."""

    class Meta:
        constraints = graded("better_critique")

    def __str__(self) -> str:
        return str(self.critique)
