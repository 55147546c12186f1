"""`python -m models_service train --model DIR --output DIR --critiques … --helpfulness … --learning-rate …`."""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections import Counter
from pathlib import Path

from findings.records import RecordError
from models_service.training.card import draw_curve, write_card
from models_service.training.demonstrations import read_demonstrations
from models_service.training.finetune import Settings, finetune

_LOG = logging.getLogger(__name__)
_KINDS = ("base", "critiques", "helpfulness", "synthetic")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, help="a directory or hub name of a causal language model")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    for kind in _KINDS:
        parser.add_argument(f"--{kind}", type=Path, nargs="*", default=[], help="JSONL files, gzip by suffix")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--context", type=int, default=2048, help="longer texts are left out and counted")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lora-rank", type=int)
    parser.add_argument("--trainer", type=Path, help="a JSON object of further transformers.TrainingArguments")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --output")


def run(args: argparse.Namespace) -> int:
    """Read, train, draw the curve, write the card."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    files = {kind: tuple(getattr(args, kind)) for kind in _KINDS}
    try:
        demonstrations = read_demonstrations(**files, seed=args.seed)
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
        extra=json.loads(args.trainer.read_text(encoding="utf-8")) if args.trainer else {},
    )
    started = time.monotonic()
    outcome = finetune(settings, demonstrations, resume=args.resume)
    draw_curve(outcome, args.output / "curve.svg")
    card = write_card(settings, outcome, files, minutes=(time.monotonic() - started) / 60)
    _LOG.info("training loss %.4f, validation loss %s; see %s", outcome.train_loss, outcome.test_loss, card)
    return 0
