"""Questions to the database, in English."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models

from labeling.enums import AssignmentState, StudyState

if TYPE_CHECKING:
    from labeling.models import Labeler


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
