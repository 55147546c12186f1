"""What happened, append-only: ids and kinds, never text, so that a person's texts can be deleted."""

from __future__ import annotations

from django.db import models

from labeling.enums import EventKind


class Event(models.Model):
    """Written in the same transaction as the change it tells of."""

    kind = models.CharField(max_length=20, choices=EventKind)
    at = models.DateTimeField(auto_now_add=True)
    study = models.ForeignKey("Study", null=True, on_delete=models.CASCADE)
    assignment = models.ForeignKey("Assignment", null=True, on_delete=models.CASCADE, related_name="events")
    actor = models.ForeignKey("User", null=True, on_delete=models.SET_NULL)
    account = models.ForeignKey("User", null=True, on_delete=models.SET_NULL, related_name="events_about")
    """Whose account, or whose place in a study, the event is about."""
    critique = models.BigIntegerField(null=True)
    suggestion = models.BigIntegerField(null=True)
    value = models.BigIntegerField(null=True)
    """A rating, a count, a number of characters changed: what the kind says."""

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["assignment", "kind"]), models.Index(fields=["study", "kind"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.kind}"
