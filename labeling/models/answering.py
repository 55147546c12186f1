"""Questions and answers while they are being written. Submitting turns them into records that a study can use."""

from __future__ import annotations

from django.db import models
from django.db.models import QuerySet

from labeling.models.parts import Graded, KeyedPart, graded
from labeling.models.sittings import Sitting


class DraftQuestion(KeyedPart):
    """One question with its answers, as it stands in the labeler's page. Gone once the sitting is submitted."""

    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="draft_questions")
    text = models.TextField(blank=True)
    is_covered = models.BooleanField(default=True)
    """Whether the passage covers the topic; if not, the honest answer is "No answer"."""
    answer = models.TextField(blank=True)
    misleading = models.TextField(blank=True)
    is_removed = models.BooleanField(default=False)
    """Taken out by the labeler, who may put it back until the sitting is submitted."""
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["sitting_id", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["sitting", "client_key"], name="one_draft_question_per_client_key"),
        ]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def flaws(self) -> QuerySet[DraftIntended]:
        """What its misleading answer hides, in order, without those removed."""
        return self.intended.filter(is_removed=False).order_by("pk")


class DraftIntended(KeyedPart, Graded):
    """A flaw that the author hides in the misleading answer, being described."""

    draft = models.ForeignKey(DraftQuestion, on_delete=models.CASCADE, related_name="intended")
    text = models.TextField(blank=True)
    is_removed = models.BooleanField(default=False)
    """Taken out by the labeler, who may put it back until the sitting is submitted."""
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["draft_id", "pk"]
        constraints = [
            *graded("draft_intended"),
            models.UniqueConstraint(fields=["draft", "client_key"], name="one_draft_intended_per_client_key"),
        ]

    def __str__(self) -> str:
        return self.text[:80]
