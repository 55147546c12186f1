"""Write a file in the released format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from findings.records import RecordError
from labeling.enums import Split
from labeling.exchange.cards import card_path
from labeling.exchange.kinds import EXCHANGES, export_dataset
from labeling.management.progress import StderrProgress
from labeling.refusals import Refused


class Command(BaseCommand):
    help = (
        "Export all studies (or one) as rows of the released format, to .jsonl or .jsonl.gz, with a data card beside "
        "the file (OUT.card.md)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=sorted(EXCHANGES))
        parser.add_argument("out", type=Path)
        parser.add_argument("--study", help="Only the study of this name.")
        parser.add_argument("--split", choices=Split.values, help="Only one side of the split by passage.")
        parser.add_argument(
            "--extended",
            action="store_true",
            help="Write null where an answer kind is missing, and add one key, “provenance”.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["out"]
        progress = StderrProgress(path.name)
        try:
            rows = export_dataset(
                options["kind"],
                path,
                study=options["study"],
                extended=options["extended"],
                split=options["split"],
                progress=progress,
            )
        except (Refused, RecordError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        finally:
            progress.done()
        self.stdout.write(f"Wrote {rows} rows to {path}, and {card_path(path)}.")
