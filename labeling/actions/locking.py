"""Rows and people held still while something about them changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection, models

from labeling.models import Labeler


def locked(rows: models.QuerySet[Any], *, skip: bool = False) -> models.QuerySet[Any]:
    """Take rows for this transaction. SQLite has no row locks: there, who writes holds the one lock from the start.

    Rows that only point at a locked one, as every event does, can still be added by others.
    """
    if not connection.features.has_select_for_update:
        return rows
    return rows.select_for_update(skip_locked=skip, of=("self",), no_key=True)


def lock_people(labelers: Iterable[int]) -> set[int]:
    """Hold these people as they are until the transaction ends. Returns who of them can work.

    Whoever gives somebody work, and whoever takes away their right to it, asks here first: one of the two waits
    for the other, and then sees what the other did.
    """
    people = set(labelers)
    list(locked(Labeler.objects.filter(pk__in=people).order_by("pk")))
    return set(Labeler.objects.able_to_work().filter(pk__in=people).values_list("pk", flat=True))


def one_at_a_time(what: str) -> None:
    """Wait for whoever does the same now, and let nobody else begin it before this transaction ends.

    For what looks whether something is there and adds it, where no row stands for what is not there yet. On SQLite
    who writes is alone from the start.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [what])
