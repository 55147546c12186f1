"""Who uses the site, and who is known only from files."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models, transaction

from labeling.enums import Role
from labeling.models.names import keep_name
from labeling.models.querysets import LabelerQuerySet


class User(AbstractUser):
    """An account. Labelers, researchers and admins sign in with one."""

    role = models.CharField(max_length=12, choices=Role, default=Role.LABELER)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_is_known"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises IntegrityError for a name that is somebody else's, now or earlier."""
        is_named_so = type(self).objects.filter(pk=self.pk, username=self.username).exists()
        with transaction.atomic():
            super().save(*args, **kwargs)
            if not is_named_so:
                keep_name(self.username, user=self)

    @property
    def is_labeler(self) -> bool:
        return self.role == Role.LABELER

    @property
    def is_researcher(self) -> bool:
        """Researchers read studies and exports; admins may do all that researchers may."""
        return self.role in {Role.RESEARCHER, Role.ADMIN}

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN


class Labeler(models.Model):
    """A person of the study: somebody with an account, or somebody known only from a file.

    Exactly one of the three is set: `user`; `imported_id`, the 64 hexadecimal digits of a released file;
    `outside_name`, an author named in an uploaded file who has no account here, until an account claims it.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.OneToOneField(User, null=True, blank=True, on_delete=models.PROTECT)
    imported_id = models.CharField(max_length=64, null=True, blank=True, unique=True)
    outside_name = models.CharField(max_length=150, null=True, blank=True, unique=True)

    objects = LabelerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    models.Q(user__isnull=False, imported_id__isnull=True, outside_name__isnull=True)
                    | models.Q(user__isnull=True, imported_id__isnull=False, outside_name__isnull=True)
                    | models.Q(user__isnull=True, imported_id__isnull=True, outside_name__isnull=False)
                ),
                name="labeler_is_known_in_one_way",
            ),
        ]

    def __str__(self) -> str:
        if self.user is not None:
            return self.user.get_username()
        return self.outside_name or (self.imported_id or "")[:8]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises IntegrityError for a name that is somebody else's."""
        with transaction.atomic():
            super().save(*args, **kwargs)
            if self.outside_name is not None:
                keep_name(self.outside_name, labeler=self)

    @property
    def pseudonym(self) -> str:
        """How this labeler leaves the site: an imported id verbatim, else HMAC-SHA256 under the site's salt."""
        if self.imported_id is not None:
            return self.imported_id
        salt = settings.PSEUDONYM_SALT.encode()
        return hmac.new(salt, self.key.bytes, hashlib.sha256).hexdigest()
