"""Finding critiques: the only code that writes what a labeler finds.

Every verb runs in one transaction with its event, may be repeated without harm, and raises Refused with the
sentence that the labeler reads.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from rapidfuzz.distance import Levenshtein

from labeling.actions import sittings
from labeling.actions.locking import locked
from labeling.actions.sittings import CHANGED_MEANWHILE, Draft, begin, elapsed_ms, record
from labeling.enums import CritiqueOrigin, EventKind
from labeling.models import (
    Answer,
    Assignment,
    Critique,
    Labeler,
    LabelerCritique,
    ShownSuggestion,
    Sitting,
    Suggestion,
)
from labeling.refusals import NeedsConfirmation, Refused, Stale
from labeling.rules.grades import missing_of_critique

PERFECT = 7
GRADES = ("category", "category_text", "severity")


@dataclass(frozen=True)
class Seen:
    """What a page shows when its labeler submits: the rating, and the revision of each critique by client key."""

    rating: int | None
    revisions: Mapping[uuid.UUID, int]


def kept(sitting: Sitting) -> Any:
    """A sitting's critiques that were not removed, in order."""
    return sitting.critiques.filter(removed_ms=None).select_related("critique", "suggestion_used__critique")


def add_critique(
    *, labeler: Labeler, assignment: Assignment, client_key: uuid.UUID, suggestion: Suggestion | None = None
) -> LabelerCritique:
    """Begin a critique: empty, or pre-filled with a suggestion that this assignment shows (the Use button)."""
    with transaction.atomic():
        assignment = begin(labeler, assignment)
        sitting = assignment.sitting
        repeated = sitting.critiques.filter(client_key=client_key).first()
        if repeated is not None:
            return repeated
        now = elapsed_ms(assignment)
        if suggestion is not None:
            _note_use(assignment, suggestion, now)
        critique = Critique.objects.create(
            answer=_answer_of(assignment),
            origin=CritiqueOrigin.LABELER,
            text=suggestion.critique.text if suggestion is not None else "",
        )
        stamp = now if suggestion is not None else None
        found = LabelerCritique.objects.create(
            critique=critique,
            client_key=client_key,
            sitting=sitting,
            position=sitting.critiques.count(),
            suggestion_used=suggestion,
            first_modified_ms=stamp,
            last_modified_ms=stamp,
        )
        record(
            assignment,
            EventKind.SUGGESTION_USED if suggestion is not None else EventKind.CRITIQUE_ADDED,
            critique=critique.pk,
            suggestion=suggestion.pk if suggestion is not None else None,
        )
    return found


def _answer_of(assignment: Assignment) -> Answer:
    answer = assignment.slot.answer
    assert answer is not None, "a critiquing slot has an answer: the database sees to it"
    return answer


def _note_use(assignment: Assignment, suggestion: Suggestion, now: int) -> None:
    shown = ShownSuggestion.objects.filter(assignment=assignment, suggestion=suggestion).first()
    if shown is None:
        raise Refused("This suggestion does not belong to this answer.")
    shown.times_used += 1
    if shown.first_used_ms is None:
        shown.first_used_ms = now
    shown.save(update_fields=["times_used", "first_used_ms"])


def save_critique(
    *,
    labeler: Labeler,
    assignment: Assignment,
    client_key: uuid.UUID,
    suggestion: Suggestion | None = None,
    **content: Any,
) -> LabelerCritique:
    """Save a critique as it stands in the page. The first save under a key begins it (from a suggestion, perhaps)."""
    with transaction.atomic():
        found = add_critique(labeler=labeler, assignment=assignment, client_key=client_key, suggestion=suggestion)
        return change_critique(labeler=labeler, found=found, **content)


def change_critique(
    *,
    labeler: Labeler,
    found: LabelerCritique,
    base_revision: int,
    text: str,
    category: str,
    category_text: str,
    severity: int | None,
) -> LabelerCritique:
    """Save a critique as it stands in the page. The stamps move only if its text does.

    Raises Stale if the page has not seen the latest save, unless it asks for what is stored already.
    """
    with transaction.atomic():
        assignment = begin(labeler, found.sitting.own_assignment)
        found = locked(LabelerCritique.objects.filter(pk=found.pk)).select_related("critique", "sitting").get()
        critique = found.critique
        wanted = (text, category, category_text, severity)
        if wanted == (critique.text, found.category, found.category_text, found.severity):
            return found
        if found.removed_ms is not None:
            raise Stale("This critique was removed in another tab.")
        if base_revision != found.revision:
            raise Stale("This critique was changed in another tab.")
        distance = Levenshtein.distance(critique.text, text)
        if text != critique.text:
            now = elapsed_ms(assignment)
            found.last_modified_ms = now
            if found.first_modified_ms is None:
                found.first_modified_ms = now
            critique.text = text
            critique.save(update_fields=["text"])
        found.category, found.category_text, found.severity = category, category_text, severity
        found.revision += 1
        found.save(update_fields=[*GRADES, "revision", "first_modified_ms", "last_modified_ms"])
        found.sitting.save(update_fields=["saved_at"])
        record(assignment, EventKind.CRITIQUE_CHANGED, critique=critique.pk, value=distance)
    return found


