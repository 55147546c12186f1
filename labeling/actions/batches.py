"""Writing many rows without keeping labelers waiting: in batches, each whole in itself.

Where many can write at once (PostgreSQL) all batches are one transaction. SQLite has one writer: there each
batch is a transaction of its own, and the writer rests between them. What was cut short is continued by asking
for it again (docs/decisions/0012-long-writes-in-batches.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import Any, TypeVar

from django.db import connection, models, transaction

T = TypeVar("T")
#: So many rows, with all that hangs on each, are some 25 ms of writing.
ROWS_A_BATCH = 50
#: Who waits for SQLite's lock looks only every so often whether it is free, so a rest is as long as the work.
SHORTEST_REST_SECONDS = 0.01


def write_in_batches(
    rows: Iterable[T],
    write: Callable[[list[T]], int],
    *,
    size: int = ROWS_A_BATCH,
    weight: Callable[[T], int] = lambda _: 1,
    whole: bool = True,
) -> int:
    """Call `write` with batch after batch, each in a transaction. Returns the sum of what it returned.

    `whole`: where many can write at once, all of it is one transaction; else others see it batch by batch.
    """
    done = 0
    with transaction.atomic() if whole and connection.features.has_select_for_update else nullcontext():
        for batch in batches(rows, size, weight):
            began = time.monotonic()
            with transaction.atomic():
                done += write(batch)
            _rest(time.monotonic() - began)
    return done


def batches(rows: Iterable[T], size: int = ROWS_A_BATCH, weight: Callable[[T], int] = lambda _: 1) -> Iterator[list[T]]:
    """The rows in lists that weigh this much or, by their last row, more; the last list may weigh less."""
    batch: list[T] = []
    weighs = 0
    for row in rows:
        batch.append(row)
        weighs += weight(row)
        if weighs >= size:
            yield batch
            batch, weighs = [], 0
    if batch:
        yield batch


def pks(rows: Iterable[Any]) -> Iterable[int]:
    """The keys of rows, or of a query's rows without loading these."""
    return rows.values_list("pk", flat=True) if isinstance(rows, models.QuerySet) else [row.pk for row in rows]


def _rest(worked: float) -> None:
    """Let others write. Inside a transaction nobody could, so there is no rest."""
    if not connection.in_atomic_block:
        time.sleep(max(SHORTEST_REST_SECONDS, worked))
