"""Make an account from the command line: the first admin of a site, or many labelers from a script."""

from __future__ import annotations

import getpass
import secrets
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from labeling.actions.names import say_what_was_claimed
from labeling.actions.people import create_account
from labeling.enums import Role
from labeling.models import User
from labeling.refusals import Refused


class Command(BaseCommand):
    help = "Make an account. Its password is made up and printed, unless --ask."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--role", choices=Role.values, default=Role.LABELER.value)
        parser.add_argument("--ask", action="store_true", help="ask for the password instead")

    def handle(self, *args: Any, username: str, role: str, ask: bool, **options: Any) -> None:
        password = getpass.getpass("Password: ") if ask else secrets.token_urlsafe(12)
        user = User(username=username)
        try:
            user.clean_fields(exclude=["password", "role"])
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        try:
            user = create_account(username=username, password=password, role=Role(role))
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{username} ({role})" if ask else f"{username} ({role}): {password}")
        claimed = say_what_was_claimed(user)
        if claimed:
            self.stdout.write(claimed)
