"""Hears what labeling wants."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.dispatch import receiver

from assist.readability import unreadable
from assist.runs import cancel_unwanted, want_runs
from assist.tasks import enqueue
from labeling.models import Answer, Study
from labeling.signals import readability_asked, suggestions_unwanted, suggestions_wanted


@receiver(suggestions_wanted)
def queue_runs(sender: type[Study], study_id: int, **kwargs: Any) -> None:
    """Queue what the study lacks. If the broker is away the rows stand, and the sweeper sends the calls later."""
    enqueue(want_runs(Study.objects.get(pk=study_id)))


@receiver(suggestions_unwanted)
def cancel_runs(sender: type[Study], **kwargs: Any) -> None:
    """What nobody wants any more is not computed. If this signal is lost, the sweeper sees to it."""
    cancel_unwanted()


@receiver(readability_asked)
def say_what_is_unreadable(sender: type[Study], critic: str, answers: QuerySet[Answer], **kwargs: Any) -> list[str]:
    """A sentence for each answer that the critic cannot read, or whose passage it cannot."""
    return unreadable(critic, answers)
