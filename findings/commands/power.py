"""`python -m findings power --passages 20 40 80 --labelers 10 20`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from findings import records
from findings.commands.options import add_plan, plan, positive, progress
from findings.human_study.labels import tabulate
from findings.planning.coverage_and_power import power
from findings.planning.simulate import from_pilot


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_plan(parser, several=True)
    parser.add_argument(
        "--pilot", type=Path, help="assistance rows to take means, effects and variances from, not from the options"
    )
    parser.add_argument("--studies", type=positive, default=200, help="of each size (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="of the first study (default: 0)")


def run(options: argparse.Namespace) -> None:
    """Tell how often studies of several sizes would see the effect: a 95 % interval without 0."""
    planned = plan(options, passages=1, labelers=max(options.labelers))
    if options.pilot:
        rows = records.read(records.ASSISTANCE_EXTENDED, options.pilot)
        planned = replace(from_pilot(tabulate(rows)), labeler_slopes=options.labeler_slopes)
    sizes = power(
        planned,
        passages=options.passages,
        labelers=options.labelers,
        studies=options.studies,
        seed=options.seed,
        progress=progress(len(options.passages) * len(options.labelers) * options.studies),
    )
    print(f"true effect {planned.truth(None):.3f} critiques per answer; {options.studies} studies of each size")
    print("passages  labelers  power (passage bootstrap)  power (cluster-robust)")
    for size in sizes:
        print(f"{size.passages:8}  {size.labelers:8}  {size.bootstrap:25.2f}  {size.robust:22.2f}")
