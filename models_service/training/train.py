"""`python -m models_service train --model DIR --output DIR --critiques … --helpfulness … --learning-rate …`."""

from __future__ import annotations

import argparse
import logging
import time
from collections import Counter
from pathlib import Path

from findings.records import RecordError
from models_service.training.card import draw_curve, write_card
from models_service.training.demonstrations import read_demonstrations
from models_service.training.finetune import Settings, finetune, rank

_LOG = logging.getLogger(__name__)
_KINDS = ("base", "critiques", "helpfulness", "synthetic")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, help="a directory or hub name of a causal language model")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    for kind in _KINDS:
        parser.add_argument(f"--{kind}", type=Path, nargs="*", default=[], help="JSONL files, gzip by suffix")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--batch", type=int, default=8, help="rows of --context tokens in a step, filled with examples")
    parser.add_argument("--context", type=int, default=2048, help="longer texts are left out and counted")
    parser.add_argument("--split-by-passage", type=int, metavar="SEED", help="in place of the split that rows say")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lora-rank", type=int)
    parser.add_argument("--optimizer", choices=("adamw", "muon"), default="adamw")
    parser.add_argument("--precision", choices=("no", "bf16"), default="no", help="of the passes; weights stay fp32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=0, help="background processes that make batches")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --output")


def run(args: argparse.Namespace) -> int:
    """Read, train, draw the curve, write the card."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    files = {kind: tuple(getattr(args, kind)) for kind in _KINDS}
    try:
        demonstrations = read_demonstrations(**files, seed=args.seed, split_by_passage=args.split_by_passage)
    except RecordError as error:
        raise SystemExit(f"error: {error}") from error
    for (split, task), number in sorted(Counter((one.split, one.task) for one in demonstrations).items()):
        _LOG.info("%s: %d x %s", split, number, task)
    settings = Settings(
        model=args.model,
        output=args.output,
        learning_rate=args.learning_rate,
        epochs=args.epochs,
        batch=args.batch,
        context=args.context,
        seed=args.seed,
        lora_rank=args.lora_rank,
        optimizer=args.optimizer,
        precision=args.precision,
        device=args.device,
        workers=args.workers,
    )
    started = time.monotonic()
    outcome = finetune(settings, demonstrations, resume=args.resume)
    if rank():
        return 0
    draw_curve(outcome, args.output / "curve.svg")
    card = write_card(settings, outcome, files, minutes=(time.monotonic() - started) / 60)
    _LOG.info("training loss %.4f, validation loss %s; see %s", outcome.train_loss, outcome.test_loss, card)
    return 0
