"""Accounts: who may sign in, and as what."""

from __future__ import annotations

from django.db import transaction

from labeling.actions.names import claim, free_name
from labeling.enums import Role
from labeling.models import Labeler, User


def create_account(*, username: str, password: str, role: Role) -> User:
    """Make an account; a labeler's also enters them among the people of the study. Admins may use Django's admin.

    Whatever was uploaded under its name becomes the account's. Raises Refused if the name is another account's.
    """
    is_admin = role is Role.ADMIN
    with transaction.atomic():
        author = free_name(username)
        user = User.objects.create_user(
            username, password=password, role=role, is_staff=is_admin, is_superuser=is_admin
        )
        if author is not None:
            claim(author, user)
        elif role is Role.LABELER:
            Labeler.objects.create(user=user)
    return user
