"""`python -m findings quality FILE`."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from findings import records
from findings.commands.options import add_bootstrap, add_file, print_json
from findings.model_evaluations.quality import helpful_by_critic


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_file(parser, "judgements")
    add_bootstrap(parser)


def run(options: argparse.Namespace) -> None:
    """Print, as JSON, how often each critic's critiques are helpful, and clearly so."""
    judged = records.read(records.JUDGEMENTS, options.file)
    shares = helpful_by_critic(judged, seed=options.seed, reps=options.reps)
    print_json({"helpful": [share._asdict() | asdict(mean) for share, mean in shares.items()]})
