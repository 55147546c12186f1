"""Load the demo's studies: generated reports, English passages, and longer ones without assistance."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assist.demo import english_study, long_passages, reports_study
from labeling.enums import Role
from labeling.limits import LARGEST_NUMBER
from labeling.management.numbers import number_between
from labeling.models import Labeler, Study


class Command(BaseCommand):
    help = "Load the demo studies, dealt out to every labeler with an account. What is there already is left alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reports", type=number_between(0, 10_000), default=12, help="how many generated reports (default 12)"
        )
        parser.add_argument("--small", action="store_true", help="leave out the critic “english” and its study")
        parser.add_argument("--seed", type=number_between(0, LARGEST_NUMBER), default=2026)

    def handle(self, *args: Any, **options: Any) -> None:
        labelers = list(Labeler.objects.filter(user__is_active=True, user__role=Role.LABELER).order_by("pk"))
        if not labelers:
            raise CommandError("There are no labelers yet. Make accounts first: manage.py createuser, or make demo.")
        made = [
            reports_study.load(labelers, number=options["reports"], seed=options["seed"], tell=self._tell),
            self._english(labelers, **options),
            long_passages.load(labelers, seed=options["seed"], tell=self._tell),
        ]
        for study in made:
            if study is not None:
                self._tell(f"Study “{study.name}”: {study.study_questions.count()} questions dealt out")

    def _english(self, labelers: list[Labeler], *, small: bool, seed: int, **options: Any) -> Study | None:
        """The study in English, where its critic's base is there; else the reason why not, in a line."""
        if not small and english_study.is_ready():
            return english_study.load(labelers, seed=seed, tell=self._tell)
        why = "as asked" if small else "its base is not here; scripts/base-model fetches it, 93 MB"
        self._tell(f"Without the critic “english” ({why}): the small critics read alone")
        return None

    def _tell(self, line: str) -> None:
        self.stdout.write(f"  {line}")
        self.stdout.flush()
