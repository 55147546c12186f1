"""Dealing, claiming, opening: how a slot comes to a labeler. How it leaves again: releasing.py.

Two claims never collide: the database refuses a second live assignment of a slot and a second meeting with a
text, and who is refused looks again. A row that changes is locked first; on SQLite a transaction that writes
holds the one lock from its start.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from findings.statistics.calibration import from_dict
from labeling.batches import write_in_batches
from labeling.enums import Activity, AssignmentState, EventKind, ReleaseReason, StudyState
from labeling.locking import lock_people, locked
from labeling.models import (
    Assignment,
    Event,
    Exposure,
    Labeler,
    Passage,
    ShownSuggestion,
    Sitting,
    Slot,
    Study,
    StudyQuestion,
    User,
)
from labeling.refusals import Gone, Refused
from labeling.releasing import release, remember_meeting
from labeling.rules.designing import Dealt, cells_to_deal, in_own_order, make_design, spread, still_to_be_had
from labeling.rules.onboarding import newest_instruction
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


def expose(labeler: Labeler, passage: Passage, activity: Activity) -> None:
    """Enter a first meeting in the ledger. Raises IntegrityError if the labeler has met this text."""
    Exposure.objects.create(labeler=labeler, passage=passage, text_digest=passage.text_digest, activity=activity)


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


def texts_met(labelers: Iterable[Labeler]) -> dict[int, set[str]]:
    """Digests of the texts each labeler has met or is about to meet in any study."""
    met: dict[int, set[str]] = defaultdict(set)
    for labeler, digest in Exposure.objects.filter(labeler__in=labelers).values_list("labeler", "text_digest"):
        met[labeler].add(digest)
    coming = Assignment.objects.live().filter(labeler__in=labelers)
    for labeler, digest in coming.values_list("labeler", "slot__passage__text_digest"):
        met[labeler].add(digest)
    return met


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


def open_next(labeler: Labeler) -> Assignment | None:
    """The labeler's next piece of work: the one being worked on, the next one dealt, or one from the pool.

    Opening it enters the text in the labeler's ledger. None where there is nothing (yet).
    """
    while (coming := next_for(labeler)) is not None:
        opened = open_assignment(coming)
        if opened is not None:
            return opened
    return None


def next_for(labeler: Labeler) -> Assignment | None:
    """What `open_next` opens next. Whatever comes from the pool is offered to this labeler now."""
    ready = Assignment.objects.to_be_done().of(labeler)
    current: Assignment | None = ready.filter(state=AssignmentState.OPENED).first()
    return current or ready.order_by("order", "pk").first() or _take_from_pool(labeler)


def open_assignment(assignment: Assignment) -> Assignment | None:
    """Open an offered assignment. None if the labeler turns out to have met the text: then it is released."""
    try:
        with transaction.atomic():
            return _open(assignment)
    except IntegrityError:
        release(assignment, ReleaseReason.SEEN_BEFORE)
        return None


def _open(assignment: Assignment) -> Assignment:
    assignment = (
        locked(Assignment.objects.filter(pk=assignment.pk)).select_related("slot__study", "slot__passage").get()
    )
    if assignment.state == AssignmentState.OPENED:
        return assignment
    if not AssignmentState(assignment.state).can_become(AssignmentState.OPENED):
        raise Gone("This cannot be opened any more.")
    slot = assignment.slot
    if slot.study.state != StudyState.OPEN:
        raise Gone("This study is not open.")
    if Activity(slot.activity).needs_fresh_eye or not has_written_about(assignment.labeler, slot.passage):
        expose(assignment.labeler, slot.passage, Activity(slot.activity))
    else:
        remember_meeting(assignment)
    now = timezone.now()
    assignment.state = AssignmentState.OPENED
    assignment.opened_at = assignment.last_seen_at = now
    assignment.instruction = newest_instruction(slot.study)
    if slot.assisted:
        assignment.bundle = newest_bundle(slot)
    assignment.save(update_fields=["state", "opened_at", "last_seen_at", "bundle", "instruction"])
    Event.objects.create(kind=EventKind.OPENED, study=slot.study, assignment=assignment)
    Sitting.objects.create(
        assignment=assignment,
        study=slot.study,
        activity=slot.activity,
        labeler=assignment.labeler,
        passage=slot.passage,
    )
    if assignment.bundle is not None:
        _show_suggestions(assignment)
    return assignment


def has_written_about(labeler: Labeler, passage: Passage) -> bool:
    """Whether an answer about this passage is theirs: then they know the text, and may check what was found."""
    return labeler.answers_written.filter(question__passage=passage).exists()


def newest_bundle(slot: Slot) -> Any:
    """The suggestions of this study's critic for the slot's answer."""
    assert slot.answer is not None
    bundle = slot.answer.bundles.filter(critic=slot.study.critic).order_by("-pk").first()
    if bundle is None:
        raise Refused("The suggestions of this assignment are missing. Tell the admin of the study.")
    return bundle


def calibrated_scores(study: Study, scores: list[float]) -> list[float | None]:
    """The scores as the study has them shown; null each where it shows the critic's own."""
    if study.calibration is None:
        return [None] * len(scores)
    return [float(score) for score in from_dict(study.calibration["map"]).apply(np.array(scores))]


