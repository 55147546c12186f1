"""Dealing, claiming, opening, releasing: how a slot comes to a labeler and leaves again.

Two claims never collide: the database refuses a second live assignment of a slot and a second meeting with a
text, and who is refused looks again. A row that changes is locked first; on SQLite a transaction that writes
holds the one lock from its start.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from findings.statistics.calibration import from_dict
from labeling.enums import Activity, AssignmentState, EventKind, ReleaseReason, StudyState
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
from labeling.rules.dealing import deal
from labeling.rules.onboarding import newest_instruction
from labeling.rules.permissions import check_can_deal, check_can_meet


def locked(rows: models.QuerySet[Any], *, skip: bool = False) -> models.QuerySet[Any]:
    """Take rows for this transaction. SQLite has no row locks and needs none: see the module's first lines.

    Not their keys: what others write about a locked row (an event of its study) is not kept waiting, and waits for
    nobody who waits for it. Whoever locks a study locks it before anything else.
    """
    if not connection.features.has_select_for_update:
        return rows
    return rows.select_for_update(skip_locked=skip, of=("self",), no_key=True)


@dataclass(frozen=True)
class DealReport:
    """What dealing did, for the admin who asked."""

    dealt: int
    undealt: int
    spread: int


def expose(labeler: Labeler, passage: Passage, activity: Activity) -> None:
    """Enter a first meeting in the ledger. Raises IntegrityError if the labeler has met this text."""
    Exposure.objects.create(labeler=labeler, passage=passage, text_digest=passage.text_digest, activity=activity)


def deal_study(study: Study, *, actor: User | None = None) -> DealReport:
    """Deal every slot that nobody has, balanced over the study's labelers, in each one's own random order."""
    with transaction.atomic():
        study = locked(Study.objects.filter(pk=study.pk)).get()
        check_can_deal(study)
        _hold_unready(StudyQuestion.objects.filter(study=study))
        labelers = list(study.labelers.order_by("pk"))
        if not labelers:
            raise Refused("Add labelers to the study first: there is nobody to deal to.")
        slots = list(
            Slot.objects.filter(study=study)
            .exclude(activity=Activity.CHECKING)  # goes to the author: actions/checking.py
            .exclude(assignments__in=Assignment.objects.live())
            .select_related("passage", "study_question")
            .order_by("study_question__position", "answer_kind", "assisted", "number")
        )
        dealt = _design(study, slots, labelers)
        created = _create_assignments(study, slots, dealt)
        Event.objects.create(kind=EventKind.DEALT, study=study, actor=actor, value=len(created))
    return DealReport(len(created), len(slots) - len(created), _spread(study, labelers))


def _hold_unready(questions: models.QuerySet[StudyQuestion]) -> None:
    """Have `offer_question` wait: what is dealt meanwhile as waiting would stay so for ever."""
    list(locked(questions.filter(ready_at=None).order_by("pk")))


def _design(study: Study, slots: list[Slot], labelers: list[Labeler]) -> dict[int, Labeler]:
    """Slot number in the list -> labeler."""
    questions: dict[tuple[int | None, int], int] = {}
    texts: list[str] = []
    conditions: dict[tuple[str, str, bool, int], int] = {}
    cells: dict[tuple[int, int], int] = {}
    for number, slot in enumerate(slots):
        question = questions.setdefault((slot.study_question_id, slot.passage_id), len(questions))
        if question == len(texts):
            texts.append(slot.passage.text_digest)
        key = (slot.activity, slot.answer_kind, slot.assisted, slot.number)
        condition = conditions.setdefault(key, len(conditions))
        cells[question, condition] = number
    met = texts_met(labelers)
    result = deal(
        texts,
        list(cells),
        [labeler.pk for labeler in labelers],
        lambda labeler, text: text not in met[labeler],
        study.seed + Assignment.objects.filter(slot__study=study).count(),
    )
    by_pk = {labeler.pk: labeler for labeler in labelers}
    return {cells[cell]: by_pk[pk] for cell, pk in result.labelers.items()}


def texts_met(labelers: Iterable[Labeler]) -> dict[int, set[str]]:
    """Digests of the texts each labeler has met or is about to meet in any study."""
    met: dict[int, set[str]] = defaultdict(set)
    for labeler, digest in Exposure.objects.filter(labeler__in=labelers).values_list("labeler", "text_digest"):
        met[labeler].add(digest)
    coming = Assignment.objects.live().filter(labeler__in=labelers)
    for labeler, digest in coming.values_list("labeler", "slot__passage__text_digest"):
        met[labeler].add(digest)
    return met


def _create_assignments(study: Study, slots: list[Slot], dealt: dict[int, Labeler]) -> list[Assignment]:
    rng = random.Random(f"order:{study.seed}:{Assignment.objects.filter(slot__study=study).count()}")
    numbers = sorted(dealt)
    rng.shuffle(numbers)
    last: Counter[int] = Counter(
        dict(
            Assignment.objects.filter(labeler__in=set(dealt.values()))
            .order_by()
            .values_list("labeler")
            .annotate(last=models.Max("order"))
        )
    )
    assignments = []
    for number in numbers:
        slot, labeler = slots[number], dealt[number]
        last[labeler.pk] += 1
        ready = slot.study_question is None or slot.study_question.ready_at is not None
        assignments.append(
            Assignment(
                slot=slot,
                labeler=labeler,
                order=last[labeler.pk],
                state=AssignmentState.OFFERED if ready else AssignmentState.WAITING,
            )
        )
    # Whoever claimed a slot since we looked keeps it.
    Assignment.objects.bulk_create(assignments, batch_size=500, ignore_conflicts=True)
    here = set(Assignment.objects.filter(slot__study=study).values_list("public_id", flat=True))
    return [assignment for assignment in assignments if assignment.public_id in here]


def _spread(study: Study, labelers: list[Labeler]) -> int:
    """Largest difference, within a condition, between two labelers' counts of live assignments."""
    counts: dict[tuple[str, bool], Counter[int]] = defaultdict(Counter)
    live = Assignment.objects.live().filter(slot__study=study)
    for kind, assisted, labeler in live.values_list("slot__answer_kind", "slot__assisted", "labeler"):
        counts[kind, assisted][labeler] += 1
    return max(
        (
            max(counter[labeler.pk] for labeler in labelers) - min(counter[labeler.pk] for labeler in labelers)
            for counter in counts.values()
        ),
        default=0,
    )


