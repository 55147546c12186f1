"""`python -m findings FILE --out DIR`, and the commands beside it; no database and no Django.

python -m findings assistance.jsonl.gz --out DIR [--intended checks.jsonl] [--judgements judgements.jsonl]
python -m findings agreement helpfulness.jsonl
python -m findings ranking helpfulness.jsonl --scores critique_scores.jsonl
python -m findings gaps gap_samples.jsonl
python -m findings winrates refinement_judgements.jsonl
python -m findings quality judgements.jsonl
python -m findings draw measures.jsonl --out DIR
python -m findings simulate --passages 40 --labelers 20 --out rehearsal.jsonl
python -m findings power --passages 20 40 80 --labelers 10 20 [--pilot assistance.jsonl]
python -m findings coverage --studies 2000
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from findings.human_study.labels import CheckError
from findings.human_study.regression import StatsMissingError
from findings.jsonl import JsonlError
from findings.records import RecordError

#: Each is a module of findings.commands, imported when it is chosen.
COMMANDS: Final = ("agreement", "ranking", "gaps", "winrates", "quality", "draw", "simulate", "power", "coverage")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0, or 2 with one line saying what is wrong and where."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    named = words[:1] if words[:1] and words[0] in COMMANDS else []
    command = import_module(f"findings.commands.{named[0] if named else 'report'}")
    parser = argparse.ArgumentParser(
        prog=" ".join(["python -m findings", *named]),
        description=command.run.__doc__,
        epilog=None if named else f"Other commands: {', '.join(COMMANDS)}.",
    )
    command.add_arguments(parser)
    options = parser.parse_args(words[len(named) :])
    try:
        command.run(options)
    except (JsonlError, RecordError, CheckError, StatsMissingError, OSError, ValueError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
