"""The model card written at the end of a run: what it learned from, how, and what came out."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from models_service.training.finetune import Outcome, Settings


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        found = sha256()
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def write_card(settings: Settings, outcome: Outcome, files: Mapping[str, Sequence[Path]], *, minutes: float) -> Path:
    """Write `output/model/README.md`; returns its path."""
    test = "none given" if outcome.test_loss is None else f"{outcome.test_loss:.4f} nats per token"
    data = [f"| {kind} | {path.name} | `{digest(path)}` |" for kind, paths in files.items() for path in paths]
    lines = [
        f"# Critic trained from {settings.model}",
        "",
        "Trained jointly on answering, critiqueability with critique, helpfulness, and both refinements, in the",
        "wording `finetuned` of models_service/formats.py, with a loss on the demonstrations' tokens only.",
        "",
        f"- Command: `python -m models_service {shlex.join(sys.argv[1:])}`",
        f"- Learning rate {settings.learning_rate:g}, {settings.epochs:g} epoch, batch {settings.batch}, "
        f"seed {settings.seed}, {minutes:.1f} minutes",
        f"- Read: {outcome.tokens} tokens, " + _packing(outcome),
        f"- Training examples: {outcome.train_examples}; left out because longer than "
        f"{settings.context} tokens: {outcome.too_long}",
        f"- Training loss {outcome.train_loss:.4f} nats per token; "
        f"validation loss on {outcome.test_examples} examples of other passages: {test}",
        "- Curve: `../curve.jsonl`, `../curve.svg`",
        "",
        "| file of | name | SHA-256 |",
        "|---|---|---|",
        *data,
        "",
        "Oracle results, where the task is synthetic: `python -m models_service evaluate self-critique`.",
        "",
    ]
    path = settings.output / "model" / "README.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _packing(outcome: Outcome) -> str:
    if outcome.flat is None:
        return "examples about one passage packed as trees, what they share read once"
    return f"each example a text of its own, since {outcome.flat}"


def draw_curve(outcome: Outcome, path: Path) -> None:
    """Training and validation loss over steps, as a byte-stable SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with pyplot.rc_context({"svg.hashsalt": "curve"}):
        figure, axes = pyplot.subplots(figsize=(6, 3.5), layout="constrained")
        for name, label in (("loss", "training"), ("eval_loss", "validation")):
            points = [(row["step"], row[name]) for row in outcome.curve if name in row]
            if points:
                axes.plot(*zip(*points, strict=True), marker="." if name == "eval_loss" else None, label=label)
        axes.set_xlabel("step")
        axes.set_ylabel("loss, nats per token")
        axes.legend()
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)
