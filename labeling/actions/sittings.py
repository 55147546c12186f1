"""What every activity does alike with a sitting: prepare it, begin a change, save a part, tell the time, hand it in.

Every change runs in one transaction with its event, may be repeated without harm, and raises Refused with the
sentence that the labeler reads.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from labeling.actions.locking import locked
from labeling.enums import Activity, AssignmentState, EventKind
from labeling.models import Assignment, Event, Labeler, Sitting, Study
from labeling.models.parts import Part
from labeling.refusals import Gone, Refused, Stale
from labeling.rules.permissions import check_can_work_on

#: What a page shows: the key of each part, and which of its saves.
Seen = Mapping[uuid.UUID, int]


def options_of(study: Study, activity: Activity) -> dict[str, Any]:
    """What the study says about how this activity is done; nothing where it does not ask for it."""
    row = study.activities.filter(activity=activity).first()
    return dict(row.options) if row is not None else {}


def shuffled(assignment: Assignment, what: str, rows: Iterable[Any]) -> list[Any]:
    """Rows in the order in which this assignment shows them: random, and the same whenever it is asked for."""
    order = list(rows)
    random.Random(f"{what}:{assignment.slot.study.seed}:{assignment.public_id}").shuffle(order)
    return order


def prepare(assignment: Assignment, fill: Callable[[Assignment, Sitting], None]) -> Sitting:
    """The sitting of an opened assignment, with what `fill` puts into it. It may be asked to any number of times."""
    with transaction.atomic():
        assignment = begin(assignment.labeler, assignment)
        sitting: Sitting = assignment.sitting
        fill(assignment, sitting)
    return sitting


def begin(labeler: Labeler, assignment: Assignment) -> Assignment:
    """Lock the assignment for one change, note the sign of life, and check the right to change it.

    Call inside a transaction.
    """
    fresh: Assignment = (
        locked(Assignment.objects.filter(pk=assignment.pk)).select_related("slot__study", "sitting").get()
    )
    check_can_work_on(labeler, fresh)
    Assignment.objects.filter(pk=fresh.pk).update(last_seen_at=timezone.now())
    return fresh


def record(assignment: Assignment, kind: EventKind, **ids: int | None) -> None:
    """Write down what happened, in the transaction in which it happens."""
    Event.objects.create(
        kind=kind,
        study_id=assignment.slot.study_id,
        assignment=assignment,
        actor_id=assignment.labeler.user_id,
        **ids,
    )


def save_part(part: Part, base_revision: int, *, beside: bool = False, **wanted: Any) -> bool:
    """Save what a page asks for and count the revision; whether anything was different.

    `beside` says that something that hangs on the part differs, too. Raises Stale if the page has not seen the
    latest save, unless it asks for what is stored already.
    """
    if not beside and all(getattr(part, name) == value for name, value in wanted.items()):
        return False
    check_fresh(part, base_revision)
    for name, value in wanted.items():
        setattr(part, name, value)
    part.revision += 1
    part.save(update_fields=[*wanted, "revision", *_stamps(part)])
    return True


def _stamps(part: Part) -> list[str]:
    """The column that tells when it was saved, where the part has one of its own."""
    return [field.name for field in part._meta.concrete_fields if field.name == "saved_at"]


def check_fresh(part: Part, base_revision: int) -> None:
    """Raise Stale if the part was saved since the page that asks was made."""
    if part.revision != base_revision:
        raise Stale("This was changed in another tab.")


def still_there(rows: Any) -> Any:
    """The one row of this query, locked for a change. Raises Gone if another tab has removed it."""
    row = locked(rows).first()
    if row is None:
        raise Gone("This was removed in another tab.")
    return row


def elapsed_ms(assignment: Assignment) -> int:
    """Milliseconds since the assignment was opened, by the server's clock."""
    assert assignment.opened_at is not None
    return max(0, round((timezone.now() - assignment.opened_at).total_seconds() * 1000))


def note_active_time(*, labeler: Labeler, assignment: Assignment, active_ms: int) -> None:
    """Take the page's count of active time. It only grows, and never beyond the time since opening.

    What comes after handing in changes nothing: a page's last report may be late.
    """
    with transaction.atomic():
        if _handed_in(labeler, assignment):
            return
        assignment = begin(labeler, assignment)
        sitting = assignment.sitting
        allowed = min(active_ms, elapsed_ms(assignment))
        if allowed > sitting.active_time_ms:
            Sitting.objects.filter(pk=sitting.pk).update(active_time_ms=allowed)


@dataclass(frozen=True)
class Draft:
    """A sitting as it stands when its page hands it in."""

    revisions: Seen
    """Which save of each part it holds."""
    refusal: Refused | None
    """Why it cannot be handed in (yet), the first reason first; null if it can."""
    count: int
    """How many things of the activity's own it holds: noted with the event."""
    keep: Callable[[], None] = lambda: None
    """Makes lasting records of it, where its parts are not these records themselves."""


def submit(
    labeler: Labeler, assignment: Assignment, *, seen: Seen | None, draft_of: Callable[[Assignment], Draft]
) -> Sitting:
    """Hand in a draft. Repeating it answers with the first submission, unchanged.

    Raises Stale if the draft is not what `seen` says the page shows, so that nothing unseen is handed in; Refused
    for what it lacks.
    """
    with transaction.atomic():
        done = _handed_in(labeler, assignment)
        if done is not None:
            return done
        assignment = begin(labeler, assignment)
        draft = draft_of(assignment)
        if seen is not None and dict(seen) != dict(draft.revisions):
            raise Stale(CHANGED_MEANWHILE)
        if draft.refusal is not None:
            raise draft.refusal
        draft.keep()
        return _hand_in(assignment, value=draft.count)


CHANGED_MEANWHILE = "This was changed in another tab. Reload the page and look it over before you submit."


def _handed_in(labeler: Labeler, assignment: Assignment) -> Sitting | None:
    """The sitting, if this labeler has submitted it before. The assignment is locked."""
    row = locked(Assignment.objects.filter(pk=assignment.pk, labeler=labeler)).first()
    return row.sitting if row is not None and row.state == AssignmentState.SUBMITTED else None


def _hand_in(assignment: Assignment, *, value: int) -> Sitting:
    """Close the assignment and stamp its sitting."""
    now = timezone.now()
    sitting: Sitting = assignment.sitting
    sitting.submitted_at, sitting.time = now, now.timestamp()
    sitting.total_time_ms = elapsed_ms(assignment)
    sitting.active_time_ms = min(sitting.active_time_ms, sitting.total_time_ms)
    sitting.save(update_fields=["submitted_at", "time", "total_time_ms", "active_time_ms", "saved_at"])
    Assignment.objects.filter(pk=assignment.pk).update(state=AssignmentState.SUBMITTED, closed_at=now)
    record(assignment, EventKind.SUBMITTED, value=value)
    return sitting
