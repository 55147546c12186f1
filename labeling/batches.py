"""Writing many rows without keeping labelers waiting: in batches, each whole in itself.

Where many can write at once (PostgreSQL) all batches are one transaction. SQLite has one writer: there each
batch is a transaction of its own, and the writer rests between them. What was cut short is continued by asking
for it again (docs/decisions/0012-long-writes-in-batches.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import TypeVar

from django.db import connection, transaction

T = TypeVar("T")
#: So many rows, with all that hangs on each, are some 50 ms of writing.
ROWS_A_BATCH = 100
#: Who waits for SQLite's lock looks only every so often whether it is free, so a rest is as long as the work.
SHORTEST_REST_SECONDS = 0.01


def long_write() -> AbstractContextManager[object]:
    """Around a write of many batches: one transaction, unless it would shut out all others until its end."""
    return transaction.atomic() if connection.features.has_select_for_update else nullcontext()


def write_in_batches(rows: Iterable[T], write: Callable[[list[T]], int], *, size: int = ROWS_A_BATCH) -> int:
    """Call `write` with batch after batch, each in a transaction. Returns the sum of what it returned."""
    done = 0
    with long_write():
        for batch in batches(rows, size):
            began = time.monotonic()
            with transaction.atomic():
                done += write(batch)
            _rest(time.monotonic() - began)
    return done


def batches(rows: Iterable[T], size: int = ROWS_A_BATCH) -> Iterator[list[T]]:
    """The rows in lists of this size; the last may be shorter."""
    left = iter(rows)
    while batch := list(islice(left, size)):
        yield batch


def _rest(worked: float) -> None:
    """Let others write. Inside a transaction nobody could, so there is no rest."""
    if not connection.in_atomic_block:
        time.sleep(max(SHORTEST_REST_SECONDS, worked))
