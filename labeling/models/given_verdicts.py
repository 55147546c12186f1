"""What a file tells of a judged critique and our own tables tell of ours: who wrote it, its score, who was shown it."""

from __future__ import annotations

from django.db import models

from labeling.models.fields import between
from labeling.models.judgements import HelpfulnessJudgement


class GivenVerdict(models.Model):
    """The critic and score of a critique whose verdict came from a judgements file."""

    judgement = models.OneToOneField(
        HelpfulnessJudgement, on_delete=models.CASCADE, primary_key=True, related_name="given"
    )
    critic = models.CharField(max_length=300)
    """A model's name, `Human`, or `intended`."""
    score = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=between("score", 0, 1), name="given_score_0_to_1")]

    def __str__(self) -> str:
        return self.critic


class GivenShowing(models.Model):
    """A label that was offered this very critique, by the names of the assistance file."""

    verdict = models.ForeignKey(GivenVerdict, on_delete=models.CASCADE, related_name="shown_as")
    position = models.PositiveIntegerField()
    label_id = models.CharField(max_length=64)
    assistance_critique = models.PositiveIntegerField()

    class Meta:
        ordering = ["verdict_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["verdict", "position"], name="one_given_showing_per_position"),
        ]

    def __str__(self) -> str:
        return f"{self.label_id}[{self.assistance_critique}]"
