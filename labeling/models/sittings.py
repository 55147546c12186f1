"""One labeler's work on one passage: a draft until it is submitted, then final."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from labeling.enums import Activity
from labeling.models.fields import PublicIdField, between

if TYPE_CHECKING:
    from labeling.models.assignments import Assignment


class Sitting(models.Model):
    """A passage and one labeler, once. Its activity says which tables hold what was found, written or judged.

    With an assignment it begins when that is opened. Where critiques are found it is about one answer.
    """

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
    """Place among the rows of its file; of a label, among the labels of its row."""
    time = models.FloatField(null=True, blank=True)
    """Epoch seconds of the submission, as released."""
    submitted_at = models.DateTimeField(null=True, blank=True)
    total_time_ms = models.BigIntegerField(null=True, blank=True)
    """From opening to submitting, by the server's clock. Never capped; null for sittings that came from a file."""
    active_time_ms = models.BigIntegerField(default=0)
    """The part with the page in view and a sign of life within the last minute."""
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    """Of the one answer in which critiques are found: 1 to 7; 7 is a perfect answer."""
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["study_id", "position", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(activity__in=Activity.values), name="sitting_activity_is_known"),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True) | Q(time__isnull=False), name="submitted_sitting_has_its_time"
            ),
            models.CheckConstraint(condition=between("rating", 1, 7), name="rating_1_to_7"),
            models.CheckConstraint(
                condition=~Q(activity=Activity.CRITIQUING)
                | Q(submitted_at__isnull=True)
                | Q(rating__isnull=False, total_time_ms__isnull=False),
                name="submitted_label_is_rated_and_timed",
            ),
            models.CheckConstraint(
                condition=~Q(activity=Activity.CRITIQUING) | Q(assignment__isnull=False),
                name="critiques_are_found_in_an_assignment",
            ),
        ]
        indexes = [models.Index(fields=["study", "activity", "position"])]

    def __str__(self) -> str:
        return f"{self.labeler} {self.activity} {self.passage}"

    @property
    def own_assignment(self) -> Assignment:
        """The assignment whose work it holds. Only sittings that came from a file have none; labels always have one."""
        assert self.assignment is not None, "a draft or a label belongs to an assignment"
        return self.assignment


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
