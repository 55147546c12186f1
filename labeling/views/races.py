"""Two people at once: whoever comes second looks again, and finds what the first one did."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.db import DatabaseError
from django.http import HttpRequest

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
TRIES = 4
#: What PostgreSQL and SQLite call it when the same row is there already, or two transactions wait for each other.
BEATEN = {
    *("23505", "40001", "40P01"),
    *("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"),
}


def was_beaten(error: DatabaseError) -> bool:
    """Whether the database refused because somebody else was first, and not because of what was asked."""
    cause = error.__cause__
    return bool({getattr(cause, "pgcode", None), getattr(cause, "sqlite_errorname", None)} & BEATEN)


def looking_again(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Call a view again if somebody else was first: its transaction left nothing, and writing is idempotent.

    The second look answers with what stands there now: the same result, or the sentence why not. An error that
    stays is one of ours.
    """

    @wraps(view)
    def looked(*args: Any, **kwargs: Any) -> Answer:
        for _ in range(TRIES - 1):
            try:
                return view(*args, **kwargs)
            except DatabaseError as error:
                if not was_beaten(error):
                    raise
                log.info("somebody else was first, so %s looks again: %s", view.__name__, error)
                _rewind(args)
        return view(*args, **kwargs)

    return looked


def _rewind(args: tuple[Any, ...]) -> None:
    """Files that were read are read again from their beginning."""
    for request in args:
        if isinstance(request, HttpRequest):
            for _, files in request.FILES.lists():
                for file in files:
                    file.seek(0)
