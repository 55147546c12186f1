"""`python -m findings coverage --studies 2000`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from findings import jsonl
from findings.commands.options import as_json, positive, progress
from findings.planning.coverage_and_power import ONE_SIGMA, SCENARIOS, Coverage, coverage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--studies", type=positive, default=2000, help="of each scenario (default: 2000)")
    parser.add_argument("--reps", type=positive, default=1000, help="resamples in each study (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of the first study (default: 0)")
    parser.add_argument("--scenario", choices=[*SCENARIOS], action="append", help="default: all of them")
    parser.add_argument("--out", type=Path, help="also write the counts as JSON")


def run(options: argparse.Namespace) -> None:
    """Count how often the intervals of simulated studies hold the truth."""
    counted: dict[str, list[Coverage]] = {}
    for name in options.scenario or SCENARIOS:
        print(f"{name}: {options.studies} studies", flush=True)
        counted[name] = coverage(
            SCENARIOS[name],
            studies=options.studies,
            seed=options.seed,
            reps=options.reps,
            progress=progress(options.studies),
        )
        for one in counted[name]:
            print(f"  {_line(one)}", flush=True)
    if options.out:
        with jsonl.atomic(options.out) as file:
            file.write(as_json({name: [asdict(one) for one in results] for name, results in counted.items()}))


def _line(one: Coverage) -> str:
    return (
        f"{one.method:9} {one.quantity:26} truth {one.truth:.3f} mean {one.mean_value:.3f}"
        f"  z=1 {one.share:.3f} (±{one.error(ONE_SIGMA):.3f})"
        f"  95 % {one.share95:.3f} (±{one.error(0.95):.3f})"
        f"  width {one.mean_width95:.3f}  of {one.studies}"
    )
