"""What parts of the work have in common: a page saves each by itself, under a key, and may grade it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from labeling.enums import Category, Severity
from labeling.models.fields import between


class Part(models.Model):
    """A part of a sitting that its page saves by itself."""

    revision = models.PositiveIntegerField(default=0)
    """Counts saves; a save from a tab that has not seen the latest one is refused."""

    class Meta:
        abstract = True


class KeyedPart(Part):
    """A part with a key that is no number of ours, so that a page can name it before it is stored."""

    client_key = models.UUIDField(default=uuid.uuid4)
    """Named by the browser where it begins the part, so that a repeated request makes one record."""

    class Meta:
        abstract = True


class Graded(models.Model):
    """A critique's category and severity, wherever they stand."""

    category = models.CharField(max_length=9, choices=Category, blank=True)
    category_text = models.TextField(blank=True)
    severity = models.PositiveSmallIntegerField(choices=Severity, null=True, blank=True)

    class Meta:
        abstract = True


def graded(name: str) -> list[models.BaseConstraint]:
    """What the database asks of a category and a severity, wherever they stand."""
    return [
        models.CheckConstraint(
            condition=between("severity", min(Severity), max(Severity)), name=f"{name}_severity_1_to_4"
        ),
        models.CheckConstraint(
            condition=Q(category="") | Q(category__in=Category.values), name=f"{name}_category_is_known"
        ),
    ]
