"""A study's findings as last computed, so that its page opens at once however large the study is."""

from __future__ import annotations

from django.db import models


class FindingsSnapshot(models.Model):
    """What the findings page shows and offers for download. Recomputed when more was submitted."""

    study = models.OneToOneField("Study", on_delete=models.CASCADE, related_name="findings_snapshot")
    basis = models.CharField(max_length=100)
    """What it rests on: counts of what was submitted and checked. Another basis makes it stale."""
    report = models.TextField()
    """HTML made by findings.rendering.report, which escapes every text in it."""
    findings_json = models.TextField()
    details_json = models.TextField()
    computed_at = models.DateTimeField(auto_now=True)
    seconds = models.FloatField()

    def __str__(self) -> str:
        return f"findings of {self.study}"
