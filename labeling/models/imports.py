"""One import of one file: invisible until finished, safe to repeat."""

from __future__ import annotations

from django.db import models


class ImportBatch(models.Model):
    """What was imported from which file. Rows of an unfinished import are shown to nobody."""

    kind = models.CharField(max_length=20)
    file_name = models.CharField(max_length=300)
    file_digest = models.CharField(max_length=64)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    rows_done = models.PositiveIntegerField(default=0)
    rows_skipped = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "file_digest"], name="file_imported_once_per_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} from {self.file_name}"
