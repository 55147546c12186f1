"""Bring a released file in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from findings.jsonl import JsonlError
from labeling.exchange.kinds import EXCHANGES, import_dataset
from labeling.management.progress import StderrProgress
from labeling.refusals import Refused


class Command(BaseCommand):
    help = (
        "Import a .jsonl or .jsonl.gz file of released rows as a closed study named after the file. The file is "
        "checked whole first; nothing is imported from a bad one. Rows that are here already are not imported again, "
        "and an import that was killed goes on where it ended."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=sorted(EXCHANGES))
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--skip-bad", action="store_true", help="Import the good lines; write the bad ones to FILE.bad.jsonl."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        progress = StderrProgress(path.name)
        try:
            report = import_dataset(options["kind"], path, skip_bad=options["skip_bad"], progress=progress)
        except (Refused, JsonlError) as error:
            raise CommandError(str(error)) from error
        finally:
            progress.done()
        if report.already:
            self.stdout.write(f"Imported before: all of {path} is in the study “{report.study}” ({report.rows} rows).")
            return
        self.stdout.write(f"Imported {report.rows} rows of {path} as the study “{report.study}”.")
        if report.bad_lines is not None:
            self.stdout.write(f"Skipped {report.skipped} bad lines: see {report.bad_lines}.")
