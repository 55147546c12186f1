"""Train a critic: `python -m models_service.training.small addition --steps 3200 --output runs/addition`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from random import Random
from typing import Any

import torch
from tokenizers import Tokenizer

from models_service.training.small import curriculum_addition
from models_service.training.small.decoder import Shape
from models_service.training.small.export import load_from_transformers, save_for_transformers
from models_service.training.small.loop import Curriculum, Plan, Trainer
from models_service.training.small.transplant import transplant
from models_service.training.small.vocabulary import learn_vocabulary


def _tokenizer(options: argparse.Namespace, module: Any) -> Tokenizer:
    """The resumed run's tokenizer, or a new one learned from the task's text and kept beside the state."""
    if options.resume:
        tokenizer = Tokenizer.from_file(str(options.resume.with_name("tokenizer.json")))
    else:
        tokenizer = learn_vocabulary(module.corpus(Random(7)), 2048, split_digits=options.task == "addition")
    options.output.mkdir(parents=True, exist_ok=True)
    if int(os.environ.get("RANK", "0")) == 0:
        tokenizer.save(str(options.output / "tokenizer.json"))
    return tokenizer


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("task")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--decay", type=float, default=0.35)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--probe-every", type=int, default=500)
    parser.add_argument("--first-round", type=float, default=0.35)
    parser.add_argument("--picked", type=int, default=2048)
    parser.add_argument("--hinted", type=int, default=768)
    parser.add_argument("--matrix-rate", type=float, default=0.02)
    parser.add_argument("--vector-rate", type=float, default=4e-3)
    parser.add_argument("--hint-weight", type=float, default=0.5)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--init", type=Path, help="start from this model, under the task's own vocabulary")
    parser.add_argument("--resume", type=Path, help="a run's state.pt, its tokenizer.json beside it")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if "RANK" in os.environ:
        torch.distributed.init_process_group("gloo")
    module = curriculum_addition
    if options.task == "reports":
        from models_service.training.small import curriculum_reports as module  # type: ignore
    curriculum = Curriculum(
        module.sheet, module.proportions, module.probe, module.QUESTIONS, module.CLASSES, module.own
    )
    tokenizer = _tokenizer(options, module)
    plan = Plan(
        options.steps,
        options.first_round,
        options.length,
        options.rows,
        options.decay,
        seed=options.seed,
        probe_every=options.probe_every,
        picked=options.picked,
        hinted=options.hinted,
        matrix_rate=options.matrix_rate,
        hint_weight=options.hint_weight,
        vector_rate=options.vector_rate,
    )
    trainer = Trainer(plan, curriculum, tokenizer, options.output, shape=Shape(0, layers=options.layers))
    if options.init:
        model, known = load_from_transformers(options.init)
        trainer.model.load_state_dict(transplant(model, known, tokenizer).state_dict())
    if options.resume:
        trainer.resume(options.resume)
    trainer.run()
    if trainer.rank == 0:
        save_for_transformers(trainer.model, tokenizer, options.output / "model")


if __name__ == "__main__":
    main()
