"""Who works in a study: people join, and leave with what they have not begun going back to the pool."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from django.db.models import Exists, OuterRef, Q, QuerySet

from labeling.actions.batches import pks, write_in_batches
from labeling.actions.locking import lock_people, locked
from labeling.actions.releasing import withdraw
from labeling.enums import EventKind
from labeling.models import Assignment, Event, Labeler, Study, User


@dataclass(frozen=True)
class MembersReport:
    """What choosing labelers did, for the admin who chose."""

    joined: int
    left: int
    taken_back: int
    """Cells that nobody has begun and that are in the pool again."""


def labelers_to_choose(study: Study, search: str = "") -> QuerySet[Labeler]:
    """Whoever can work, and whoever is in the study; `is_member` says which. `search` is looked for in their names."""
    members = Exists(study.labelers.filter(pk=OuterRef("pk")))
    people = Labeler.objects.annotate(is_member=members).select_related("user").order_by("user__username", "pk")
    people = people.filter(Q(pk__in=Labeler.objects.able_to_work()) | members)
    return people.filter(user__username__icontains=search) if search else people


def change_labelers(
    study: Study, *, joining: Iterable[Labeler] = (), leaving: Iterable[Labeler] = (), actor: User
) -> MembersReport:
    """Let people into a study and others out of it. Those in it already, or not in it, are passed over.

    Asked again it goes on where it was cut short.
    """
    taken_back = 0

    def leave(batch: list[int]) -> int:
        nonlocal taken_back
        left, taken = _leave(study, batch, actor)
        taken_back += taken
        return left

    joined = write_in_batches(list(pks(joining)), partial(_join, study, actor))
    return MembersReport(joined, write_in_batches(list(pks(leaving)), leave), taken_back)


def _join(study: Study, actor: User, batch: list[int]) -> int:
    """Those of the batch who can work and are not in the study."""
    study = locked(Study.objects.filter(pk=study.pk)).get()
    able = lock_people(batch) - _members(study, batch)
    study.labelers.add(*sorted(able))
    _record(EventKind.JOINED_STUDY, study, able, actor)
    return len(able)


def _leave(study: Study, batch: list[int], actor: User) -> tuple[int, int]:
    """How many of the batch left, and how many cells they had not begun."""
    study = locked(Study.objects.filter(pk=study.pk)).get()
    lock_people(batch)
    leaving = _members(study, batch)
    study.labelers.remove(*leaving)
    _record(EventKind.LEFT_STUDY, study, leaving, actor)
    given = Assignment.objects.not_begun().filter(slot__study=study, labeler__in=leaving)
    having = Labeler.objects.filter(pk__in=given.values("labeler")).order_by("pk")
    return len(leaving), sum(withdraw(labeler, study=study, actor=actor) for labeler in having)


def _members(study: Study, batch: list[int]) -> set[int]:
    return set(study.labelers.filter(pk__in=batch).values_list("pk", flat=True))


def _record(kind: EventKind, study: Study, labelers: set[int], actor: User) -> None:
    accounts = Labeler.objects.filter(pk__in=labelers).order_by("pk").values_list("user", flat=True)
    Event.objects.bulk_create(Event(kind=kind, study=study, account_id=account, actor=actor) for account in accounts)


def add_labeler(study: Study, labeler: Labeler, *, actor: User | None = None) -> None:
    """Let somebody work in a study. Does nothing the second time."""
    if not study.labelers.filter(pk=labeler.pk).exists():
        study.labelers.add(labeler)
        Event.objects.create(kind=EventKind.JOINED_STUDY, study=study, account_id=labeler.user_id, actor=actor)
