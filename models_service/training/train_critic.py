"""`python -m models_service train-critic --task TASK --base MODEL --output DIR --supervised SECONDS …`: all stages."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path
from typing import Any

from findings.records import RecordError
from models_service.synthetic import TASKS
from models_service.training.splits import OneSplitOnly


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--task", required=True, choices=sorted([*TASKS, "english"]))
    parser.add_argument("--base", required=True, type=Path, help="a GGUF file or a model's directory")
    parser.add_argument("--output", required=True, type=Path)
    stages = parser.add_argument_group("stages, in seconds")
    stages.add_argument("--supervised", type=float, required=True, help="learning from what the generator made")
    stages.add_argument("--own", type=float, default=0.0, help="drawing the critic's own critiques")
    stages.add_argument("--continued", type=float, default=0.0, help="learning to judge these, a round")
    stages.add_argument("--rounds", type=int, default=1)
    stages.add_argument("--measured", type=int, default=40, help="held-out passages to measure on")
    parser.add_argument("--released", type=Path, help="released helpfulness rows, of which the training split is read")
    parser.add_argument("--split-by-passage", type=int, metavar="SEED", help="split the released rows by passage")
    parser.add_argument("--released-share", type=float, default=0.0, help="of the passages read, how many are released")
    parser.add_argument("--own-share", type=float, default=0.4, help="the same of own critiques, when continued")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--continued-rate", type=float, default=5e-4)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--rows", type=int, default=2, help="rows of a step")
    parser.add_argument("--length", type=int, default=2048, help="tokens of a row")
    parser.add_argument("--replays", type=int, default=1, help="how many times a made passage is read")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=("no", "bf16"), default="no", help="of the passes; weights stay fp32")
    parser.add_argument("--compiled", action="store_true", help="compile the layers: worth a minute on a GPU")
    parser.add_argument("--workers", type=int, default=0, help="background processes that make batches and judge")
    parser.add_argument("--tokens-at-once", type=int, default=8192, help="sampled from together, padding included")
    parser.add_argument("--seed", type=int, default=1)


def run(args: argparse.Namespace) -> int:
    """Train, measure, write; started again with the same output, it goes on where it stopped."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    from models_service.training.judged_critic import CriticRun, Recipe
    from models_service.training.judged_tasks import judged_task
    from models_service.training.own_critiques import judging

    try:
        released = _released(args)
    except (RecordError, OneSplitOnly) as error:
        raise SystemExit(f"error: {error}") from error
    recipe = Recipe(
        base=args.base,
        output=args.output,
        supervised_seconds=args.supervised,
        own_seconds=args.own,
        continued_seconds=args.continued,
        rounds=args.rounds,
        learning_rate=args.learning_rate,
        continued_rate=args.continued_rate,
        rank=args.rank,
        alpha=2 * args.rank,
        rows=args.rows,
        length=args.length,
        replays=args.replays,
        released_share=args.released_share,
        own_share=args.own_share,
        measured=args.measured,
        device=args.device,
        precision=args.precision,
        compiled=args.compiled,
        workers=args.workers,
        tokens_at_once=args.tokens_at_once,
        seed=args.seed,
        **released,
    )
    task = judged_task(args.task)
    # Before the model is loaded: what is read once is then shared by the processes that are forked, and small.
    next(task.training(0)), next(task.held_out(0))
    with judging(task.judge, args.workers) as judge_all:
        CriticRun(recipe, task, judge_all).run()
    return 0


def _released(args: argparse.Namespace) -> dict[str, Any]:
    if args.released is None:
        return {}
    from models_service.training.card import digest
    from models_service.training.streams import read_released

    passages = read_released(args.released, "train", args.split_by_passage)
    told = {
        "split_by_passage": args.split_by_passage,
        "name": args.released.name,
        "sha256": digest(args.released),
        "passages": len(passages),
    }
    return {"released": tuple(passages), "facts": {"released": told}}
