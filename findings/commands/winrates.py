"""`python -m findings winrates FILE`."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from findings import records
from findings.commands.options import add_bootstrap, add_file, print_json
from findings.model_evaluations.refining import outcomes, win_rates


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_file(parser, "refinement_judgements")
    add_bootstrap(parser)


def run(options: argparse.Namespace) -> None:
    """Print, as JSON, how often refinements beat their originals, as people judged them."""
    judged = outcomes(records.read(records.REFINEMENT_JUDGEMENTS, options.file))
    rates = win_rates(judged, seed=options.seed, reps=options.reps)
    print_json({"win_rates": [contest._asdict() | asdict(mean) for contest, mean in rates.items()]})
