"""`python -m findings agreement FILE`."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from findings import records
from findings.commands.options import add_bootstrap, add_file, print_json
from findings.human_study.agreements import of_verdicts
from findings.human_study.verdicts import count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_file(parser, "helpfulness")
    add_bootstrap(parser)


def run(options: argparse.Namespace) -> None:
    """Print, as JSON, what a helpfulness file holds and how far its judges agree."""
    rows = list(records.read(records.HELPFULNESS, options.file))
    agreed = of_verdicts(rows, seed=options.seed, reps=options.reps)
    print_json({"counts": asdict(count(rows)), "agreement": asdict(agreed)})
