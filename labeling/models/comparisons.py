"""Two answers to one question, side by side: which is better?

The second may be what a method made of the first (a refinement), judged blind for win rates (paper, section 4.3).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from labeling.enums import Better, Confidence, RefinementMethod
from labeling.models.critiques import Critique
from labeling.models.fields import PublicIdField, between
from labeling.models.parts import KeyedPart
from labeling.models.sittings import Sitting


class PairToCompare(models.Model):
    """Two texts that a study wants compared: two answers, or an answer and what a method made of it."""

    study = models.ForeignKey("Study", on_delete=models.CASCADE, related_name="pairs_to_compare")
    first = models.ForeignKey("Answer", on_delete=models.PROTECT, related_name="+")
    first_source = models.CharField(max_length=300, null=True, blank=True)  # noqa: DJ001
    """Where it came from: a model's name, a kind of human answer; null where a file did not tell."""
    second = models.ForeignKey("Answer", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    second_source = models.CharField(max_length=300, null=True, blank=True)  # noqa: DJ001
    refinement = models.TextField(null=True, blank=True)  # noqa: DJ001
    """What a method made of the first, where there is no second answer."""
    method = models.CharField(max_length=11, choices=RefinementMethod, blank=True)
    n = models.PositiveIntegerField(null=True, blank=True)
    """How many candidates the refinement was chosen from."""
    opt_out = models.BooleanField(null=True, blank=True)
    """Whether the method may keep the original."""

    class Meta:
        ordering = ["study_id", "first__question_id", "pk"]
        verbose_name_plural = "pairs to compare"
        constraints = [
            models.CheckConstraint(
                condition=Q(second__isnull=False, refinement__isnull=True, method="", n__isnull=True)
                | (
                    Q(second__isnull=True, refinement__isnull=False, n__gte=1, opt_out__isnull=False)
                    & Q(method__in=RefinementMethod.values, second_source__isnull=False)
                ),
                name="pair_has_a_second_answer_xor_a_refinement",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first} / {self.second or self.method}"

    @property
    def texts(self) -> tuple[str, str]:
        """First and second, as they are compared."""
        return self.first.text, self.second.text if self.second is not None else self.refinement or ""


class PairCritique(models.Model):
    """A critique shown beside one side of a pair, where the condition shows them."""

    pair = models.ForeignKey(PairToCompare, on_delete=models.CASCADE, related_name="critiques")
    of_second = models.BooleanField()
    position = models.PositiveIntegerField()
    critique = models.ForeignKey(Critique, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pair_id", "of_second", "position"]
        constraints = [
            models.UniqueConstraint(fields=["pair", "of_second", "position"], name="one_pair_critique_per_position"),
        ]

    def __str__(self) -> str:
        return str(self.critique)


class Comparison(KeyedPart):
    """One labeler's choice within a pair."""

    public_id = PublicIdField()
    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="comparisons")
    position = models.PositiveIntegerField()
    pair = models.ForeignKey(PairToCompare, on_delete=models.RESTRICT, related_name="comparisons")
    is_swapped = models.BooleanField()
    """Whether the labeler saw the second one first."""
    critiques_shown = models.BooleanField(default=False)
    """The condition; with it there may still be none to show."""
    better = models.CharField(max_length=6, choices=Better, blank=True)
    """First and second as in the pair, wherever they stood. Empty only in a draft."""
    confidence = models.PositiveSmallIntegerField(choices=Confidence, null=True, blank=True)
    total_time_ms = models.BigIntegerField(null=True, blank=True)
    """As a file told it; ours is the sitting's."""

    class Meta:
        ordering = ["sitting_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["sitting", "position"], name="one_comparison_per_position"),
            models.CheckConstraint(condition=Q(better="") | Q(better__in=Better.values), name="better_is_known"),
            models.CheckConstraint(condition=between("confidence", 1, 3), name="confidence_1_to_3"),
        ]

    def __str__(self) -> str:
        return f"{self.pair}: {self.better or 'undecided'}"
