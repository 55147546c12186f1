"""Finds what a lost signal, message or worker left lying: safe to call at any time, by anybody, repeatedly."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import astuple, dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from assist.models import Run, RunState
from assist.outages import OUTAGES
from assist.runs import cancel_unwanted, want_runs
from assist.tasks import call_for_trials, enqueue
from assist.trials import fail_lost
from labeling.actions.assisting import offer_complete_questions
from labeling.actions.releasing import release_left
from labeling.enums import StudyState
from labeling.models import Study
from labeling.reading.findings import compute, stale_studies

log = logging.getLogger(__name__)
#: A queued run is called for again after this long; a message is cheap, a flood of them is not.
CALL_AGAIN_AFTER = timedelta(seconds=30)
CALLS_AT_ONCE = 40


@dataclass(frozen=True)
class Swept:
    """What a sweep did, and for how many studies it failed: why stands in the log."""

    wanted: int = 0
    called: int = 0
    offered: int = 0
    released: int = 0
    cancelled: int = 0
    failed: int = 0

    def __add__(self, other: Swept) -> Swept:
        return Swept(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def sweep() -> Swept:
    """Queue what open studies lack, take back what none wants, call for what waits too long, open complete questions,
    release silent work.

    One study's error never stops another's sweep. A lost database stops them all, and is raised.
    """
    done = [_apart(_sweep_study, study) for study in Study.objects.filter(state=StudyState.OPEN)]
    done += [_apart(_renew_findings, study) for study in stale_studies()]
    cancelled = cancel_unwanted()
    fail_lost()
    call_for_trials()
    swept = sum(done, Swept(called=enqueue(overdue()[:CALLS_AT_ONCE]), cancelled=cancelled))
    if swept != Swept():
        log.info("swept: %s", swept)
    return swept


def _apart(work: Callable[[Study], Swept], study: Study) -> Swept:
    try:
        return work(study)
    except OUTAGES:
        raise
    except Exception:
        log.exception("“%s” (%s) could not be swept; the other studies go on", study, study.public_id)
        return Swept(failed=1)


def _sweep_study(study: Study) -> Swept:
    offered = offer_complete_questions(study)
    wanted = len(want_runs(study)) if study.critic else 0
    return Swept(offered=offered, wanted=wanted, released=release_left(study))


def _renew_findings(study: Study) -> Swept:
    compute(study)
    return Swept()


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
