"""The options that choose a model, the same for every command that asks one."""

from __future__ import annotations

import argparse

from models_service.critic import critic_for, shipped
from models_service.engine import ENGINES, EngineError, EngineSettings


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Which model, spoken to how."""
    parser.add_argument("--model", help="a directory, a hub name, or the name that the server knows")
    parser.add_argument("--task", choices=shipped(), help="use the critic that ships for this task")
    parser.add_argument("--engine", choices=ENGINES, default="local")
    parser.add_argument("--revision", help="the hub's commit")
    parser.add_argument(
        "--format",
        choices=("finetuned", "zero-shot", "few-shot", "few-shot-base"),
        default="finetuned",
        help="the wording of the tasks",
    )
    parser.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--base-url", help="the server's address up to /v1 (with --engine remote)")
    parser.add_argument("--max-rows", type=int, default=64, help="critiques written together, at most")


def engine_settings(args: argparse.Namespace) -> EngineSettings:
    """Raises EngineError where neither a model nor a task with a critic is named."""
    model = args.model or (str(critic_for(args.task)) if args.task else None)
    if model is None:
        raise EngineError("which model? Give --model, or --task for the critic that ships")
    return EngineSettings(
        model=model,
        engine=args.engine,
        revision=args.revision,
        format_name=args.format,
        dtype=args.dtype,
        device=args.device,
        threads=args.threads,
        base_url=args.base_url,
        max_rows=args.max_rows,
    )
