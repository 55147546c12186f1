"""The sweeper as a process of its own, for sites that do not run `manage.py demo`."""

from __future__ import annotations

import logging
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from assist.outages import OUTAGES, wait_for_database
from assist.sweeping import sweep
from labeling.management.numbers import number_between

log = logging.getLogger(__name__)
DAY = 24 * 3600


class Command(BaseCommand):
    help = "Find what a lost message or worker left lying: once, or every --every seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--every", type=number_between(0.0, DAY), default=0.0, help="seconds between sweeps; 0 sweeps once"
        )

    def handle(self, *args: Any, every: float, **options: Any) -> None:
        if every:
            self.sweep_for_ever(every)
        swept = sweep()
        self.stdout.write(str(swept))
        if swept.failed:
            raise CommandError(f"{swept.failed} studies could not be swept. The log says which, and why.")

    def sweep_for_ever(self, every: float) -> None:
        """A sweep that fails is told and tried again: nothing else would find what is lying about."""
        while True:
            try:
                sweep()
            except OUTAGES as outage:
                log.warning("The database was lost in the middle of a sweep: %s", outage)
                wait_for_database()
            except Exception:
                log.exception("This sweep failed; the next one begins in %g s", every)
            close_old_connections()
            time.sleep(every)