def remove_critique(*, labeler: Labeler, found: LabelerCritique) -> None:
    """Take a critique out. It stays in the history, and can be put back until submitted."""
    with transaction.atomic():
        assignment = begin(labeler, found.sitting.own_assignment)
        changed = LabelerCritique.objects.filter(pk=found.pk, removed_ms=None).update(removed_ms=elapsed_ms(assignment))
        if changed:
            record(assignment, EventKind.CRITIQUE_REMOVED, critique=found.pk)


def restore_critique(*, labeler: Labeler, found: LabelerCritique) -> LabelerCritique:
    """Put a removed critique back."""
    with transaction.atomic():
        assignment = begin(labeler, found.sitting.own_assignment)
        if LabelerCritique.objects.filter(pk=found.pk, removed_ms__isnull=False).update(removed_ms=None):
            record(assignment, EventKind.CRITIQUE_RESTORED, critique=found.pk)
    found.refresh_from_db()
    return found


def rate(*, labeler: Labeler, assignment: Assignment, rating: int) -> Sitting:
    """Rate the answer, 1 to 7."""
    if not 1 <= rating <= PERFECT:
        raise Refused("A rating is a number from 1 to 7.", field="rating")
    with transaction.atomic():
        assignment = begin(labeler, assignment)
        sitting = assignment.sitting
        if sitting.rating != rating:
            sitting.rating = rating
            sitting.save(update_fields=["rating", "saved_at"])
            record(assignment, EventKind.RATED, value=rating)
    return sitting


def submit(*, labeler: Labeler, assignment: Assignment, confirmed: bool = False, seen: Seen | None = None) -> Sitting:
    """Hand in what was found. Repeating it answers with the first submission, unchanged.

    Refuses an unrated answer, a rating under 7 without a critique, and critiques that lack text, category or severity;
    asks about a 7 (with critiques, too: real labelers give them) and goes on once confirmed.
    """

    def draft_of(assignment: Assignment) -> Draft:
        sitting = assignment.sitting
        critiques = list(kept(sitting))
        refusal = _unseen(sitting, seen) or _incomplete(sitting, critiques)
        if refusal is None and sitting.rating == PERFECT and not confirmed:
            refusal = NeedsConfirmation(_about_a_perfect_answer(critiques))
        return Draft({found.client_key: found.revision for found in critiques}, refusal, len(critiques))

    return sittings.submit(labeler, assignment, seen=None if seen is None else seen.revisions, draft_of=draft_of)


def _about_a_perfect_answer(critiques: list[LabelerCritique]) -> str:
    """A 7 is asked about once: one key gives it, and it says that nothing at all is wrong."""
    if critiques:
        return "You rated this answer 7, a perfect answer, and found something to criticise. Submit both?"
    return "You rated this answer 7, a perfect answer, and found nothing wrong with it. Submit this?"


def _unseen(sitting: Sitting, seen: Seen | None) -> Refused | None:
    return Stale(CHANGED_MEANWHILE) if seen is not None and seen.rating != sitting.rating else None


def _incomplete(sitting: Sitting, critiques: list[LabelerCritique]) -> Refused | None:
    """What is still missing, the first thing first."""
    for number, found in enumerate(critiques, start=1):
        lacking = missing_of_critique(found.critique.text, found.category, found.category_text, found.severity)
        if lacking is not None:
            return Refused(f"Critique {number} {lacking}", field=str(found.client_key))
    if sitting.rating is None:
        return Refused("Rate the answer from 1 to 7 before you submit.", field="rating")
    if sitting.rating < PERFECT and not critiques:
        return Refused(
            f"You rated the answer {sitting.rating}, so something is wrong with it: write at least one "
            "critique that says what. If nothing is wrong, rate it 7.",
            field="rating",
        )
    return None
