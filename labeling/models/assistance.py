"""What the model said about an answer, and what of it each labeler was shown."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from labeling.enums import Provenance
from labeling.models.critiques import Critique
from labeling.models.fields import PublicIdField, between


class AssistanceBundle(models.Model):
    """One run of the critic over one answer. Immutable: a new run makes a new bundle."""

    public_id = PublicIdField(unique=True)
    answer = models.ForeignKey("Answer", on_delete=models.PROTECT, related_name="bundles")
    provenance = models.CharField(max_length=8, choices=Provenance, default=Provenance.SAMPLED)
    critic = models.CharField(max_length=100, blank=True)
    """The site's name for the critic, as a study names it."""
    model_name = models.CharField(max_length=300, null=True, blank=True)  # noqa: DJ001
    model_revision = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001
    format_name = models.CharField(max_length=50, blank=True)
    format_version = models.PositiveIntegerField(null=True, blank=True)
    engine = models.CharField(max_length=50, blank=True)
    dtype = models.CharField(max_length=20, blank=True)
    device = models.CharField(max_length=100, blank=True)
    seed = models.BigIntegerField(null=True, blank=True)
    grouping = models.JSONField(default=dict, blank=True)
    """The shape it was computed in; in bf16 part of the recipe."""
    critiqueability = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=between("critiqueability", 0, 1), name="critiqueability_0_to_1"),
            models.CheckConstraint(
                condition=~Q(provenance=Provenance.SAMPLED)
                | Q(
                    model_name__isnull=False,
                    model_revision__isnull=False,
                    format_version__isnull=False,
                    seed__isnull=False,
                ),
                name="sampled_bundle_names_its_model",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.critic or 'imported'} on answer {self.answer_id}"

    def released(self) -> list[Suggestion]:
        """First occurrences in temperature order: the list that is exported and indexed (protocol, 6.4).

        What is no critique at all is left out of it, as it is of every page.
        """
        return [one for one in self.suggestions.all() if one.same_as_id is None and not one.degenerate]

    def shown(self) -> list[Suggestion]:
        """First occurrences as labelers see them: most helpful first, ties in stored order."""
        return sorted(self.released(), key=lambda suggestion: -suggestion.helpfulness)


class Suggestion(models.Model):
    """One sampled critique of a bundle. All samples are kept; a repeat points at the first of its text."""

    critique = models.OneToOneField(Critique, on_delete=models.CASCADE, primary_key=True, related_name="suggestion")
    bundle = models.ForeignKey(AssistanceBundle, on_delete=models.CASCADE, related_name="suggestions")
    sample_index = models.PositiveSmallIntegerField()
    temperature = models.FloatField(null=True, blank=True)
    helpfulness = models.FloatField()
    same_as = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE)
    degenerate = models.BooleanField(default=False)
    """Empty, without words, or pieces repeated over and over: kept, but never shown to anybody who works."""

    class Meta:
        ordering = ["bundle_id", "sample_index"]
        constraints = [
            models.UniqueConstraint(fields=["bundle", "sample_index"], name="one_suggestion_per_sample"),
            models.CheckConstraint(condition=between("helpfulness", 0, 1), name="helpfulness_0_to_1"),
        ]

    def __str__(self) -> str:
        return str(self.critique)


class ShownSuggestion(models.Model):
    """A suggestion as one labeler met it: at which place, when, and whether it was used. Unused ones too."""

    assignment = models.ForeignKey("Assignment", on_delete=models.CASCADE, related_name="shown_suggestions")
    suggestion = models.ForeignKey(Suggestion, on_delete=models.PROTECT, related_name="showings")
    rank = models.PositiveSmallIntegerField()
    calibrated = models.FloatField(null=True, blank=True)
    """The score as this labeler saw it, where the study calibrates scores; null where it was the critic's own."""
    first_used_ms = models.BigIntegerField(null=True, blank=True)
    times_used = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["assignment_id", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "suggestion"], name="shown_once_per_assignment"),
            models.UniqueConstraint(fields=["assignment", "rank"], name="one_suggestion_per_rank"),
            models.CheckConstraint(condition=between("calibrated", 0, 1), name="calibrated_0_to_1"),
        ]

    def __str__(self) -> str:
        return f"#{self.rank + 1} {self.suggestion}"

    @property
    def score(self) -> float:
        """What stands beside it on the labeler's page."""
        return self.suggestion.helpfulness if self.calibrated is None else self.calibrated
