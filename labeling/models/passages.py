"""Passages and the questions asked about them. Texts are kept exactly as given, edge whitespace, CR and all."""

from __future__ import annotations

from typing import Any

from django.db import models

from labeling.enums import Split
from labeling.models.fields import PublicIdField, text_digest


class Passage(models.Model):
    """A text that questions are asked about. `public_id` is the `source_id` of the released files.

    Released files hold the same text under several source ids, so the text's digest, not the row, is what
    a labeler may meet only once (see Exposure).
    """

    public_id = PublicIdField()
    title = models.TextField(null=True, blank=True)  # noqa: DJ001 - null and "" are different titles in released files
    text = models.TextField()
    text_digest = models.CharField(max_length=64, db_index=True, editable=False)
    beginning = models.CharField(max_length=60, blank=True, editable=False)
    word_count = models.PositiveIntegerField(default=0, editable=False)
    """Of the text, like its digest: pages that list passages load no texts."""
    author = models.ForeignKey(
        "Labeler", null=True, blank=True, on_delete=models.PROTECT, related_name="passages_asked_about"
    )
    """Who wrote the questions (`source_labeler`, or the `labeler` of a base row)."""
    split = models.CharField(max_length=5, choices=Split, null=True, blank=True)  # noqa: DJ001
    import_batch = models.ForeignKey("ImportBatch", null=True, blank=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # Given rows are history: one source may come with two titles, or in two files.
            models.UniqueConstraint(
                fields=["public_id", "text_digest"],
                condition=models.Q(import_batch__isnull=True),
                name="passage_once_per_source",
            ),
            models.CheckConstraint(condition=~models.Q(text_digest=""), name="passage_knows_its_digest"),
            models.CheckConstraint(
                condition=models.Q(split__isnull=True) | models.Q(split__in=Split.values),
                name="split_is_known",
            ),
        ]
        indexes = [models.Index(fields=["public_id"])]

    def __str__(self) -> str:
        return self.title or f"{self.beginning}…"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.describe_text()
        super().save(*args, **kwargs)

    def describe_text(self) -> None:
        """Set what is kept about the text. Who stores passages in bulk calls it on each."""
        self.text_digest = text_digest(self.text)
        self.beginning = self.text[:60].strip()
        self.word_count = len(self.text.split())


class Question(models.Model):
    """A question about a passage. `index` is its 0-based place among the questions of its source."""

    passage = models.ForeignKey(Passage, on_delete=models.CASCADE, related_name="questions")
    index = models.PositiveIntegerField(default=0)
    text = models.TextField(blank=True)
    covered = models.BooleanField(null=True, blank=True)
    """Whether the passage covers the topic; unknown for imported questions."""

    class Meta:
        ordering = ["passage_id", "index", "pk"]
        indexes = [models.Index(fields=["passage", "index"])]

    def __str__(self) -> str:
        return self.text
