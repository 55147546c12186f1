"""The database away for a while: restarted, failed over, out of connections. No run and no study is at fault."""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError, InterfaceError, OperationalError, connection

log = logging.getLogger(__name__)

#: What the driver raises when the server, and not the statement, is in trouble (PEP 249).
OUTAGES: tuple[type[Exception], ...] = (OperationalError, InterfaceError)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


def wait_for_database() -> None:
    """Return when the database answers again, over a new connection. For processes that can do nothing without it."""
    pause = FIRST_PAUSE
    while (trouble := _trouble()) is not None:
        log.warning("The database does not answer; asking again in %g s: %s", pause, trouble)
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _trouble() -> Exception | None:
    """What is wrong with a new connection; None if it answers."""
    connection.close()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError) as error:
        return error
    return None
