"""A study: its instructions, its conditions, the questions in it and the slots they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse

from labeling.enums import Activity, AnswerKind, StudyState
from labeling.limits import LARGEST_NUMBER, LONGEST_IDLE_HOURS
from labeling.models.fields import PublicIdField, between
from labeling.models.querysets import StudyQuerySet

if TYPE_CHECKING:
    from labeling.models.people import Labeler


#: A week.
UNTOUCHED_HOURS = 7 * 24


def paper_temperatures() -> list[float]:
    """Section 3.2 of the paper."""
    return [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0]


class Study(models.Model):
    """One experiment. Its seed decides who gets what, in which order, and what the critic samples."""

    public_id = PublicIdField(unique=True)
    name = models.CharField(max_length=200, unique=True)
    instructions = models.TextField(blank=True)
    """Shown to labelers on every page of the study."""
    notes = models.TextField(blank=True)
    """For researchers; labelers never see it."""
    state = models.CharField(max_length=10, choices=StudyState, default=StudyState.PREPARING)
    seed = models.BigIntegerField(default=0)
    critic = models.CharField(max_length=100, blank=True)
    """Which of the site's critics writes the suggestions; empty where nobody is assisted."""
    temperatures = models.JSONField(default=paper_temperatures)
    calibration = models.JSONField(null=True, blank=True)
    """Turns the critic's scores into what labelers are shown (`findings.statistics.calibration`); null: as they are."""
    idle_release_hours = models.PositiveIntegerField(default=24)
    """An opened assignment without a sign of life for this long is offered to somebody else."""
    untouched_release_hours = models.PositiveIntegerField(default=UNTOUCHED_HOURS)
    """Offered work whose labeler has done nothing in the study for this long goes back to the pool."""
    labelers: models.ManyToManyField[Labeler, models.Model] = models.ManyToManyField(
        "Labeler", blank=True, related_name="studies"
    )
    import_batch = models.OneToOneField("ImportBatch", null=True, blank=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StudyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name_plural = "studies"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=StudyState.values), name="study_state_is_known"),
            models.CheckConstraint(condition=between("seed", 0, LARGEST_NUMBER), name="study_seed_in_range"),
            models.CheckConstraint(
                condition=between("idle_release_hours", 1, LONGEST_IDLE_HOURS), name="idle_hours_1_to_a_year"
            ),
            models.CheckConstraint(
                condition=between("untouched_release_hours", 1, LONGEST_IDLE_HOURS),
                name="untouched_release_hours_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("studies:study", args=[self.public_id])

    @property
    def is_open(self) -> bool:
        return self.state == StudyState.OPEN

    @property
    def is_imported(self) -> bool:
        """Whether it came from a file: then it is history, and nothing of it is dealt out or changed."""
        return self.import_batch_id is not None

    @property
    def can_change(self) -> bool:
        """Whether what it asks of labelers can still be added to."""
        return not self.is_imported and self.state in {StudyState.PREPARING, StudyState.OPEN}


class Condition(models.Model):
    """One of the (at most six) conditions of a study: a kind of answer, assisted or not."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="conditions")
    answer_kind = models.CharField(max_length=16, choices=AnswerKind)
    assisted = models.BooleanField()

    class Meta:
        ordering = ["study_id", "answer_kind", "assisted"]
        constraints = [
            models.UniqueConstraint(fields=["study", "answer_kind", "assisted"], name="condition_once_per_study"),
        ]

    def __str__(self) -> str:
        return f"{self.answer_kind}, {'assisted' if self.assisted else 'unassisted'}"


class StudyActivity(models.Model):
    """Something else that a study (then a collection round) asks of labelers, one passage a sitting."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="activities")
    activity = models.CharField(max_length=15, choices=Activity)
    labelers_each = models.PositiveSmallIntegerField(default=1)
    """How many different labelers do each passage."""
    options = models.JSONField(default=dict, blank=True)
    """What this activity may be asked to do besides; its actions module says what it understands."""

    class Meta:
        ordering = ["study_id", "activity"]
        verbose_name_plural = "study activities"
        constraints = [
            models.UniqueConstraint(fields=["study", "activity"], name="activity_once_per_study"),
            models.CheckConstraint(
                condition=Q(activity__in=Activity.values) & ~Q(activity=Activity.CRITIQUING),
                name="critiquing_has_conditions_instead",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_activity_display()}, {self.labelers_each} a passage"


class StudyQuestion(models.Model):
    """A question in a study. Its cells open together, when all of its suggestions are ready."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="study_questions")
    question = models.ForeignKey("Question", on_delete=models.PROTECT, related_name="in_studies")
    position = models.PositiveIntegerField()
    public_id = PublicIdField()
    """The row's own id where it is exported."""
    human_answer = models.ForeignKey("Answer", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    misleading_answer = models.ForeignKey("Answer", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The two answers as an imported row names them: labels of the row may show others. Null for our own rows,
    whose answers are those of the cells."""
    ready_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["study_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["study", "position"], name="one_question_per_position"),
        ]
        # Whether a question is in a study, asked of every question to choose.
        indexes = [models.Index(fields=["question", "study"], name="question_in_study")]

    def __str__(self) -> str:
        return f"{self.study}: {self.question}"


class Slot(models.Model):
    """A place for one labeler's work. Unique in the database, so it is never dealt twice.

    For critiquing it is a cell of the design: a question in a condition. For every other activity it is a
    sitting: one passage with all that the study asks about it, and `study_question` is null.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="slots")
    activity = models.CharField(max_length=15, choices=Activity, default=Activity.CRITIQUING)
    passage = models.ForeignKey("Passage", on_delete=models.PROTECT, related_name="slots")
    study_question = models.ForeignKey(
        StudyQuestion, null=True, blank=True, on_delete=models.CASCADE, related_name="slots"
    )
    answer = models.ForeignKey("Answer", null=True, blank=True, on_delete=models.PROTECT, related_name="slots")
    answer_kind = models.CharField(max_length=16, choices=AnswerKind, blank=True)
    """The condition's kind of answer; empty for activities without conditions."""
    assisted = models.BooleanField(default=False)
    number = models.PositiveSmallIntegerField(default=0)
    """Which of several labelers of the same cell."""

    class Meta:
        ordering = ["study_question_id", "answer_kind", "assisted", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["study_question", "activity", "answer_kind", "assisted", "number"],
                name="cell_exists_once",
            ),
            models.UniqueConstraint(
                fields=["study", "activity", "passage", "number"],
                condition=Q(study_question__isnull=True),
                name="sitting_slot_exists_once",
            ),
            models.CheckConstraint(condition=Q(activity__in=Activity.values), name="slot_activity_is_known"),
            models.CheckConstraint(
                condition=~Q(activity=Activity.CRITIQUING)
                | Q(answer__isnull=False, study_question__isnull=False, answer_kind__in=AnswerKind.values),
                name="critiquing_slot_has_a_condition",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.activity} {self.answer_kind} {'assisted' if self.assisted else 'unassisted'}"
