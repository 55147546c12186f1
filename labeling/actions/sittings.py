"""What judging, checking and comparing do alike: an order of the labeler's own, parts saved once, handed in once.

Each asks one thing after another about a passage; each thing is a part of the page that saves itself and counts
its saves.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from django.db import transaction

from labeling.actions.working import begin, check_seen, hand_in, handed_in
from labeling.models import Assignment, Labeler, Sitting
from labeling.refusals import Refused, Stale

#: What a page shows: a part's key, and which of its saves.
Seen = Mapping[uuid.UUID, int]
Missing = tuple[uuid.UUID, str]


class Part(Protocol):
    """A row that counts its saves."""

    revision: int


def check_fresh(part: Part, base_revision: int) -> None:
    """Raise Stale if the part was saved since the page that asks was made."""
    if part.revision != base_revision:
        raise Stale("This was changed in another tab.")


def shuffled(assignment: Assignment, what: str, rows: Iterable[Any]) -> list[Any]:
    """Rows in the order in which this assignment shows them: random, and the same whenever it is asked for."""
    order = list(rows)
    random.Random(f"{what}:{assignment.slot.study.seed}:{assignment.public_id}").shuffle(order)
    return order


def submit(
    labeler: Labeler,
    assignment: Assignment,
    *,
    seen: Seen | None,
    revisions: Callable[[Sitting], Seen],
    missing: Callable[[Sitting], Missing | None],
) -> Sitting:
    """Hand in a draft. Repeating it answers with the first submission, unchanged.

    Raises Stale if the draft is not what `seen` says the page shows, so that nothing unseen is handed in; Refused
    for what `missing` names, with the key of its part.
    """
    with transaction.atomic():
        done = handed_in(labeler, assignment)
        if done is not None:
            return done
        assignment = begin(labeler, assignment)
        sitting = assignment.sitting
        parts = revisions(sitting)
        check_seen(parts, seen)
        lacking = missing(sitting)
        if lacking is not None:
            key, what = lacking
            raise Refused(what, field=str(key))
        return hand_in(assignment, value=len(parts))
