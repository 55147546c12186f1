"""`python -m findings gaps FILE`."""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import asdict

from findings import records
from findings.commands.options import add_bootstrap, add_file, positive, print_json
from findings.model_evaluations.gdc import METRICS, gaps, questions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_file(parser, "gap_samples")
    parser.add_argument("--best-of", type=positive, nargs="+", default=[2], help="how many to choose from")
    add_bootstrap(parser)


def run(options: argparse.Namespace) -> None:
    """Print, as JSON, the gaps between generating, discriminating and critiquing, by model and judge."""
    groups: defaultdict[tuple[str, str], list[records.GapRecord]] = defaultdict(list)
    for record in records.read(records.GAP_SAMPLES, options.file):
        groups[record["model"], record["judge"]].append(record)
    told = [
        {"model": model, "judge": judge}
        | asdict(gaps(questions(rows), metric, n=n, seed=options.seed, reps=options.reps))
        for (model, judge), rows in groups.items()
        for metric in METRICS
        for n in options.best_of
    ]
    print_json({"gaps": told})
