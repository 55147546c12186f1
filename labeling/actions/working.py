"""What every activity does alike: begin a change, tell the time, leave an event, hand in a sitting."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from labeling.assigning import locked
from labeling.enums import Activity, AssignmentState, EventKind
from labeling.models import Assignment, Event, Labeler, Sitting, Submission
from labeling.refusals import Gone, Stale
from labeling.rules.permissions import check_can_work_on


def begin(labeler: Labeler, assignment: Assignment) -> Assignment:
    """Lock the assignment for one change, note the sign of life, and check the right to change it.

    Call inside a transaction.
    """
    fresh: Assignment = (
        locked(Assignment.objects.filter(pk=assignment.pk)).select_related("slot__study", "submission").get()
    )
    check_can_work_on(labeler, fresh)
    Assignment.objects.filter(pk=fresh.pk).update(last_seen_at=timezone.now())
    return fresh


def elapsed_ms(assignment: Assignment) -> int:
    """Milliseconds since the assignment was opened, by the server's clock."""
    assert assignment.opened_at is not None
    return max(0, round((timezone.now() - assignment.opened_at).total_seconds() * 1000))


def record(assignment: Assignment, kind: EventKind, **ids: int | None) -> None:
    Event.objects.create(
        kind=kind,
        study_id=assignment.slot.study_id,
        assignment=assignment,
        actor_id=assignment.labeler.user_id,
        **ids,
    )


def sitting_of(assignment: Assignment) -> Sitting:
    """The sitting that holds this assignment's work, made at the first call."""
    sitting: Sitting = Sitting.objects.get_or_create(
        assignment=assignment,
        defaults={
            "study": assignment.slot.study,
            "activity": assignment.slot.activity,
            "labeler": assignment.labeler,
            "passage": assignment.slot.passage,
        },
    )[0]
    return sitting


def save_draft(row: Any, base_revision: int, *, beside: bool = False, **wanted: Any) -> bool:
    """Save what a page asks for and count the revision; whether anything was different.

    `beside` says that something that hangs on the row differs, too. Raises Stale if the page has not seen the
    latest save, unless it asks for what is stored already.
    """
    if not beside and all(getattr(row, name) == value for name, value in wanted.items()):
        return False
    if base_revision != row.revision:
        raise Stale("This was changed in another tab.")
    for name, value in wanted.items():
        setattr(row, name, value)
    row.revision += 1
    row.save()
    return True


def still_there(rows: Any) -> Any:
    """The one row of this query, locked for a change. Raises Gone if another tab has removed it."""
    row = locked(rows).first()
    if row is None:
        raise Gone("This was removed in another tab.")
    return row


def check_seen(stored: Mapping[uuid.UUID, int], seen: Mapping[uuid.UUID, int] | None) -> None:
    """Compare the draft with the page that hands it in, where the page says what it shows."""
    if seen is not None and dict(seen) != dict(stored):
        raise Stale("This was changed in another tab. Reload the page and look it over before you submit.")


def submitted(labeler: Labeler, assignment: Assignment) -> Assignment | None:
    """The assignment, locked, if this labeler has handed it in before."""
    row: Assignment | None = locked(Assignment.objects.filter(pk=assignment.pk, labeler=labeler)).first()
    return row if row is not None and row.state == AssignmentState.SUBMITTED else None


def handed_in(labeler: Labeler, assignment: Assignment) -> Sitting | None:
    """The sitting, if this labeler has submitted it before: submitting again answers with it, unchanged."""
    row = submitted(labeler, assignment)
    return None if row is None else sitting_of(row)


def work_of(assignment: Assignment) -> Submission | Sitting:
    """What keeps an assignment's times: the submission of critiques found, or another activity's sitting."""
    if assignment.activity == Activity.CRITIQUING:
        submission: Submission = assignment.submission
        return submission
    return sitting_of(assignment)


def note_active_time(*, labeler: Labeler, assignment: Assignment, active_ms: int) -> None:
    """Take the page's count of active time. It only grows, and never beyond the time since opening.

    What comes after handing in changes nothing: a page's last report may be late.
    """
    with transaction.atomic():
        if submitted(labeler, assignment):
            return
        assignment = begin(labeler, assignment)
        work = work_of(assignment)
        allowed = min(active_ms, elapsed_ms(assignment))
        if allowed > work.active_time_ms:
            type(work).objects.filter(pk=work.pk).update(active_time_ms=allowed)


def hand_in(assignment: Assignment, *, value: int | None = None) -> Sitting:
    """Close the assignment and stamp its sitting. Call inside the transaction that checked it is complete."""
    with transaction.atomic():
        now = timezone.now()
        sitting = sitting_of(assignment)
        sitting.submitted_at, sitting.time = now, now.timestamp()
        sitting.total_time_ms = elapsed_ms(assignment)
        sitting.active_time_ms = min(sitting.active_time_ms, sitting.total_time_ms)
        sitting.save(update_fields=["submitted_at", "time", "total_time_ms", "active_time_ms"])
        Assignment.objects.filter(pk=assignment.pk).update(state=AssignmentState.SUBMITTED, closed_at=now)
        record(assignment, EventKind.SUBMITTED, value=value)
    return sitting
