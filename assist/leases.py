"""A lease kept while work goes on: whoever stops extending it has lost the work."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from assist.outages import OUTAGES

log = logging.getLogger(__name__)

#: Extends a lease; returns how many rows are still held.
Extend = Callable[[], int]


def lease_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.RUN_LEASE_SECONDS)


@contextmanager
def kept_alive(extend: Extend) -> Iterator[None]:
    """Extend the lease from a thread for as long as the work goes on. A killed worker stops extending."""
    done = threading.Event()

    def beat() -> None:
        try:
            while not done.wait(settings.RUN_LEASE_SECONDS / 3):
                if not _extended(extend):
                    return
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _extended(extend: Extend) -> bool:
    """Whether the lease is still ours. While the database is away that is supposed: the fence knows in the end."""
    try:
        return extend() > 0
    except OUTAGES as outage:
        log.warning("the lease could not be extended: %s", outage)
        connection.close()
        return True
