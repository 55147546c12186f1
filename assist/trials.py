"""Trying a critic on a text of one's own: asked on a page, done by a worker, kept until the next one.

Nothing here touches a study, and no labeler is shown any of it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from assist.critics import model_name, open_critic
from assist.leases import kept_alive, lease_end
from assist.models import RunState, Trial
from assist.outages import OUTAGES, wait_for_database
from labeling.models import User
from models_service.engine import EngineError
from models_service.types import Bundle, Subject

log = logging.getLogger(__name__)

#: The same text tried twice gets the same critiques.
SEED: Final = 0
#: So often the page is told how far it is.
TELL_EVERY = 0.5
CALL_AGAIN_AFTER = timedelta(seconds=30)


class Abandoned(Exception):
    """Another trial took this one's place: nobody waits for it."""


def ask(user: User, *, critic: str, passage: str, question: str, answer: str) -> Trial:
    """Put somebody's trial in the place of their last one."""
    with transaction.atomic():
        Trial.objects.filter(user=user).delete()
        return Trial.objects.create(user=user, critic=critic, passage=passage, question=question, answer=answer)


def call_again() -> int:
    """Note that a worker is called for the trials that wait without a recent call. Returns how many they are."""
    unheard = Q(last_enqueued_at=None) | Q(last_enqueued_at__lt=timezone.now() - CALL_AGAIN_AFTER)
    return Trial.objects.filter(unheard, state=RunState.QUEUED).update(last_enqueued_at=timezone.now())


def fail_lost() -> int:
    """Tell those whose worker was lost. They sit before it, so it is theirs to ask again."""
    lost = Trial.objects.filter(state=RunState.RUNNING, lease_until__lt=timezone.now())
    return lost.update(
        state=RunState.FAILED,
        error="The worker was lost while it was on this. Ask again; if it happens again, look at the worker's log.",
    )


def work_off() -> None:
    """Do whatever trial waits, the oldest first."""
    for pk in list(Trial.objects.filter(state=RunState.QUEUED).order_by("pk").values_list("pk", flat=True)):
        taken = Trial.objects.filter(pk=pk, state=RunState.QUEUED)
        if taken.update(state=RunState.RUNNING, lease_until=lease_end()):
            _work_on(_held(pk))


def _held(pk: int) -> models.QuerySet[Trial]:
    """The trial for as long as it is this worker's: a newer one has another key, and a lost one has failed."""
    return Trial.objects.filter(pk=pk, state=RunState.RUNNING)


def _work_on(held: models.QuerySet[Trial]) -> None:
    try:
        with kept_alive(lambda: held.update(lease_until=lease_end())):
            said = _critique(held)
        held.update(state=RunState.DONE, said=said)
    except Abandoned:
        log.info("a trial was abandoned for another one")
    except EngineError as refusal:
        held.update(state=RunState.FAILED, error=str(refusal))
    except OUTAGES as outage:
        log.warning("a trial will be begun again, for the database was lost: %s", outage)
        wait_for_database()
        held.update(state=RunState.QUEUED, last_enqueued_at=None)
    except Exception as error:
        log.exception("a trial failed")
        held.update(state=RunState.FAILED, error=f"{type(error).__name__}: {error}")


def _critique(held: models.QuerySet[Trial]) -> dict[str, Any]:
    """What the critic says, with the seconds it took once it was loaded."""
    trial = held.first()
    if trial is None:
        raise Abandoned
    critic = open_critic(trial.critic)
    subject = Subject(key="trial", passage=trial.passage, question=trial.question, answer=trial.answer)
    begun = time.monotonic()
    bundle = critic.critique([subject], seed=SEED, progress=_Teller(held))[0]
    return _as_said(trial.critic, bundle, time.monotonic() - begun)


class _Teller:
    """Writes down how far the engine is, not more often than somebody reads it."""

    def __init__(self, held: models.QuerySet[Trial]) -> None:
        self._held, self._told = held, -TELL_EVERY

    def __call__(self, done: float, total: int) -> None:
        now = time.monotonic()
        if now - self._told < TELL_EVERY:
            return
        self._told = now
        if not self._held.update(done=int(done), total=total):
            raise Abandoned


def _as_said(critic: str, bundle: Bundle, seconds: float) -> dict[str, Any]:
    suggestions = [
        # A model may say NUL, which PostgreSQL's JSON cannot hold.
        asdict(one) | {"text": one.text.replace("\0", "\N{REPLACEMENT CHARACTER}")}
        for one in bundle.suggestions
    ]
    return {
        "critiqueability": bundle.critiqueability,
        "suggestions": suggestions,
        "model": asdict(bundle.model) | {"name": model_name(critic)},
        "seconds": round(seconds, 1),
    }
