"""Load the demo's studies: generated reports with all six conditions, and longer passages without assistance."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assist.demo import long_passages, reports_study
from labeling.enums import Role
from labeling.limits import LARGEST_NUMBER
from labeling.management.numbers import number_between
from labeling.models import Labeler


class Command(BaseCommand):
    help = "Load the demo studies, dealt out to every labeler with an account. What is there already is left alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reports", type=number_between(0, 10_000), default=12, help="how many generated reports (default 12)"
        )
        parser.add_argument("--seed", type=number_between(0, LARGEST_NUMBER), default=2026)

    def handle(self, *args: Any, **options: Any) -> None:
        labelers = list(Labeler.objects.filter(user__is_active=True, user__role=Role.LABELER).order_by("pk"))
        if not labelers:
            raise CommandError("There are no labelers yet. Make accounts first: manage.py createuser, or make demo.")
        made = [
            reports_study.load(labelers, number=options["reports"], seed=options["seed"], tell=self._tell),
            long_passages.load(labelers, seed=options["seed"], tell=self._tell),
        ]
        for study in made:
            if study is not None:
                self._tell(f"Study “{study.name}”: {study.study_questions.count()} questions dealt out")

    def _tell(self, line: str) -> None:
        self.stdout.write(f"  {line}")
        self.stdout.flush()
