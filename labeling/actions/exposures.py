"""Who has met which text: the ledger that keeps anybody from being dealt a text twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from labeling.enums import Activity
from labeling.models import (
    Assignment,
    Exposure,
    Labeler,
    Passage,
)


def expose(labeler: Labeler, passage: Passage, activity: Activity) -> None:
    """Enter a first meeting in the ledger. Raises IntegrityError if the labeler has met this text."""
    Exposure.objects.create(labeler=labeler, passage=passage, text_digest=passage.text_digest, activity=activity)


def remember_meeting(assignment: Assignment) -> None:
    """Somebody who says they have read a text is never dealt it again, even if it was never opened here."""
    passage = assignment.slot.passage
    Exposure.objects.get_or_create(
        labeler=assignment.labeler,
        text_digest=passage.text_digest,
        defaults={"passage": passage, "activity": assignment.slot.activity},
    )


def texts_met(labelers: Iterable[Labeler]) -> dict[int, set[str]]:
    """Digests of the texts each labeler has met or is about to meet in any study."""
    met: dict[int, set[str]] = defaultdict(set)
    for labeler, digest in Exposure.objects.filter(labeler__in=labelers).values_list("labeler", "text_digest"):
        met[labeler].add(digest)
    coming = Assignment.objects.live().filter(labeler__in=labelers)
    for labeler, digest in coming.values_list("labeler", "slot__passage__text_digest"):
        met[labeler].add(digest)
    return met


def has_written_about(labeler: Labeler, passage: Passage) -> bool:
    """Whether an answer about this passage is theirs: then they know the text, and may check what was found."""
    return labeler.answers_written.filter(question__passage=passage).exists()
