"""`python -m findings draw MEASURES --out DIR`."""

from __future__ import annotations

import argparse
from pathlib import Path

from findings import jsonl
from findings.commands.options import add_file
from findings.files import write_charts
from findings.records import RecordError
from findings.rendering.model_charts import measure, measure_charts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_file(parser, "measures, as `models_service evaluate` writes, of any kind but ranking")
    parser.add_argument("--out", type=Path, required=True, help="folder for the figures; made if missing")


def run(options: argparse.Namespace) -> None:
    """Draw the figures of a model evaluation, with their tables on one page."""
    measures = []
    for line in jsonl.read(options.file):
        try:
            measures.append(measure(line.value))
        except RecordError as error:
            raise RecordError(error.kind, error.problems, path=options.file, line=line.number) from None
    paths = write_charts(options.file.name, measure_charts(measures), options.out)
    print(f"{len(paths)} files, see {options.out / 'report.html'}")
