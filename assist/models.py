"""Runs and trials: what was asked of which critic, who is on it, and what became of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

#: Characters of a trial's texts. A passage of so many has about 2,000 words.
LONGEST_PASSAGE, LONGEST_QUESTION, LONGEST_ANSWER = 12_000, 1_000, 4_000


class RunState(models.TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Run(models.Model):
    """One bundle wanted: this critic's suggestions for this answer.

    The row, not the message, is the truth. A worker holds it by a lease that it keeps extending; when the
    lease runs out somebody else may take the run, and the first worker's late result matches nothing.
    """

    answer = models.ForeignKey("labeling.Answer", on_delete=models.CASCADE, related_name="runs")
    critic = models.CharField(max_length=100)
    seed = models.BigIntegerField(default=0)
    temperatures = models.JSONField()
    state = models.CharField(max_length=8, choices=RunState, default=RunState.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    """Also the fencing token: a result is taken only from the latest attempt."""
    lease_owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    bundle = models.ForeignKey(
        "labeling.AssistanceBundle", null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    last_enqueued_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["answer", "critic"],
                condition=Q(state__in=[RunState.QUEUED, RunState.RUNNING]),
                name="one_unfinished_run_per_answer_and_critic",
            ),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=RunState.DONE) | Q(finished_at__isnull=False), name="done_run_has_an_end"
            ),
            models.CheckConstraint(condition=~Q(state=RunState.FAILED) | ~Q(error=""), name="failed_run_says_why"),
        ]
        indexes = [models.Index(fields=["state", "lease_until"])]

    def __str__(self) -> str:
        return f"{self.critic} on answer {self.answer_id}: {self.state}"


class Trial(models.Model):
    """A text of one's own that somebody who runs or reads studies tries a critic on. No part of any study.

    Everybody has one: the next replaces it, and what a worker still says about the last then matches nothing.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="trial")
    critic = models.CharField(max_length=100)
    passage = models.TextField()
    question = models.TextField()
    answer = models.TextField()
    state = models.CharField(max_length=8, choices=RunState, default=RunState.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    """How far it is, as the engine counts; 0 of 0 where it has not said."""
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    said = models.JSONField(null=True, blank=True)
    """The bundle as the engine gave it, and the seconds it took."""
    last_enqueued_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="trial_state_is_known"),
            models.CheckConstraint(condition=~Q(state=RunState.FAILED) | ~Q(error=""), name="failed_trial_says_why"),
            models.CheckConstraint(
                condition=~Q(state=RunState.DONE) | Q(said__isnull=False), name="done_trial_has_its_bundle"
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("passage"), LONGEST_PASSAGE), name="trial_passage_is_bounded"
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("question"), LONGEST_QUESTION), name="trial_question_is_bounded"
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("answer"), LONGEST_ANSWER), name="trial_answer_is_bounded"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.critic} tried by {self.user}: {self.state}"

    @property
    def is_unfinished(self) -> bool:
        return self.state in (RunState.QUEUED, RunState.RUNNING)
