"""Accounts: who may sign in, and as what."""

from __future__ import annotations

from django.db import transaction

from labeling.enums import Role
from labeling.models import Labeler, User
from labeling.refusals import Refused


def create_account(*, username: str, password: str, role: Role) -> User:
    """Make an account; a labeler's also enters them among the people of the study. Admins may use Django's admin."""
    is_admin = role is Role.ADMIN
    with transaction.atomic():
        user = User.objects.create_user(
            username, password=password, role=role, is_staff=is_admin, is_superuser=is_admin
        )
        if role is Role.LABELER:
            Labeler.objects.create(user=user)
    return user


def person_named(name: str) -> tuple[User | None, Labeler | None]:
    """The account and the labeler of this name; the labeler alone for an author without an account.

    Raises Refused if nobody is known by the name.
    """
    user = User.objects.filter(username=name).first()
    named = Labeler.objects.filter(user=user) if user is not None else Labeler.objects.filter(outside_name=name)
    labeler = named.first()
    if user is None and labeler is None:
        raise Refused(f"Nobody here is called “{name}”.")
    return user, labeler
