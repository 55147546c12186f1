"""Train a critic: `python -m models_service.training.small addition --steps 3200 --output runs/addition`."""

from __future__ import annotations

import argparse
import os
import time
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import torch
from tokenizers import Tokenizer

from models_service.training.small.decoder import Shape
from models_service.training.small.export import save_for_transformers
from models_service.training.small.loop import Plan, Trainer
from models_service.training.small.vocabulary import learn_vocabulary

#: The knobs of a plan that the command line may set, where it names them the same.
_KNOBS = (
    "steps", "first_round", "length", "rows", "decay", "matrix_rate", "vector_rate", "warm_up", "hint_weight",
    "picked", "hinted", "looks", "own_from", "own_share", "own_draws", "seed", "minutes", "begins",
    "ends", "workers",
)  # fmt: skip

#: Task to the module that says what is taught when; each is imported when its task is chosen.
CURRICULA = {
    "addition": "models_service.training.small.curriculum_addition",
    "alphabetize": "models_service.training.small.curriculum_alphabetize",
    "3-sat": "models_service.training.small.curriculum_three_sat",
    "reports": "models_service.training.small.curriculum_reports",
}

_NO_LIMIT = Plan(steps=10**9)


def _tokenizer(options: argparse.Namespace, module: Any) -> Tokenizer:
    """The resumed run's tokenizer, or a new one learned from the task's text and kept beside the state."""
    if options.resume:
        tokenizer = Tokenizer.from_file(str(options.resume.with_name("tokenizer.json")))
    else:
        tokenizer = learn_vocabulary(module.corpus(Random(7)), 2048, split=module.SPLIT)
    options.output.mkdir(parents=True, exist_ok=True)
    if int(os.environ.get("RANK", "0")) == 0:
        tokenizer.save(str(options.output / "tokenizer.json"))
    return tokenizer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=CURRICULA)
    parser.add_argument("--output", type=Path, required=True)
    for knob in _KNOBS:
        default = getattr(_NO_LIMIT, knob)
        parser.add_argument(f"--{knob.replace('_', '-')}", type=type(default), default=default)
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--no-compile", dest="compiled", action="store_false")
    parser.add_argument("--resume", type=Path, help="a run's state.pt, its tokenizer.json beside it")
    return parser


def _prepare(device: str) -> None:
    """One thread, for the cores have other work; on a GPU the attention kernel that takes a mask."""
    torch.set_num_threads(1)
    if device == "cuda":
        torch.set_float32_matmul_precision("high")
        torch.backends.cuda.enable_cudnn_sdp(False)


def main() -> None:
    started = time.monotonic()
    parser = _parser()
    options = parser.parse_args()
    if options.steps == _NO_LIMIT.steps and options.minutes == _NO_LIMIT.minutes:
        parser.error("give --steps, or --minutes, or both")
    if "RANK" in os.environ:
        if options.minutes < _NO_LIMIT.minutes or options.device != "cpu":
            parser.error("processes that share a run count steps, on CPU")
        torch.distributed.init_process_group("gloo")
    _prepare(options.device)
    module = import_module(CURRICULA[options.task])
    tokenizer = _tokenizer(options, module)
    trainer = Trainer(
        Plan(**{knob: getattr(options, knob) for knob in _KNOBS}),
        module.curriculum(),
        tokenizer,
        options.output,
        shape=Shape(0, options.width, options.layers, options.heads, hidden=options.hidden),
        compiled=options.compiled,
        device=options.device,
        started=started,
    )
    if options.resume:
        trainer.resume(options.resume)
    trainer.run()
    if trainer.rank == 0:
        save_for_transformers(trainer.model.cpu(), tokenizer, options.output / "model")


if __name__ == "__main__":
    main()
