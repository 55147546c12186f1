"""`python -m findings FILE --out DIR`."""

from __future__ import annotations

import argparse
from pathlib import Path

from findings import records
from findings.commands.options import add_bootstrap, add_file
from findings.files import write
from findings.human_study.study import analyse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_file(parser, "assistance, as released or extended")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results; made if missing")
    parser.add_argument("--intended", type=Path, help="intended_checks rows about these labels")
    parser.add_argument("--judgements", type=Path, help="judgements rows about the suggestions shown")
    add_bootstrap(parser)


def run(options: argparse.Namespace) -> None:
    """Write the tables and figures of a human study, with a report on one page."""
    rows = records.read(records.ASSISTANCE_EXTENDED, options.file)
    results = analyse(
        rows,
        source=options.file.name,
        intended=records.read(records.INTENDED_CHECKS, options.intended) if options.intended else (),
        judgements=records.read(records.JUDGEMENTS, options.judgements) if options.judgements else (),
        seed=options.seed,
        reps=options.reps,
    )
    paths = write(results, options.out)
    covered = results.design
    print(f"{covered.labels} labels, {covered.questions} questions, {covered.passages} passages")
    print(f"{len(results.findings)} findings in {len(paths)} files, see {options.out / 'report.html'}")
    if results.robust_missing:
        print(results.robust_missing)
