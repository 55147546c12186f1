"""`python -m models_service COMMAND`: one module a command, each with `add_arguments` and `run`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from findings.jsonl import JsonlError
from models_service.engine import EngineError

#: Command to (module, what it does). Modules are imported when their command is chosen.
COMMANDS = {
    "critique": ("models_service.commands.critique", "eight critiques and their scores for every answer"),
    "score": ("models_service.commands.score", "how critiqueable answers, how helpful critiques are"),
    "generate": ("models_service.synthetic.generate", "write problems of a synthetic task, with its oracles' words"),
    "judge": ("models_service.synthetic.judge", "let a synthetic task's oracle judge critiques"),
    "train": ("models_service.training.train", "fine-tune a causal language model on all tasks jointly"),
    "train-critic": ("models_service.training.train_critic", "an adapter from judged passages and its own critiques"),
    "evaluate": ("models_service.evaluation.evaluate", "measure critics where an oracle can tell"),
    "publish-critic": ("models_service.training.small.publish", "measure a trained critic and ship it"),
    "bench": ("models_service.bench", "measure the engine against stock transformers"),
}


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="python -m models_service", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if name in arguments[:1]:
            import_module(module).add_arguments(command)
    chosen = parser.parse_args(arguments)
    try:
        return int(import_module(COMMANDS[chosen.command][0]).run(chosen))
    except (EngineError, JsonlError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
