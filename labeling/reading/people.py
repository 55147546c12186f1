"""Who has an account here, for admins."""

from __future__ import annotations

from django.db import models

from labeling.models import Study, User


def found(name: str = "", role: str = "", state: str = "") -> models.QuerySet[User]:
    """Accounts by name."""
    accounts = User.objects.order_by("username")
    if name:
        accounts = accounts.filter(username__icontains=name)
    if role:
        accounts = accounts.filter(role=role)
    if state:
        accounts = accounts.filter(is_active=state == "open")
    return accounts


def studies_of(user: User) -> models.QuerySet[Study]:
    return Study.objects.filter(labelers__user=user).order_by("name")
