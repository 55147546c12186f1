"""Add our own passages, questions and answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.exchange.uploads import UploadProblems, add_passages
from labeling.management.progress import StderrProgress


class Command(BaseCommand):
    help = (
        "Add passages, questions and answers from a .jsonl, .jsonl.gz or .csv file (docs/input-format.md): all of "
        "it or, if a line is wrong, nothing. What is here already is left as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        progress = StderrProgress(path.name)
        try:
            with path.open("rb") as file:
                report = add_passages(file, path.name, progress=progress)
        except UploadProblems as problems:
            raise CommandError("Nothing was added.\n" + "\n".join(problems.lines)) from problems
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        finally:
            progress.done()
        self.stdout.write(str(report))
        if report.without_account:
            self.stdout.write(report.without_account)
