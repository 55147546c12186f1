"""One labeler's work on one passage, all its questions: a row of the base, critiques and helpfulness files."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from labeling.enums import Activity
from labeling.models.fields import PublicIdField


class Sitting(models.Model):
    """A passage and one labeler, once. Its activity says which tables hold what was written or judged."""

    public_id = PublicIdField()
    study = models.ForeignKey("Study", on_delete=models.CASCADE, related_name="sittings")
    activity = models.CharField(max_length=15, choices=Activity)
    assignment = models.OneToOneField(
        "Assignment", null=True, blank=True, on_delete=models.CASCADE, related_name="sitting"
    )
    """Null for sittings that came from a file."""
    labeler = models.ForeignKey("Labeler", on_delete=models.PROTECT, related_name="sittings")
    passage = models.ForeignKey("Passage", on_delete=models.PROTECT, related_name="sittings")
    is_topic_based = models.BooleanField(default=True)
    """Topic-based summarization, the paper's main task; false for its earlier rounds of short answers."""
    position = models.PositiveIntegerField(default=0)
    """Place among the rows of its file."""
    time = models.FloatField(null=True, blank=True)
    """Epoch seconds of the submission, as released."""
    submitted_at = models.DateTimeField(null=True, blank=True)
    total_time_ms = models.BigIntegerField(null=True, blank=True)
    """From opening to submitting, by the server's clock. Never capped; null for sittings that came from a file."""
    active_time_ms = models.BigIntegerField(default=0)
    """The part with the page in view and a sign of life within the last minute."""

    class Meta:
        ordering = ["study_id", "position", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(activity__in=Activity.values), name="sitting_activity_is_known"),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True) | Q(time__isnull=False), name="submitted_sitting_has_its_time"
            ),
        ]
        indexes = [models.Index(fields=["study", "activity", "position"])]

    def __str__(self) -> str:
        return f"{self.labeler} {self.activity} {self.passage}"


class AskedQuestion(models.Model):
    """A question that a labeler asked in a sitting, with the honest answer to it."""

    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="asked_questions")
    position = models.PositiveIntegerField()
    answer = models.ForeignKey("Answer", on_delete=models.PROTECT, related_name="asked_in")

    class Meta:
        ordering = ["sitting_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["sitting", "position"], name="one_asked_question_per_position"),
        ]

    def __str__(self) -> str:
        return str(self.answer.question)
