"""Better versions of answers: direct, or in the light of one critique; by people or sampled from a model."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from labeling.enums import Provenance
from labeling.models.critiques import Critique
from labeling.models.fields import PublicIdField, between
from labeling.models.parts import Part
from labeling.models.sittings import Sitting


class Refinement(Part):
    """What one labeler, or one sample of a model, made of one answer (paper, Table 1).

    Without a critique it is a direct refinement; with one, a conditional one. A text equal to the answer's is an
    opt-out: there was nothing to better.
    """

    public_id = PublicIdField()
    answer = models.ForeignKey("Answer", on_delete=models.PROTECT, related_name="refinements")
    critique = models.ForeignKey(Critique, null=True, blank=True, on_delete=models.PROTECT, related_name="refinements")
    text = models.TextField(blank=True)
    provenance = models.CharField(max_length=8, choices=Provenance, default=Provenance.WRITTEN)
    sitting = models.ForeignKey(Sitting, null=True, blank=True, on_delete=models.CASCADE, related_name="refinements")
    """Where a labeler wrote it; null for a model's."""
    position = models.PositiveIntegerField(default=0)
    is_kept = models.BooleanField(default=False)
    """The labeler says that the answer is best left as it is."""
    saved_at = models.DateTimeField(auto_now=True)
    model_name = models.CharField(max_length=300, null=True, blank=True)  # noqa: DJ001
    model_revision = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001
    temperature = models.FloatField(null=True, blank=True)
    seed = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["sitting_id", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["sitting", "position"],
                condition=Q(sitting__isnull=False),
                name="one_refinement_per_position",
            ),
            models.CheckConstraint(
                condition=(
                    Q(provenance=Provenance.SAMPLED, sitting__isnull=True)
                    & Q(model_name__isnull=False, temperature__isnull=False, seed__isnull=False)
                )
                | (~Q(provenance=Provenance.SAMPLED) & Q(sitting__isnull=False, model_name__isnull=True)),
                name="refinement_has_a_sitting_xor_a_model",
            ),
            models.CheckConstraint(condition=between("temperature", 0, 5), name="refinement_temperature_in_range"),
        ]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def client_key(self) -> uuid.UUID:
        """What a page calls it, in the form in which pages name what they begin themselves."""
        return uuid.UUID(int=self.pk)

    @property
    def method(self) -> str:
        """As records of refinement judgements name it."""
        return "direct" if self.critique_id is None else "conditional"
