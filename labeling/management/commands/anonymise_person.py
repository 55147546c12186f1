"""Forget who a person is."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.actions.leaving import anonymise
from labeling.actions.names import person_named
from labeling.refusals import Refused


class Command(BaseCommand):
    help = (
        "Delete a person's account and name for good. What they submitted stays under the pseudonym that exports use; "
        "unfinished work goes back to others, and its drafts are deleted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="Username, or the name of an author without an account.")
        parser.add_argument("--no-input", action="store_false", dest="ask", help="Do not ask for confirmation.")

    def handle(self, *args: Any, **options: Any) -> None:
        name: str = options["name"]
        try:
            person_named(name)
            if options["ask"]:
                confirm(name)
            pseudonym = anonymise(name)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        kept = f"Their work stays as {pseudonym}." if pseudonym else "They had labeled nothing."
        self.stdout.write(f"“{name}” is forgotten. {kept}")


def confirm(name: str) -> None:
    """Raises CommandError unless the name is typed, or where nobody is there to type it."""
    try:
        typed = input(f"This cannot be undone. Type “{name}” to go on: ")
    except EOFError:
        raise CommandError("Nothing was changed: nobody answered. --no-input does not ask.") from None
    if typed.strip() != name:
        raise CommandError("Nothing was changed.")
