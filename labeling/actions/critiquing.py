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
from django.utils import timezone
from rapidfuzz.distance import Levenshtein

from labeling.actions.working import begin, elapsed_ms, record, submitted
from labeling.assigning import locked
from labeling.enums import AssignmentState, Category, CritiqueOrigin, EventKind, Severity
from labeling.models import (
    Answer,
    Assignment,
    Critique,
    Labeler,
    LabelerCritique,
    ShownSuggestion,
    Submission,
    Suggestion,
)
from labeling.refusals import NeedsConfirmation, Refused, Stale

PERFECT = 7


@dataclass(frozen=True)
class Seen:
    """What a page shows when its labeler submits: the rating, and the revision of each critique by client key."""

    rating: int | None
    revisions: Mapping[uuid.UUID, int]


def kept(submission: Submission) -> Any:
    """The submission's critiques that were not removed, in order."""
    return submission.critiques.filter(removed_ms=None).select_related("critique", "suggestion_used__critique")


def add_critique(
    *, labeler: Labeler, assignment: Assignment, client_key: uuid.UUID, suggestion: Suggestion | None = None
) -> LabelerCritique:
    """Begin a critique: empty, or pre-filled with a suggestion that this assignment shows (the Use button)."""
    with transaction.atomic():
        assignment = begin(labeler, assignment)
        submission = assignment.submission
        repeated = submission.critiques.filter(client_key=client_key).first()
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
            submission=submission,
            position=submission.critiques.count(),
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
        assignment = begin(labeler, found.submission.assignment)
        found = locked(LabelerCritique.objects.filter(pk=found.pk)).select_related("critique", "submission").get()
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
        found.save()
        found.submission.save(update_fields=["saved_at"])
        record(assignment, EventKind.CRITIQUE_CHANGED, critique=critique.pk, value=distance)
    return found


def remove_critique(*, labeler: Labeler, found: LabelerCritique) -> None:
    """Take a critique out of the submission. It stays in the history, and can be put back until submitted."""
    with transaction.atomic():
        assignment = begin(labeler, found.submission.assignment)
        changed = LabelerCritique.objects.filter(pk=found.pk, removed_ms=None).update(removed_ms=elapsed_ms(assignment))
        if changed:
            record(assignment, EventKind.CRITIQUE_REMOVED, critique=found.pk)


def restore_critique(*, labeler: Labeler, found: LabelerCritique) -> LabelerCritique:
    """Put a removed critique back."""
    with transaction.atomic():
        assignment = begin(labeler, found.submission.assignment)
        if LabelerCritique.objects.filter(pk=found.pk, removed_ms__isnull=False).update(removed_ms=None):
            record(assignment, EventKind.CRITIQUE_RESTORED, critique=found.pk)
    found.refresh_from_db()
    return found


def rate(*, labeler: Labeler, assignment: Assignment, rating: int) -> Submission:
    """Rate the answer, 1 to 7."""
    if not 1 <= rating <= PERFECT:
        raise Refused("A rating is a number from 1 to 7.", field="rating")
    with transaction.atomic():
        assignment = begin(labeler, assignment)
        submission = assignment.submission
        if submission.rating != rating:
            submission.rating = rating
            submission.save(update_fields=["rating", "saved_at"])
            record(assignment, EventKind.RATED, value=rating)
    return submission


def submit(
    *, labeler: Labeler, assignment: Assignment, confirmed: bool = False, seen: Seen | None = None
) -> Submission:
    """Hand in the draft. Repeating it answers with the first submission, unchanged.

    Raises Stale if the draft is not what `seen` says the page shows: nothing unseen is handed in.
    Refuses an unrated answer, a rating under 7 without a critique, and critiques that lack text, category or severity;
    asks about a 7 with critiques (real labelers give them) and goes on once confirmed.
    """
    with transaction.atomic():
        if row := submitted(labeler, assignment):
            done: Submission = row.submission
            return done
        assignment = begin(labeler, assignment)
        submission: Submission = assignment.submission
        critiques = list(kept(submission))
        check_seen(submission, critiques, seen)
        check_complete(submission, critiques)
        if submission.rating == PERFECT and critiques and not confirmed:
            raise NeedsConfirmation(
                "You rated this answer 7, a perfect answer, and found something to criticise. Submit both?"
            )
        now = timezone.now()
        submission.submitted_at, submission.time = now, now.timestamp()
        submission.total_time_ms = elapsed_ms(assignment)
        submission.active_time_ms = min(submission.active_time_ms, submission.total_time_ms)
        submission.save(update_fields=["submitted_at", "time", "total_time_ms", "active_time_ms", "saved_at"])
        Assignment.objects.filter(pk=assignment.pk).update(state=AssignmentState.SUBMITTED, closed_at=now)
        record(assignment, EventKind.SUBMITTED, value=len(critiques))
    return submission


def check_seen(submission: Submission, critiques: list[LabelerCritique], seen: Seen | None) -> None:
    """Compare the draft with the page that hands it in, where the page says what it shows."""
    if seen is None:
        return
    stored = {found.client_key: found.revision for found in critiques}
    if stored != dict(seen.revisions) or submission.rating != seen.rating:
        raise Stale("This was changed in another tab. Reload the page and look it over before you submit.")


def check_complete(submission: Submission, critiques: list[LabelerCritique]) -> None:
    """Say what is still missing, the first thing first."""
    for number, found in enumerate(critiques, start=1):
        for missing, needed in (
            (not found.critique.text.strip(), "has no text yet. Write it, or remove it."),
            (found.category not in Category.values, "needs a category."),
            (
                found.category == Category.OTHER and not found.category_text.strip(),
                "is of category “other”: say in a few words what it is about.",
            ),
            (found.severity not in Severity.values, "needs a severity."),
        ):
            if missing:
                raise Refused(f"Critique {number} {needed}", field=str(found.client_key))
    if submission.rating is None:
        raise Refused("Rate the answer from 1 to 7 before you submit.", field="rating")
    if submission.rating < PERFECT and not critiques:
        raise Refused(
            f"You rated the answer {submission.rating}, so something is wrong with it: write at least one "
            "critique that says what. If nothing is wrong, rate it 7.",
            field="rating",
        )
