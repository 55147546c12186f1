"""Releasing: how a slot leaves its labeler and goes back to the pool, by a person's wish or by time."""

from __future__ import annotations

from datetime import timedelta

from django.db import models, transaction
from django.utils import timezone

from labeling.actions.exposures import remember_meeting
from labeling.actions.locking import locked
from labeling.enums import AssignmentState, EventKind, ReleaseReason
from labeling.models import Assignment, Event, Labeler, Slot, Study, User
from labeling.refusals import Gone


def release(assignment: Assignment, reason: ReleaseReason, *, actor: User | None = None) -> None:
    """Give the slot back. What was written stays with the released assignment. Does nothing the second time."""
    with transaction.atomic():
        row = locked(Assignment.objects.filter(pk=assignment.pk)).select_related("slot").get()
        if row.state == AssignmentState.RELEASED:
            return
        if not AssignmentState(row.state).can_become(AssignmentState.RELEASED):
            raise Gone("This has been submitted, so it cannot be given back.")
        _close(row, reason, actor)


def _close(row: Assignment, reason: ReleaseReason, actor: User | None) -> None:
    row.state, row.release_reason, row.closed_at = AssignmentState.RELEASED, reason, timezone.now()
    row.save(update_fields=["state", "release_reason", "closed_at"])
    if reason == ReleaseReason.SEEN_BEFORE:
        remember_meeting(row)
    Event.objects.create(kind=EventKind.RELEASED, study_id=row.slot.study_id, assignment=row, actor=actor)


def release_left(study: Study) -> int:
    """Release what nobody is going to do: left open, never begun, or given to who cannot work in the study."""
    now = timezone.now()
    given = Assignment.objects.filter(slot__study=study)
    return (
        _release_each(given.silent_since(now - timedelta(hours=study.idle_release_hours)), ReleaseReason.TIMED_OUT)
        + _release_each(
            given.untouched_since(now - timedelta(hours=study.untouched_release_hours)), ReleaseReason.UNTOUCHED
        )
        + _release_each(
            given.not_begun().exclude(labeler__in=Labeler.objects.able_to_work().filter(studies=study)),
            ReleaseReason.WITHDRAWN,
        )
    )


def _release_each(due: models.QuerySet[Assignment], reason: ReleaseReason) -> int:
    """Each in a transaction of its own, looked at again under its lock: somebody may have come back to it."""
    count = 0
    for pk in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            row = locked(due.filter(pk=pk)).select_related("slot").first()
            if row is not None:
                _close(row, reason, None)
                count += 1
    return count


def withdraw(labeler: Labeler, *, study: Study | None = None, actor: User | None = None) -> int:
    """Take back what this labeler has not begun, in one study or in all. What is begun can still be handed in,
    or goes back as anything left open does. Call in the transaction that takes away their right to work, after
    `lock_people`.
    """
    given = Assignment.objects.of(labeler).not_begun()
    if study is not None:
        given = given.filter(slot__study=study)
    rows = list(locked(given.order_by("pk")).select_related("slot"))
    for row in rows:
        _close(row, ReleaseReason.WITHDRAWN, actor)
    return len(rows)


def put_back(slot: Slot, *, actor: User) -> None:
    """Put a cell that is not submitted back in the pool. Does nothing if nobody has it."""
    current: Assignment | None = slot.assignments.live().first()
    if current is not None:
        release(current, ReleaseReason.RETURNED, actor=actor)
