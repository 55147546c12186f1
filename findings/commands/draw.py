"""`python -m findings draw MEASURES --out DIR`."""

from __future__ import annotations

import argparse
from pathlib import Path

from findings.commands.options import add_file
from findings.files import write_charts
from findings.records import read_with
from findings.rendering.model_charts import measure, measure_charts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_file(parser, "measures, as `models_service evaluate` writes, of any kind but ranking")
    parser.add_argument("--out", type=Path, required=True, help="folder for the figures; made if missing")


def run(options: argparse.Namespace) -> None:
    """Draw the figures of a model evaluation, with their tables on one page."""
    paths = write_charts(options.file.name, measure_charts(read_with(measure, options.file)), options.out)
    print(f"{len(paths)} files, see {options.out / 'report.html'}")
