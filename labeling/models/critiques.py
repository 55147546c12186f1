"""Critiques, whoever wrote them, and the narrow companions that say how each came to be."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from labeling.enums import CritiqueOrigin, Provenance
from labeling.models.parts import Graded, KeyedPart, graded


class Critique(models.Model):
    """A natural-language comment pointing out a flaw of one answer. Its companion says where it came from."""

    answer = models.ForeignKey("Answer", on_delete=models.PROTECT, related_name="critiques")
    text = models.TextField(blank=True)
    origin = models.CharField(max_length=8, choices=CritiqueOrigin)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(origin__in=CritiqueOrigin.values), name="origin_is_known"),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class IntendedCritique(Graded):
    """The flaw that the author of a misleading answer hid on purpose (paper, section 3.3.1). Blinded."""

    critique = models.OneToOneField(Critique, on_delete=models.CASCADE, primary_key=True, related_name="intended")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = graded("intended")

    def __str__(self) -> str:
        return str(self.critique)


class LabelerCritique(KeyedPart, Graded):
    """A critique a labeler wrote, or took from a suggestion and perhaps edited.

    The stamps are ms from the opening of the assignment and move with the text only: a suggestion used
    verbatim has both equal, whatever happens to its severity and category.
    """

    critique = models.OneToOneField(Critique, on_delete=models.CASCADE, primary_key=True, related_name="by_labeler")
    sitting = models.ForeignKey("Sitting", on_delete=models.CASCADE, related_name="critiques")
    position = models.PositiveIntegerField(default=0)
    provenance = models.CharField(max_length=8, choices=Provenance, default=Provenance.WRITTEN)
    """Written here, or given by a file, whose stamps are kept as they are."""
    suggestion_used = models.ForeignKey(
        "Suggestion", null=True, blank=True, on_delete=models.PROTECT, related_name="uses"
    )
    first_modified_ms = models.BigIntegerField(null=True, blank=True)
    last_modified_ms = models.BigIntegerField(null=True, blank=True)
    removed_ms = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            *graded("labeler_critique"),
            models.UniqueConstraint(fields=["sitting", "client_key"], name="one_critique_per_client_key"),
            models.CheckConstraint(
                condition=Q(first_modified_ms__isnull=True)
                | Q(last_modified_ms__gte=models.F("first_modified_ms"))
                | Q(provenance=Provenance.GIVEN),
                name="modified_first_then_last",
            ),
        ]

    def __str__(self) -> str:
        return str(self.critique)
