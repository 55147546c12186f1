"""The names that people go by, in the one form that tells names apart."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db import models
from django.db.models import Q

from labeling.models.fields import INVISIBLE

LONGEST_KEY = 300


def name_key(name: str) -> str:
    """A name in the form that tells names apart: not by case, white space, width or what is invisible."""
    folded = unicodedata.normalize("NFKC", INVISIBLE.sub("", name)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


class PersonName(models.Model):
    """A name is one person's: that of an account, now or earlier, or of an author without one."""

    key = models.CharField(max_length=LONGEST_KEY, unique=True)
    user = models.ForeignKey("User", null=True, blank=True, on_delete=models.CASCADE, related_name="names")
    labeler = models.ForeignKey("Labeler", null=True, blank=True, on_delete=models.CASCADE, related_name="names")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, labeler__isnull=True) | Q(user__isnull=True, labeler__isnull=False),
                name="name_is_of_an_account_xor_an_author",
            ),
            models.CheckConstraint(condition=~Q(key=""), name="name_is_not_blank"),
        ]

    def __str__(self) -> str:
        return self.key


def keep_name(name: str, **person: Any) -> None:
    """Note that `user=` or `labeler=` goes by a name. Raises IntegrityError if it is somebody else's."""
    key = name_key(name)
    if not PersonName.objects.filter(key=key, **person).exists():
        PersonName.objects.create(key=key, **person)
