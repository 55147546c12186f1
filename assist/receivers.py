"""Hears what labeling wants."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from assist.runs import want_runs
from assist.tasks import enqueue
from labeling.models import Study
from labeling.signals import suggestions_wanted


@receiver(suggestions_wanted)
def queue_runs(sender: type[Study], study_id: int, **kwargs: Any) -> None:
    """Queue what the study lacks. If the broker is away the rows stand, and the sweeper sends the calls later."""
    enqueue(want_runs(Study.objects.get(pk=study_id)))
