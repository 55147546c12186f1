"""Checks of misleading answers: is each critique found for one valid, and which intended critique does it cover?

Section 3.3.1 of the paper. A novel critique is valid and covers none: that is derived, not stored.
"""

from __future__ import annotations

from django.db import models

from labeling.models.critiques import IntendedCritique, LabelerCritique
from labeling.models.fields import PublicIdField
from labeling.models.parts import KeyedPart
from labeling.models.sittings import Sitting


class LabelToCheck(models.Model):
    """What one labeler found in a misleading answer, to be checked in a study."""

    study = models.ForeignKey("Study", on_delete=models.CASCADE, related_name="labels_to_check")
    label = models.ForeignKey(Sitting, on_delete=models.PROTECT, related_name="to_check")

    class Meta:
        ordering = ["study_id", "pk"]
        verbose_name_plural = "labels to check"
        constraints = [
            models.UniqueConstraint(fields=["study", "label"], name="label_to_check_once_per_study"),
        ]

    def __str__(self) -> str:
        return str(self.label)


class IntendedCheck(models.Model):
    """One checker's verdicts on one label: a row of the intended_checks file. A label may hold no critique."""

    public_id = PublicIdField()
    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="intended_checks")
    position = models.PositiveIntegerField()
    label = models.ForeignKey(Sitting, on_delete=models.PROTECT, related_name="checks")
    """The sitting in which the critiques were found."""
    by_author = models.BooleanField()
    """Whether the checker wrote the misleading answer."""

    class Meta:
        ordering = ["sitting_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["sitting", "label"], name="label_checked_once_per_sitting"),
        ]

    def __str__(self) -> str:
        return f"check of {self.label}"


class CheckedCritique(KeyedPart):
    """The verdict on one found critique. Those of one text share a place on the page, and so their verdict."""

    check_of = models.ForeignKey(IntendedCheck, on_delete=models.CASCADE, related_name="critiques")
    found = models.ForeignKey(LabelerCritique, on_delete=models.PROTECT, related_name="checks")
    valid = models.BooleanField(null=True, blank=True)
    """Null only in a draft."""
    covers: models.ManyToManyField[IntendedCritique, models.Model] = models.ManyToManyField(
        IntendedCritique, blank=True, related_name="covered_by"
    )
    shown_position = models.PositiveIntegerField(null=True, blank=True)
    """Where it stood on the checker's page, which is shuffled; null for checks that came from a file."""

    class Meta:
        ordering = ["check_of_id", "found__position", "found_id"]
        constraints = [
            models.UniqueConstraint(fields=["check_of", "found"], name="critique_checked_once"),
        ]

    def __str__(self) -> str:
        return f"{self.found}: {self.valid}"
