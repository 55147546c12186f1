"""`score`: critiqueability of given answers and helpfulness of given critiques."""

from __future__ import annotations

import argparse
from pathlib import Path

from findings.jsonl import JsonlError, read
from models_service.commands.options import add_engine_arguments, engine_settings
from models_service.commands.records import check_lengths, optional, read_subjects, windows, write_records
from models_service.engine import open_engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_engine_arguments(parser)
    parser.add_argument(
        "--input", type=Path, required=True, help="JSONL of {passage, question, answer, critique or null}"
    )
    parser.add_argument("--output", type=Path, required=True, help="JSONL; must not exist")


def run(args: argparse.Namespace) -> int:
    """One {key, critiqueability, helpfulness} a line; helpfulness is null where no critique is given."""
    from tqdm import tqdm

    if args.output.exists():
        raise JsonlError(args.output, None, "exists already")
    subjects = read_subjects(args.input)
    critiques = [optional(args.input, line, "critique") for line in read(args.input)]
    engine = open_engine(engine_settings(args))
    check_lengths(args.input, engine, subjects, max_new_tokens=0)
    args.output.touch()
    with tqdm(total=len(subjects), unit="answer") as bar:
        for window in windows(subjects, 16):
            critiqueability = engine.score_critiqueability([subjects[i] for i in window])
            given = {i: critique for i in window if (critique := critiques[i]) is not None}
            helpfulness = engine.score_helpfulness([subjects[i] for i in given], list(given.values()))
            by_index = dict(zip(given, helpfulness, strict=True))
            write_records(
                args.output,
                [
                    {"key": subjects[i].key, "critiqueability": score, "helpfulness": by_index.get(i)}
                    for i, score in zip(window, critiqueability, strict=True)
                ],
            )
            bar.update(len(window))
    return 0
