"""`python -m findings simulate --out FILE`."""

from __future__ import annotations

import argparse
from pathlib import Path

from findings import jsonl
from findings.commands.options import add_plan, plan, positive
from findings.planning.simulate import simulate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="file to write, .jsonl or .jsonl.gz")
    parser.add_argument("--seed", type=int, default=0, help="of the study (default: 0)")
    parser.add_argument("--passage-words", type=positive, default=30)
    add_plan(parser)


def run(options: argparse.Namespace) -> None:
    """Write a simulated study with a known effect of assistance, to rehearse an analysis with."""
    planned = plan(options, passages=options.passages, labelers=options.labelers)
    rows = jsonl.write(options.out, simulate(planned, seed=options.seed, passage_words=options.passage_words))
    print(f"{rows} rows in {options.out}; assistance truly adds {planned.truth(None):.3f} critiques per answer")
