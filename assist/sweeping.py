"""Finds what a lost signal, message or worker left lying: safe to call at any time, by anybody, repeatedly."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from assist.models import Run, RunState
from assist.runs import want_runs
from assist.tasks import enqueue
from labeling.actions.assisting import offer_complete_questions
from labeling.assigning import release_silent
from labeling.enums import StudyState
from labeling.models import Study
from labeling.reading.findings import compute, stale_studies

log = logging.getLogger(__name__)
#: A queued run is called for again after this long; a message is cheap, a flood of them is not.
CALL_AGAIN_AFTER = timedelta(seconds=30)
CALLS_AT_ONCE = 40


@dataclass(frozen=True)
class Swept:
    wanted: int
    called: int
    offered: int
    released: int


def sweep() -> Swept:
    """Queue what open studies lack, call for what waits too long, open complete questions, release silent work."""
    wanted = offered = released = 0
    for study in Study.objects.filter(state=StudyState.OPEN):
        offered += offer_complete_questions(study)
        wanted += len(want_runs(study)) if study.critic else 0
        released += release_silent(study)
    for study in stale_studies():
        compute(study)
    called = enqueue(overdue()[:CALLS_AT_ONCE])
    swept = Swept(wanted, called, offered, released)
    if swept != Swept(0, 0, 0, 0):
        log.info("swept: %s", swept)
    return swept


def overdue() -> list[Run]:
    """Runs that wait without a recent call, and runs whose worker let the lease go."""
    now = timezone.now()
    unheard = Q(last_enqueued_at=None) | Q(last_enqueued_at__lt=now - CALL_AGAIN_AFTER)
    return list(
        Run.objects.filter(
            Q(state=RunState.QUEUED) & unheard
            | Q(state=RunState.RUNNING, lease_until__lt=now)
            & (Q(last_enqueued_at=None) | Q(last_enqueued_at__lt=now - timedelta(seconds=5)))
        ).order_by("pk")
    )
