"""Critiques, whoever wrote them, and the narrow companions that say how each came to be."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from labeling.enums import Category, CritiqueOrigin, Provenance, Severity
from labeling.models.fields import PublicIdField, between


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


def graded(name: str) -> list[models.BaseConstraint]:
    """What the database asks of a category and a severity, wherever they stand."""
    return [
        models.CheckConstraint(condition=between("severity", 1, 4), name=f"{name}_severity_1_to_4"),
        models.CheckConstraint(
            condition=Q(category="") | Q(category__in=Category.values), name=f"{name}_category_is_known"
        ),
    ]


class IntendedCritique(models.Model):
    """The flaw that the author of a misleading answer hid on purpose (paper, section 3.3.1). Blinded."""

    critique = models.OneToOneField(Critique, on_delete=models.CASCADE, primary_key=True, related_name="intended")
    position = models.PositiveSmallIntegerField(default=0)
    category = models.CharField(max_length=9, choices=Category, blank=True)
    category_text = models.TextField(blank=True)
    severity = models.PositiveSmallIntegerField(choices=Severity, null=True, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = graded("intended")

    def __str__(self) -> str:
        return str(self.critique)


class Submission(models.Model):
    """What one labeler found in one answer: a draft until `submitted_at`, then final."""

    public_id = PublicIdField()
    assignment = models.OneToOneField("Assignment", on_delete=models.CASCADE, related_name="submission")
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    """1 to 7; 7 is a perfect answer."""
    total_time_ms = models.BigIntegerField(null=True, blank=True)
    """From opening to submitting, by the server's clock. Never capped."""
    active_time_ms = models.BigIntegerField(default=0)
    """The part with the page in view and a sign of life within the last minute."""
    time = models.FloatField(null=True, blank=True)
    """Epoch seconds of the submission, as released."""
    position = models.PositiveIntegerField(default=0)
    """Place among the labels of its row, for rows that came from a file."""
    submitted_at = models.DateTimeField(null=True, blank=True)
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=between("rating", 1, 7), name="rating_1_to_7"),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True) | Q(rating__isnull=False, total_time_ms__isnull=False),
                name="submitted_means_rated_and_timed",
            ),
        ]

    def __str__(self) -> str:
        return f"submission of {self.assignment}"


class LabelerCritique(models.Model):
    """A critique a labeler wrote, or took from a suggestion and perhaps edited.

    The stamps are ms from the opening of the assignment and move with the text only: a suggestion used
    verbatim has both equal, whatever happens to its severity and category.
    """

    critique = models.OneToOneField(Critique, on_delete=models.CASCADE, primary_key=True, related_name="by_labeler")
    client_key = models.UUIDField(default=uuid.uuid4)
    """Named by the browser before it asks, so that a repeated request makes one record."""
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="critiques")
    position = models.PositiveIntegerField(default=0)
    provenance = models.CharField(max_length=8, choices=Provenance, default=Provenance.WRITTEN)
    """Written here, or given by a file, whose stamps are kept as they are."""
    category = models.CharField(max_length=9, choices=Category, blank=True)
    category_text = models.TextField(blank=True)
    severity = models.PositiveSmallIntegerField(choices=Severity, null=True, blank=True)
    suggestion_used = models.ForeignKey(
        "Suggestion", null=True, blank=True, on_delete=models.PROTECT, related_name="uses"
    )
    first_modified_ms = models.BigIntegerField(null=True, blank=True)
    last_modified_ms = models.BigIntegerField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)
    """Counts saves; a save from a tab that has not seen the latest one is refused."""
    removed_ms = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            *graded("labeler_critique"),
            models.UniqueConstraint(fields=["submission", "client_key"], name="one_critique_per_client_key"),
            models.CheckConstraint(
                condition=Q(first_modified_ms__isnull=True)
                | Q(last_modified_ms__gte=models.F("first_modified_ms"))
                | Q(provenance=Provenance.GIVEN),
                name="modified_first_then_last",
            ),
        ]

    def __str__(self) -> str:
        return str(self.critique)
