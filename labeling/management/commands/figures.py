"""Write a study's findings to a folder: findings.json, details.json, report.html and every figure."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from findings.files import write
from labeling.models import Study
from labeling.reading.findings import results_of


class Command(BaseCommand):
    help = "Write a study's findings and figures, as `python -m findings` does from its export."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--study", required=True, help="the study's name")
        parser.add_argument("--out", required=True, type=Path, help="a folder; made if it is not there")

    def handle(self, *args: Any, study: str, out: Path, **options: Any) -> None:
        found = Study.objects.readable().filter(name=study).first()
        if found is None:
            names = ", ".join(f"“{name}”" for name in Study.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no study named “{study}”. There is: {names}.")
        out.mkdir(parents=True, exist_ok=True)
        for path in write(results_of(found), out):
            self.stdout.write(str(path))
