"""Questions to the database, in English."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models.functions import Coalesce

from labeling.enums import AssignmentState, Role, StudyState

if TYPE_CHECKING:
    from labeling.models import Labeler


class LabelerQuerySet(models.QuerySet[Any]):
    def able_to_work(self) -> Self:
        """Whoever can be given work: somebody whose account is open, and a labeler's."""
        return self.filter(user__is_active=True, user__role=Role.LABELER)


class StudyQuerySet(models.QuerySet[Any]):
    def readable(self) -> Self:
        """Without those whose file is still being imported: nobody sees these."""
        return self.exclude(state=StudyState.IMPORTING)


class AssignmentQuerySet(models.QuerySet[Any]):
    def live(self) -> Self:
        return self.exclude(state=AssignmentState.RELEASED)

    def of(self, labeler: Labeler) -> Self:
        return self.filter(labeler=labeler)

    def to_be_done(self) -> Self:
        """What a labeler can open or go on with now."""
        return self.filter(
            state__in=[AssignmentState.OPENED, AssignmentState.OFFERED], slot__study__state=StudyState.OPEN
        )

    def silent_since(self, moment: datetime) -> Self:
        """Opened, and without a sign of life since then."""
        return self.filter(state=AssignmentState.OPENED, last_seen_at__lt=moment)

    def untouched_since(self, moment: datetime) -> Self:
        """Offered before then, and its labeler has done nothing in the study since then."""
        seen = self.model.objects.filter(
            labeler=models.OuterRef("labeler"), slot__study=models.OuterRef("slot__study"), last_seen_at__gte=moment
        )
        offered = self.filter(state=AssignmentState.OFFERED, offered_at__lt=moment)
        return offered.exclude(models.Exists(seen))

    def not_begun(self) -> Self:
        """Given to somebody who has not opened it."""
        return self.filter(state__in=[AssignmentState.WAITING, AssignmentState.OFFERED])

    def with_texts(self) -> Self:
        """With all that a labeler's page shows, in one query."""
        return self.select_related(
            "labeler",
            "slot__study",
            "slot__passage",
            "slot__study_question__question",
            "slot__answer",
            "bundle",
            "instruction",
        )


def finished(to_passage: str = "") -> models.Q:
    """Passages that are our own, or of a file whose import is finished."""
    return models.Q(**{f"{to_passage}import_batch": None}) | models.Q(
        **{f"{to_passage}import_batch__finished_at__isnull": False}
    )


def about(search: str, to_passage: str = "") -> models.Q:
    """Passages whose title, beginning or id holds these words. Their texts are not searched."""
    return models.Q(
        *((f"{to_passage}{field}__icontains", search) for field in ("title", "beginning", "public_id")),
        _connector=models.Q.OR,
    )


def count_of(rows: models.QuerySet[Any], by: str) -> Coalesce:
    """How many rows belong to the row around it: counted for the rows of a page alone, not for the whole table."""
    counted = rows.filter(**{by: models.OuterRef("pk")}).order_by().values(by).annotate(n=models.Count("pk"))
    return Coalesce(models.Subquery(counted.values("n")), 0)
