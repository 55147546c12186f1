"""Opening: how a labeler comes to the next piece of work, dealt beforehand or claimed from the pool."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import numpy as np
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from findings.statistics.calibration import from_dict
from labeling.actions.dealing import offer
from labeling.actions.exposures import expose, has_written_about, remember_meeting, texts_met
from labeling.actions.locking import locked
from labeling.actions.releasing import release
from labeling.enums import Activity, AssignmentState, EventKind, ReleaseReason, StudyState
from labeling.models import (
    Assignment,
    Event,
    Labeler,
    ShownSuggestion,
    Sitting,
    Slot,
    Study,
)
from labeling.refusals import Gone, Refused
from labeling.rules.onboarding import newest_instruction


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
        ShownSuggestion(assignment=assignment, suggestion=suggestion, rank=rank, calibrated=score)
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
