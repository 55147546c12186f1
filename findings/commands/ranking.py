"""`python -m findings ranking FILE --scores SCORES`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from findings import records
from findings.commands.options import add_bootstrap, add_file, print_json
from findings.human_study.verdicts import scored_verdicts
from findings.statistics.scoring import Scored, ranking, reliability


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_file(parser, "helpfulness")
    parser.add_argument("--scores", type=Path, required=True, help="critique_scores rows about them")
    add_bootstrap(parser)


def run(options: argparse.Namespace) -> None:
    """Print, as JSON, how well a scorer ranks the critiques of a question, and how reliable its scores are."""
    rows = records.read(records.HELPFULNESS, options.file)
    scored = Scored.of(scored_verdicts(rows, records.read(records.CRITIQUE_SCORES, options.scores)))
    told = reliability(scored, seed=options.seed, reps=options.reps)
    print_json(
        {
            "ranking": asdict(ranking(scored, seed=options.seed, reps=options.reps)),
            "reliability": asdict(told) if told else None,
        }
    )
