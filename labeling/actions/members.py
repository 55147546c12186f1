"""Who works in a study: people join, and leave with what they have not begun going back to the pool."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from labeling.assigning import add_labeler
from labeling.enums import EventKind
from labeling.locking import lock_people, locked
from labeling.models import Event, Labeler, Study, User
from labeling.releasing import withdraw


@dataclass(frozen=True)
class MembersReport:
    """What choosing labelers did, for the admin who chose."""

    joined: int
    left: int
    taken_back: int
    """Cells that nobody has begun and that are in the pool again."""


def choose_labelers(study: Study, labelers: Iterable[Labeler], *, actor: User) -> MembersReport:
    """Make these people, and nobody else, the study's labelers."""
    chosen = {labeler.pk: labeler for labeler in labelers}
    with transaction.atomic():
        study = locked(Study.objects.filter(pk=study.pk)).get()
        present = set(study.labelers.values_list("pk", flat=True))
        joining = [labeler for pk, labeler in chosen.items() if pk not in present]
        leaving = list(study.labelers.exclude(pk__in=chosen).order_by("pk"))
        lock_people(labeler.pk for labeler in [*joining, *leaving])
        for labeler in joining:
            add_labeler(study, labeler, actor=actor)
        taken_back = sum(_leave(study, labeler, actor) for labeler in leaving)
    return MembersReport(len(joining), len(leaving), taken_back)


def _leave(study: Study, labeler: Labeler, actor: User) -> int:
    study.labelers.remove(labeler)
    Event.objects.create(kind=EventKind.LEFT_STUDY, study=study, account_id=labeler.user_id, actor=actor)
    return withdraw(labeler, study=study, actor=actor)
