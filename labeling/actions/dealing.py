"""Dealing: how a slot is given to a labeler, all at once or one by one. Opening it is opening.py's.

Two claims never collide: the database refuses a second live assignment of a slot and a second meeting with a
text, and who is refused looks again. A row that changes is locked first; on SQLite a transaction that writes
holds the one lock from its start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from labeling.actions.batches import write_in_batches
from labeling.actions.exposures import texts_met
from labeling.actions.locking import lock_people, locked
from labeling.actions.members import add_labeler
from labeling.actions.releasing import release
from labeling.enums import AssignmentState, EventKind, ReleaseReason
from labeling.models import (
    Assignment,
    Event,
    Labeler,
    Slot,
    Study,
    StudyQuestion,
    User,
)
from labeling.refusals import Refused
from labeling.rules.designing import Dealt, cells_to_deal, in_own_order, make_design, spread, still_to_be_had
from labeling.rules.permissions import check_can_be_given_work, check_can_deal, check_can_meet

CELLS_A_BATCH = 250
#: So often a batch of a dealing looks again for what is still to be had.
LOOKS = 5


@dataclass(frozen=True)
class DealReport:
    """What dealing did, for the admin who asked."""

    dealt: int
    undealt: int
    spread: int
    unable: int
    """Labelers of the study who are dealt nothing: their account is closed, or no longer a labeler's."""


def deal_study(study: Study, *, actor: User | None = None) -> DealReport:
    """Deal every slot that nobody has, balanced over the study's labelers, in each one's own random order.

    Designed at once, given out in batches: whoever claims, reads or saves meanwhile does not wait for the end.
    What was taken or met since the design was made stays undealt; asked again it deals what is left.
    """
    study = Study.objects.get(pk=study.pk)
    check_can_deal(study)
    members = study.labelers.count()
    labelers = list(Labeler.objects.able_to_work().filter(studies=study).order_by("pk"))
    if not members:
        raise Refused("Add labelers to the study first: there is nobody to deal to.")
    if not labelers:
        raise Refused("Nobody in this study can work: their accounts are closed, or no longer a labeler's.")
    cells = cells_to_deal(study)
    design = make_design(study, cells, [labeler.pk for labeler in labelers], texts_met(labelers))
    dealt = write_in_batches(
        in_own_order(study, design), partial(_deal_batch, study, actor), size=CELLS_A_BATCH, whole=False
    )
    return DealReport(
        dealt,
        len(cells) - dealt,
        spread(study, [labeler.pk for labeler in labelers]),
        unable=members - len(labelers),
    )


def _deal_batch(study: Study, actor: User | None, batch: list[Dealt]) -> int:
    """Give these cells out, with one event. Looks again if somebody took one in the same moment."""
    for _ in range(LOOKS):
        with suppress(IntegrityError), transaction.atomic():
            check_can_deal(locked(Study.objects.filter(pk=study.pk)).get())
            able = _held_and_able(study, {dealt.labeler for dealt in batch})
            given = [dealt for dealt in still_to_be_had(batch) if dealt.labeler in able]
            created = Assignment.objects.bulk_create(_assignments(given))
            Event.objects.create(kind=EventKind.DEALT, study=study, actor=actor, value=len(created))
            return len(created)
    raise Refused("Labelers take cells faster than they can be dealt out. Deal out again.")


def _held_and_able(study: Study, labelers: Iterable[int]) -> set[int]:
    """Who of them can (still) be given work of this study; they are held until the transaction ends."""
    able = lock_people(labelers)
    return able & set(study.labelers.filter(pk__in=able).values_list("pk", flat=True))


def _assignments(batch: list[Dealt]) -> Iterator[Assignment]:
    """Cells of questions that lack suggestions wait."""
    questions = {dealt.cell.question for dealt in batch if dealt.cell.question is not None}
    unready = set(StudyQuestion.objects.filter(pk__in=questions, ready_at=None).values_list("pk", flat=True))
    for dealt in batch:
        readiness = _readiness(dealt.cell.question not in unready)
        yield Assignment(slot_id=dealt.cell.slot, labeler_id=dealt.labeler, order=dealt.order, **readiness)


def _readiness(ready: bool) -> dict[str, Any]:
    if ready:
        return {"state": AssignmentState.OFFERED, "offered_at": timezone.now()}
    return {"state": AssignmentState.WAITING}


def offer_questions(study: Study, study_questions: Iterable[int]) -> int:
    """Open the cells of each question together. Those open already stay as they are. Returns how many opened."""
    return write_in_batches(list(study_questions), partial(_offer_batch, study))


def _offer_batch(study: Study, batch: list[int]) -> int:
    locked(Study.objects.filter(pk=study.pk)).get()
    waiting = dict(
        StudyQuestion.objects.filter(pk__in=batch, ready_at=None).order_by("position").values_list("pk", "position")
    )
    StudyQuestion.objects.filter(pk__in=waiting).update(ready_at=timezone.now())
    Assignment.objects.filter(slot__study_question__in=waiting, state=AssignmentState.WAITING).update(
        **_readiness(True)
    )
    Event.objects.bulk_create(
        Event(kind=EventKind.QUESTION_READY, study=study, value=position) for position in waiting.values()
    )
    return len(waiting)


def offer(slot: Slot, labeler: Labeler, *, ready: bool = True) -> Assignment:
    """Make it the last of this labeler's work. Raises IntegrityError if somebody has the slot.

    Call inside a transaction. Raises Refused if the labeler cannot be given work of this study.
    """
    lock_people([labeler.pk])
    check_can_be_given_work(Labeler.objects.select_related("user").get(pk=labeler.pk), slot.study)
    created: Assignment = Assignment.objects.create(
        slot=slot, labeler=labeler, order=_last_order(labeler) + 1, **_readiness(ready)
    )
    return created


def _last_order(labeler: Labeler) -> int:
    last: int | None = Assignment.objects.of(labeler).aggregate(last=models.Max("order"))["last"]
    return last or 0


def reassign(slot: Slot, labeler: Labeler, *, actor: User) -> Assignment:
    """Take a slot from whoever has it (unless submitted) and offer it to this labeler."""
    with transaction.atomic():
        locked(Study.objects.filter(pk=slot.study_id)).get()  # before all else, as whoever deals or opens questions
        slot = locked(Slot.objects.filter(pk=slot.pk)).select_related("passage", "study", "study_question").get()
        check_can_deal(slot.study)
        current: Assignment | None = slot.assignments.live().first()
        if current is not None and current.labeler_id == labeler.pk:
            return current
        check_can_meet(labeler, slot.passage)
        if slot.passage.text_digest in texts_met([labeler])[labeler.pk]:
            raise Refused(f"{labeler} already has another cell of this text.")
        if current is not None:
            release(current, ReleaseReason.REASSIGNED, actor=actor)
        ready = slot.study_question is None or slot.study_question.ready_at is not None
        add_labeler(slot.study, labeler, actor=actor)
        return offer(slot, labeler, ready=ready)
