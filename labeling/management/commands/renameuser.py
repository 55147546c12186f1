"""Give an account another name."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from labeling.actions.names import person_named, rename_account
from labeling.models import User
from labeling.refusals import Refused


class Command(BaseCommand):
    help = (
        "Give an account another name. It keeps its earlier ones: texts uploaded under any of them, before or after, "
        "are the account's."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="one of the account's names")
        parser.add_argument("username", help="the new one")

    def handle(self, *args: Any, name: str, username: str, **options: Any) -> None:
        try:
            User(username=username).clean_fields(exclude=["password", "role"])
            user, _ = person_named(name)
            if user is None:
                raise CommandError(f"“{name}” has no account.")
            rename_account(user, username)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"The account is named {username} now.")
