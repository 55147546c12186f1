"""Leaving the site: what a person did stays, as a pseudonym's; who they were goes."""

from __future__ import annotations

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.db import transaction

from labeling.actions.locking import lock_people
from labeling.actions.names import person_named
from labeling.actions.releasing import release
from labeling.enums import AssignmentState, ReleaseReason
from labeling.models import Assignment, Critique, Labeler, Sitting, Study, User
from labeling.models.names import name_key


def anonymise(name: str) -> str | None:
    """Forget who a person is. Returns the pseudonym that stays, the one that exports used all along.

    Unfinished work is given back for others to do, its drafts deleted; submitted work, answers and the ledger of
    texts met stay with the pseudonym; the account, its tokens and its records of signing in are deleted. None for
    an account that never labeled.
    """
    user, labeler = person_named(name)
    with transaction.atomic():
        pseudonym = _detach(labeler, user) if labeler is not None else None
        if user is not None:
            _forget_signing_in(user)
            user.delete()
    return pseudonym


def _forget_signing_in(user: User) -> None:
    """Delete what was noted of every name of the account, as it was typed."""
    keys = {name_key(user.username), *user.names.values_list("key", flat=True)}
    for log in (AccessAttempt, AccessFailureLog, AccessLog):
        typed = set(log.objects.values_list("username", flat=True))
        log.objects.filter(username__in=[name for name in typed if name and name_key(name) in keys]).delete()


def _detach(labeler: Labeler, user: User | None) -> str:
    lock_people([labeler.pk])
    unfinished = Assignment.objects.live().of(labeler).exclude(state=AssignmentState.SUBMITTED)
    for assignment in unfinished:
        release(assignment, ReleaseReason.WITHDRAWN, actor=user)
    for assignment in Assignment.objects.of(labeler).filter(state=AssignmentState.RELEASED):
        _delete_draft(assignment)
    for study in Study.objects.filter(labelers=labeler):
        study.labelers.remove(labeler)
    pseudonym = labeler.pseudonym
    labeler.names.all().delete()
    labeler.imported_id, labeler.user, labeler.outside_name = pseudonym, None, None
    labeler.save(update_fields=["imported_id", "user", "outside_name"])
    return pseudonym


def _delete_draft(assignment: Assignment) -> None:
    """Delete what was written and never handed in, texts and all."""
    Critique.objects.filter(by_labeler__sitting__assignment=assignment).delete()
    Critique.objects.filter(link__ranked_answer__ranked_question__sitting__assignment=assignment).delete()
    Critique.objects.filter(better__judged_question__sitting__assignment=assignment).delete()
    Sitting.objects.filter(assignment=assignment, submitted_at=None).delete()
