"""`critique`: eight critiques and their scores for every answer of a file.

One output line for each input line, in order. Interrupted, the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from findings.jsonl import JsonlError, Line, read
from models_service.commands.options import add_engine_arguments, engine_settings
from models_service.commands.records import check_lengths, drop_torn_line, read_subjects, windows, write_records
from models_service.engine import Engine, open_engine
from models_service.types import PAPER_TEMPERATURES, Bundle, Subject

#: The bar grows with each token: a part of a critique is shown to one place.
BAR = "{l_bar}{bar}| {n:.1f}/{total} [{elapsed}<{remaining}, {rate_fmt}]"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_engine_arguments(parser)
    parser.add_argument("--input", type=Path, required=True, help="JSONL of {passage, question, answer}")
    parser.add_argument("--output", type=Path, required=True, help="JSONL; existing lines are kept")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-new-tokens", type=int, default=96)


def run(args: argparse.Namespace) -> int:
    """Critique what OUTPUT does not hold yet. Raises JsonlError, EngineError; nothing is half-written."""
    from tqdm import tqdm

    subjects = read_subjects(args.input)
    settings = engine_settings(args)
    drop_torn_line(args.output)
    done = list(read(args.output)) if args.output.exists() else []
    engine = open_engine(settings)
    _check_same_work(args, subjects, done, engine)
    check_lengths(args.input, engine, subjects, args.max_new_tokens)
    waiting = subjects[len(done) :]
    each = len(PAPER_TEMPERATURES)
    # `plain` takes an answer at a time, so that each is written when it is done.
    together = 1 if engine.identity.engine == "plain" else max(1, args.max_rows // each)
    with tqdm(total=len(subjects) * each, initial=len(done) * each, unit="critique", bar_format=BAR) as bar:
        args.output.touch()
        for window in windows(waiting, together):
            before = bar.n

            def show(count: float, _total: int, before: float = before) -> None:
                bar.update(before + count - bar.n)

            bundles = engine.critique(
                [waiting[i] for i in window],
                seed=args.seed,
                max_new_tokens=args.max_new_tokens,
                progress=show,
            )
            write_records(args.output, [bundle_record(bundle) for bundle in bundles])
    return 0


def bundle_record(bundle: Bundle) -> dict[str, Any]:
    """A line of OUTPUT: all eight suggestions in sampling order, duplicates pointing at the first."""
    return {
        "key": bundle.key,
        "critiqueability": bundle.critiqueability,
        "suggestions": [
            {
                "temperature": s.temperature,
                "text": s.text,
                "helpfulness": s.helpfulness,
                "same_as": s.same_as,
                "rank": s.rank,
                **({"copied": True} if s.copied else {}),
                **({"degenerate": True} if s.degenerate else {}),
            }
            for s in bundle.suggestions
        ],
        "seed": bundle.seed,
        "model": asdict(bundle.model),
        "grouping": dict(bundle.grouping),
    }


def _check_same_work(args: argparse.Namespace, subjects: list[Subject], done: list[Line], engine: Engine) -> None:
    """What OUTPUT holds must be the beginning of this very work."""
    if len(done) > len(subjects):
        raise JsonlError(args.output, None, f"has {len(done)} lines, {args.input} only {len(subjects)}")
    model = asdict(engine.identity)
    for subject, line in zip(subjects, done, strict=False):
        wanted = {"key": subject.key, "seed": args.seed, "model": model}
        for field, value in wanted.items():
            if line.value.get(field) != value:
                reason = f"its {field} is not that of this work, which so cannot go on; choose another --output"
                raise JsonlError(args.output, line.number, reason)
