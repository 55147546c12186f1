"""`python -m models_service publish-critic TASK --run DIR`: measure a trained critic and put it where critics ship.

Writes weights, tokenizer, `card.json` (what pages show) and README.md (the model card) into
models_service/critic/TASK, or into `--output`, which a task without a shipped critic needs. Every number is
measured here, by the engine that users run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models_service import critic
from models_service.critic.described import described
from models_service.engine import EngineSettings, open_engine
from models_service.evaluation.shipped import measure_plain, measure_reports
from models_service.synthetic import TASKS
from models_service.training.critic_card import number_row
from models_service.training.small.loop import CORE

#: What this trainer knows to make, from random weights.
SMALL = ("3-sat", "addition", "alphabetize", "reports")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", choices=SMALL)
    parser.add_argument("--run", type=Path, required=True, help="the directory that training wrote")
    parser.add_argument("--output", type=Path, help="if not given, where the task's critic ships")
    parser.add_argument("--trained-by", required=True, help="the command line that trained it, for the card")
    parser.add_argument("--start", default="random weights", help="what training started from")
    parser.add_argument("--remark", default="", help="anything a reader of the card should know of the training")
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--seed", type=int, default=2022)


def run(args: argparse.Namespace) -> int:
    """Copy, measure, write both cards."""
    try:
        output: Path = args.output or critic.critic_for(args.task)
    except ValueError as error:
        raise SystemExit(f"error: {error}: give --output") from error
    output.mkdir(parents=True, exist_ok=True)
    for path in sorted((args.run / "model").iterdir()):
        shutil.copyfile(path, output / path.name)
    started = time.process_time()
    engine = open_engine(EngineSettings(model=str(output)))
    if args.task == "reports":
        numbers = list(measure_reports(engine, number=args.n, seed=args.seed))
    else:
        numbers = list(measure_plain(engine, TASKS[args.task], number=args.n, seed=args.seed))
    minutes = (time.process_time() - started) / 60
    curve = [json.loads(line) for line in (args.run / "curve.jsonl").read_text(encoding="utf-8").splitlines()]
    card = described(args.task) | {"numbers": numbers}
    (output / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    card_text = model_card(
        card, curve, start=args.start, command=args.trained_by, remark=args.remark, seed=args.seed, minutes=minutes
    )
    (output / "README.md").write_text(card_text, encoding="utf-8")
    return 0


def model_card(
    card: Mapping[str, Any],
    curve: Sequence[Mapping[str, Any]],
    *,
    start: str,
    command: str,
    remark: str,
    seed: int,
    minutes: float,
) -> str:
    """The card as Markdown: what it reads, how it was trained, its curve, its numbers."""
    trained = [row for row in curve if "text" in row]
    looks = [row for row in curve if "probe" in row]
    last = [row for row in trained if row["step"] <= looks[-1]["step"]][-1]  # the state is saved at a look
    parameters = next(row["parameters"] for row in curve if "parameters" in row)
    lines = [
        f"# {str(card['name']).capitalize()}",
        "",
        f"Reads: {card['reads']}",
        "",
        f"Cannot: {card['cannot']}",
        "",
        "Made for the first run of this project, its demo and its tests; no one should rely on it elsewhere.",
        "",
        "## Training",
        "",
        f"From {start}, {parameters:,} parameters (Qwen3 architecture, half precision), on generated",
        "problems judged by the task's oracles (`models_service/synthetic`); no text of other origin.",
        f"{last['millions']} million tokens in {last['step']} steps, {_effort(curve, last)}.",
        "",
        f"    {command}",
        "",
        *([remark, ""] if remark else []),
        "| step | greedy critique valid | critiqueability AUC | helpfulness AUC | own answer sound |",
        "|---|---|---|---|---|",
        *(_look(row) for row in looks),
        "",
        "(The loop's quick looks at 96 or 128 problems. Losses: `curve.jsonl` of the run.)",
        "",
        "## Numbers",
        "",
        f"Fresh problems, seed {seed}, measured in {minutes:.1f} CPU minutes by the local engine in float32. In",
        "brackets the 95 % interval: Wilson's for shares of problems, resampled by problem for areas.",
        "",
        "| set | measure | value | n |",
        "|---|---|---|---|",
        *(number_row(row) for row in card["numbers"]),
        "",
    ]
    return "\n".join(lines)


def _effort(curve: Sequence[Mapping[str, Any]], last: Mapping[str, Any]) -> str:
    """What the run took, by its last note: of a GPU's time, or of a core's."""
    device = next((row["device"] for row in curve if "device" in row), CORE)
    if device == CORE:
        return f"{last['core_minutes']} minutes of one CPU core"
    return f"{last['minutes']} minutes of one {device}, compiling included"


def _look(row: Mapping[str, Any]) -> str:
    seen = row["probe"]
    names = ("valid", "critiqueability", "helpfulness", "base")
    return f"| {row['step']} | " + " | ".join(f"{seen[name]:.3f}" for name in names) + " |"
