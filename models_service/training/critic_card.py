"""The card of a critic made from judged passages: `card.json` for programs, `README.md` for people, and the curve."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from findings import jsonl


def command(arguments: Sequence[str]) -> str:
    """The command as given, but of absolute paths the names alone: they are of one machine."""
    named = (Path(word).name if word.startswith("/") else word for word in arguments)
    return f"python -m models_service {shlex.join(named)}"


def write_card(directory: Path, card: Mapping[str, Any], curves: Sequence[Path]) -> None:
    """`card.json`, `README.md` and `curve.jsonl`, the notes of all stages one after another."""
    (directory / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    (directory / "README.md").write_text(readme(card), encoding="utf-8")
    jsonl.write(
        directory / "curve.jsonl", [_noted(curve, line.value) for curve in curves for line in jsonl.read(curve)]
    )


def _noted(curve: Path, note: dict[str, Any]) -> dict[str, Any]:
    return {"stage": curve.parent.name, **note}


def readme(card: Mapping[str, Any]) -> str:
    """What a person wants to know before they use it."""
    base, released = card["base"], card.get("released")
    lines = [
        f"# The critic `{card['task']}`",
        "",
        f"A LoRA adapter on {base['name']} (SHA-256 `{base['digest']}`), trained by `{card['command']}`"
        f" on {card['device']}.",
        "",
        "It learned from answers that a generator made about passages, with an oracle's word on each critique, then"
        " from the oracle's word on critiques of its own.",
        _of_released(released),
        "",
        "| stage | steps | tokens | passages | seconds | loss |",
        "|---|---|---|---|---|---|",
        *(_stage(number, one) for number, one in enumerate(card["stages"], 1)),
        "",
    ]
    if card["measures"]:
        lines += [
            "On passages of sources that it never saw, by the oracle:",
            "",
            "| measure | |",
            "|---|---|",
            *(f"| {name.replace('_', ' ')} | {_shown(value)} |" for name, value in card["measures"].items()),
            "",
        ]
    return "\n".join(lines)


def _stage(number: int, one: Mapping[str, Any]) -> str:
    counts = " | ".join(f"{one[name]:,}" for name in ("steps", "tokens", "trees"))
    return f"| {number} | {counts} | {one['seconds']:,.0f} | {one['loss']:.3f} |"


def _of_released(released: Mapping[str, Any] | None) -> str:
    if released is None:
        return "No other texts were used."
    return (
        f"{released['passages']} released passages with people's verdicts ({released['name']}, SHA-256"
        f" `{released['sha256']}`) were read too; their texts are not part of this directory."
    )


def _shown(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
