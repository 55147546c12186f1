"""Hand a person all that the site keeps of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from findings import jsonl
from labeling.exchange.person import person_record
from labeling.refusals import Refused


class Command(BaseCommand):
    help = "Write one JSON document with all that the site keeps of a person, drafts included."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="Username, or the name of an author without an account.")
        parser.add_argument("out", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["out"]
        try:
            record = person_record(options["name"])
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        with jsonl.atomic(path) as out:
            out.write(orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        path.chmod(0o600)
        self.stdout.write(f"Wrote {path}. Only you can read it.")
