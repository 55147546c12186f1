"""The sweeper as a process of its own, for sites that do not run `manage.py demo`."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from assist.sweeping import sweep


class Command(BaseCommand):
    help = "Find what a lost message or worker left lying: once, or every --every seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=float, default=0, help="seconds between sweeps; 0 sweeps once")

    def handle(self, *args: Any, **options: Any) -> None:
        while True:
            swept = sweep()
            if not options["every"]:
                self.stdout.write(str(swept))
                return
            close_old_connections()
            time.sleep(options["every"])