def _show_suggestions(assignment: Assignment) -> None:
    assert assignment.bundle is not None
    shown = assignment.bundle.shown()
    calibrated = calibrated_scores(assignment.slot.study, [suggestion.helpfulness for suggestion in shown])
    ShownSuggestion.objects.bulk_create(
        ShownSuggestion(assignment=assignment, suggestion=suggestion, rank=rank, calibrated=score, shown_ms=0)
        for rank, (suggestion, score) in enumerate(zip(shown, calibrated, strict=True))
    )
    Event.objects.create(
        kind=EventKind.SUGGESTIONS_SHOWN,
        study=assignment.slot.study,
        assignment=assignment,
        value=len(shown),
    )


def pool_for(labeler: Labeler) -> models.QuerySet[Slot]:
    """Slots nobody has, ready, in open studies of this labeler, about texts the labeler has not met."""
    met = texts_met([labeler])[labeler.pk]
    return (
        Slot.objects.filter(
            study__state=StudyState.OPEN,
            study__labelers__in=Labeler.objects.able_to_work().filter(pk=labeler.pk),
            study__import_batch=None,
        )
        .filter(models.Q(study_question=None) | models.Q(study_question__ready_at__isnull=False))
        .exclude(activity=Activity.CHECKING)
        .exclude(assignments__in=Assignment.objects.live())
        .exclude(passage__text_digest__in=met)
    )


def _take_from_pool(labeler: Labeler) -> Assignment | None:
    """Claim a free slot, of the condition this labeler has had least often."""
    had = Counter(
        Assignment.objects.live()
        .of(labeler)
        .values_list("slot__study", "slot__activity", "slot__answer_kind", "slot__assisted")
    )
    while True:
        candidates = pool_for(labeler).select_related("study")[:200]
        if not candidates:
            return None
        slot = min(
            candidates,
            key=lambda slot: (
                had[slot.study_id, slot.activity, slot.answer_kind, slot.assisted],
                _shuffled(labeler, slot),
            ),
        )
        # Not locked beforehand: locks on candidates would make them look gone to whoever asks meanwhile.
        try:
            with transaction.atomic():
                return offer(slot, labeler)
        except (IntegrityError, Refused):  # taken, or the labeler closed out, between look and claim: look again
            continue


def _shuffled(labeler: Labeler, slot: Slot) -> str:
    """A random-looking, reproducible order of slots for one labeler."""
    return hashlib.sha256(f"{slot.study.seed}:{labeler.pk}:{slot.pk}".encode()).hexdigest()


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


def add_labeler(study: Study, labeler: Labeler, *, actor: User | None = None) -> None:
    """Let somebody work in a study. Does nothing the second time."""
    if not study.labelers.filter(pk=labeler.pk).exists():
        study.labelers.add(labeler)
        Event.objects.create(kind=EventKind.JOINED_STUDY, study=study, account_id=labeler.user_id, actor=actor)


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
