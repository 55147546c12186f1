"""The Celery side: ids in, state out. A message only wakes a worker; the run's row says what there is to do."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Iterable
from functools import partial
from itertools import islice
from typing import Any

from celery import Task, shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from assist.critics import open_critic
from assist.leases import kept_alive
from assist.models import Run
from assist.outages import OUTAGES, wait_for_database
from assist.runs import Claim, claim, fail, finish, never_called, put_back
from assist.subjects import subject_of_answer
from assist.trials import call_again, work_off
from models_service.engine import EngineError

log = logging.getLogger(__name__)


#: A study of thousands is no flood of messages: so many runs are called for, and who finishes calls for the next.
CALLED_AT_ONCE = 300


def enqueue(runs: Iterable[Run]) -> int:
    """Send a wake-up call for each passage among the first of the runs, after commit. Returns how many were sent."""
    run_ids = [run.pk for run in islice(runs, CALLED_AT_ONCE)]
    groups: dict[tuple[int, str], int] = {}
    for run in Run.objects.filter(pk__in=run_ids).select_related("answer__question").order_by("-pk"):
        groups[run.answer.question.passage_id, run.critic] = run.pk
    Run.objects.filter(pk__in=run_ids).update(last_enqueued_at=timezone.now())
    for run_id in sorted(groups.values()):
        transaction.on_commit(partial(call, run_id))
    return len(groups)


def call(run_id: int) -> None:
    """Wake a worker. If the broker is away, nobody is kept waiting: the row stands, and the sweeper calls again."""
    _send(process, run_id)


def _send(task: Task[Any, Any], *args: int) -> None:
    try:
        task.apply_async(args, retry=False)
    except OperationalError as error:
        log.warning("%s%s: nobody could be called (%s); the sweeper will call again", task.name, args, error)


@shared_task(name="assist.process")
def process(run_id: int) -> None:
    """Do the run, together with what else waits about its passage. Nothing happens if it is not to be had.

    Somebody sits before a trial, so those that wait come first.
    """
    work_off()
    held = claim(run_id, owner=f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}")
    if held is None:
        return
    log.info("%s: %d answers of one passage", held.runs[0].critic, len(held.runs))
    with kept_alive(held.extend):
        work_on(held)
    enqueue([*held.waiting_beside(), *never_called()[:1]])


def work_on(held: Claim) -> None:
    """Ask the engine, store what it says. What it refuses for one answer is no reason to fail the others.

    A database that went away meanwhile is no reason to fail any of them: they are begun again.
    """
    try:
        critique_and_store(held)
    except EngineError as refusal:
        if len(held.runs) == 1:
            fail(held, str(refusal))
            return
        for run in held.runs:
            work_on(Claim(held.owner, (run,)))
    except OUTAGES as outage:
        log.warning("runs %s will be begun again, for the database was lost: %s", [run.pk for run in held.runs], outage)
        wait_for_database()
        put_back(held)
    except Exception as error:
        log.exception("runs %s failed", [run.pk for run in held.runs])
        fail(held, f"{type(error).__name__}: {error}")


def critique_and_store(held: Claim) -> None:
    first = held.runs[0]
    bundles = open_critic(first.critic).critique(
        [subject_of_answer(run.answer) for run in held.runs],
        seed=first.seed,
        temperatures=first.temperatures,
    )
    for run, bundle in zip(held.runs, bundles, strict=True):
        if finish(held, run, bundle) is None:
            log.warning("run %d was taken over by another worker; this result is dropped", run.pk)


@shared_task(name="assist.try_critic")
def try_critic() -> None:
    """Do the trials that wait."""
    work_off()


def call_for_trials() -> None:
    """Wake a worker for the trials that wait and that nobody was called for lately (after commit)."""
    if call_again():
        transaction.on_commit(partial(_send, try_critic))