def offer_question(study_question: StudyQuestion) -> None:
    """Open the cells of a question together. Does nothing the second time."""
    with transaction.atomic():
        changed = StudyQuestion.objects.filter(pk=study_question.pk, ready_at=None).update(ready_at=timezone.now())
        if not changed:
            return
        Assignment.objects.filter(slot__study_question=study_question, state=AssignmentState.WAITING).update(
            state=AssignmentState.OFFERED
        )
        Event.objects.create(
            kind=EventKind.QUESTION_READY, study_id=study_question.study_id, value=study_question.position
        )


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
        _remember_meeting(assignment)
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
            study__labelers=labeler,
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
        except IntegrityError:  # somebody else took it between the look and the claim: look again
            continue


def _shuffled(labeler: Labeler, slot: Slot) -> str:
    """A random-looking, reproducible order of slots for one labeler."""
    return hashlib.sha256(f"{slot.study.seed}:{labeler.pk}:{slot.pk}".encode()).hexdigest()


def offer(slot: Slot, labeler: Labeler, *, ready: bool = True) -> Assignment:
    """Make it the last of this labeler's work. Raises IntegrityError if somebody has the slot."""
    state = AssignmentState.OFFERED if ready else AssignmentState.WAITING
    created: Assignment = Assignment.objects.create(
        slot=slot, labeler=labeler, order=_last_order(labeler) + 1, state=state
    )
    return created


def _last_order(labeler: Labeler) -> int:
    last: int | None = Assignment.objects.of(labeler).aggregate(last=models.Max("order"))["last"]
    return last or 0


def release(assignment: Assignment, reason: ReleaseReason, *, actor: User | None = None) -> None:
    """Give the slot back. What was written stays with the released assignment. Does nothing the second time."""
    with transaction.atomic():
        row = locked(Assignment.objects.filter(pk=assignment.pk)).select_related("slot").get()
        if row.state == AssignmentState.RELEASED:
            return
        if not AssignmentState(row.state).can_become(AssignmentState.RELEASED):
            raise Gone("This has been submitted, so it cannot be given back.")
        row.state, row.release_reason, row.closed_at = AssignmentState.RELEASED, reason, timezone.now()
        row.save(update_fields=["state", "release_reason", "closed_at"])
        if reason == ReleaseReason.SEEN_BEFORE:
            _remember_meeting(row)
        Event.objects.create(kind=EventKind.RELEASED, study_id=row.slot.study_id, assignment=row, actor=actor)


def _remember_meeting(assignment: Assignment) -> None:
    """Somebody who says they have read a text is never dealt it again, even if it was never opened here."""
    passage = assignment.slot.passage
    Exposure.objects.get_or_create(
        labeler=assignment.labeler,
        text_digest=passage.text_digest,
        defaults={"passage": passage, "activity": assignment.slot.activity},
    )


def release_silent(study: Study) -> int:
    """Release what was opened and left without a sign of life for longer than the study allows."""
    limit = timezone.now() - timedelta(hours=study.idle_release_hours)
    count = 0
    for assignment in Assignment.objects.filter(slot__study=study).silent_since(limit):
        release(assignment, ReleaseReason.TIMED_OUT)
        count += 1
    return count


def reassign(slot: Slot, labeler: Labeler, *, actor: User) -> Assignment:
    """Take a slot from whoever has it (unless submitted) and offer it to this labeler."""
    with transaction.atomic():
        _hold_unready(StudyQuestion.objects.filter(pk=slot.study_question_id))
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
        slot.study.labelers.add(labeler)
        return offer(slot, labeler, ready=ready)
