"""What a labeler reads, agrees to and shows to have understood before the first assignment of an activity."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from labeling.enums import Activity
from labeling.models.fields import between


class Instruction(models.Model):
    """One version of what a study tells its labelers. Never changed: a new wording is a new version."""

    study = models.ForeignKey("Study", on_delete=models.CASCADE, related_name="instruction_versions")
    version = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    consent = models.TextField(blank=True)
    """What a labeler agrees to before working; empty where nothing is asked."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["study_id", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["study", "version"], name="instruction_version_exists_once"),
            models.CheckConstraint(condition=Q(version__gte=1), name="instruction_versions_count_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.study}, version {self.version}"


class Consent(models.Model):
    """A labeler agreed to a version."""

    labeler = models.ForeignKey("Labeler", on_delete=models.CASCADE, related_name="consents")
    instruction = models.ForeignKey(Instruction, on_delete=models.PROTECT, related_name="consents")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["labeler", "instruction"], name="consent_given_once"),
        ]

    def __str__(self) -> str:
        return f"{self.labeler} agreed to {self.instruction}"


class Quiz(models.Model):
    """The qualification quiz of one activity of a study. Never changed once taken: a new one is a new version."""

    study = models.ForeignKey("Study", on_delete=models.CASCADE, related_name="quizzes")
    activity = models.CharField(max_length=15, choices=Activity)
    version = models.PositiveIntegerField()
    pass_mark = models.PositiveSmallIntegerField()
    """So many right answers are enough."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["study_id", "activity", "-version"]
        verbose_name_plural = "quizzes"
        constraints = [
            models.UniqueConstraint(fields=["study", "activity", "version"], name="quiz_version_exists_once"),
            models.CheckConstraint(condition=Q(activity__in=Activity.values), name="quiz_activity_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.study}: {self.get_activity_display()}, version {self.version}"


class QuizQuestion(models.Model):
    """A question with one right choice, and the feedback that every choice gets."""

    quiz = models.ForeignKey(Quiz, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField()
    text = models.TextField()
    choices = models.JSONField()
    """A list of texts."""
    right = models.PositiveSmallIntegerField()
    """Which of them is right, from 0."""
    feedback = models.TextField(blank=True)

    class Meta:
        ordering = ["quiz_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["quiz", "position"], name="one_quiz_question_per_position"),
            models.CheckConstraint(condition=~Q(text=""), name="quiz_question_has_a_text"),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class QuizAttempt(models.Model):
    """What a labeler chose, and whether it was enough. Every attempt is kept."""

    labeler = models.ForeignKey("Labeler", on_delete=models.CASCADE, related_name="quiz_attempts")
    quiz = models.ForeignKey(Quiz, on_delete=models.PROTECT, related_name="attempts")
    chosen = models.JSONField()
    """One choice a question, in their order."""
    score = models.PositiveSmallIntegerField()
    passed = models.BooleanField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=between("score", 0, 1000), name="quiz_score_in_range")]

    def __str__(self) -> str:
        return f"{self.labeler}: {self.score} in {self.quiz}"
