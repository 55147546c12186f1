"""Who does which slot, and which texts each labeler has met."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse

from labeling.enums import Activity, AssignmentState, ReleaseReason
from labeling.models.fields import PublicIdField
from labeling.models.querysets import AssignmentQuerySet

LIVE_STATES = [state.value for state in AssignmentState if state.is_live]


class Assignment(models.Model):
    """One labeler's take of a slot. Its public id is all that a labeler's URL carries: it says nothing of the cell."""

    public_id = PublicIdField(unique=True)
    slot = models.ForeignKey("Slot", on_delete=models.CASCADE, related_name="assignments")
    labeler = models.ForeignKey("Labeler", on_delete=models.PROTECT, related_name="assignments")
    state = models.CharField(max_length=10, choices=AssignmentState, default=AssignmentState.WAITING)
    order = models.PositiveIntegerField(default=0)
    """Place in the labeler's own seeded random order."""
    bundle = models.ForeignKey("AssistanceBundle", null=True, blank=True, on_delete=models.PROTECT)
    """The suggestions this labeler is shown, pinned when the assignment is opened; null if unassisted."""
    instruction = models.ForeignKey(
        "Instruction", null=True, blank=True, on_delete=models.PROTECT, related_name="assignments"
    )
    """The version of the instructions in force when it was opened; null where the study has no versions."""
    dealt_at = models.DateTimeField(auto_now_add=True)
    offered_at = models.DateTimeField(null=True, blank=True)
    """Since when it can be opened; null while it waits."""
    opened_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    release_reason = models.CharField(max_length=12, choices=ReleaseReason, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["labeler_id", "order", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["slot"], condition=Q(state__in=LIVE_STATES), name="one_live_assignment_per_slot"
            ),
            models.CheckConstraint(condition=Q(state__in=AssignmentState.values), name="assignment_state_is_known"),
            models.CheckConstraint(
                condition=(
                    (Q(state=AssignmentState.RELEASED) & ~Q(release_reason=""))
                    | (~Q(state=AssignmentState.RELEASED) & Q(release_reason=""))
                ),
                name="released_for_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state=AssignmentState.OFFERED) | Q(offered_at__isnull=False),
                name="offered_knows_since_when",
            ),
        ]
        indexes = [models.Index(fields=["labeler", "state", "order"])]

    def __str__(self) -> str:
        return f"{self.labeler}: {self.slot} ({self.state})"

    def get_absolute_url(self) -> str:
        return reverse(f"{self.slot.activity}:page", args=[self.public_id])

    @property
    def instructions(self) -> str:
        """As they were when it was opened."""
        return self.instruction.text if self.instruction is not None else self.slot.study.instructions

    @property
    def activity(self) -> Activity:
        return Activity(self.slot.activity)


class Exposure(models.Model):
    """A labeler has met a text. Survives release; unique, so that nobody is ever dealt a text twice.

    Keyed by the text's digest: released files hold one text under several source ids.
    """

    labeler = models.ForeignKey("Labeler", on_delete=models.CASCADE, related_name="exposures")
    passage = models.ForeignKey("Passage", on_delete=models.CASCADE, related_name="exposures")
    text_digest = models.CharField(max_length=64)
    activity = models.CharField(max_length=15, choices=Activity)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["labeler", "text_digest"], name="labeler_meets_a_text_once"),
        ]

    def __str__(self) -> str:
        return f"{self.labeler} met {self.passage}"
