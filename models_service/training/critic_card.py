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
    base = card["base"]
    lines = [
        f"# The critic `{card['task']}`",
        "",
        f"Reads: {card['reads']}",
        "",
        f"Cannot: {card['cannot']}",
        "",
        "## Training",
        "",
        f"A LoRA adapter on {base['name']} (SHA-256 `{base['digest']}`), trained on {card['device']} by",
        "",
        f"    {card['command']}",
        "",
        "It learned from answers that a generator made about passages, with an oracle's word on each critique, then"
        " from the oracle's word on critiques of its own.",
        _of_released(card),
        "",
        "| stage | steps | tokens | passages | seconds | loss |",
        "|---|---|---|---|---|---|",
        *(_stage(number, one) for number, one in enumerate(card["stages"], 1)),
        "",
        *_licences(card),
    ]
    if card["measures"]:
        lines += [
            f"At its end, on passages of sources that it never saw, by the oracle, on {card['device']} in"
            f" {_PRECISIONS[card['recipe']['precision']]}:",
            "",
            "| measure | |",
            "|---|---|",
            *(f"| {name.replace('_', ' ')} | {_shown(value)} |" for name, value in card["measures"].items()),
            "",
        ]
    return "\n".join([*lines, *_measured(card["numbers"])])


def _licences(card: Mapping[str, Any]) -> list[str]:
    """Where the card states them: those of the adapter and of its base."""
    if "licence" not in card:
        return []
    base = card["base"]
    return [f"Licence: {card['licence']}. The base ({base['from']}) is under {base['licence']}.", ""]


#: What the arithmetic of a run's passes is called.
_PRECISIONS = {"no": "fp32", "bf16": "bf16"}


def _measured(numbers: Sequence[Mapping[str, Any]]) -> list[str]:
    if not numbers:
        return []
    return [
        "## Numbers",
        "",
        "In brackets the 95 % interval: Wilson's for shares, resampled for areas.",
        "",
        "| set | measure | value | n |",
        "|---|---|---|---|",
        *(number_row(row) for row in numbers),
        "",
    ]


def number_row(row: Mapping[str, Any]) -> str:
    """One measure as a line of a card's table."""
    if row["value"] is None:
        return f"| {row['set']} | {row['measure']} | undefined | {row['n']} |"
    wide = "" if row["low95"] is None else f" [{row['low95']:.3f}, {row['high95']:.3f}]"
    return f"| {row['set']} | {row['measure']} | {row['value']:.3f}{wide} | {row['n']} |"


def _stage(number: int, one: Mapping[str, Any]) -> str:
    counts = " | ".join(f"{one[name]:,}" for name in ("steps", "tokens", "trees"))
    return f"| {number} | {counts} | {one['seconds']:,.0f} | {one['loss']:.3f} |"


def _of_released(card: Mapping[str, Any]) -> str:
    released = card.get("released")
    if released is None:
        return "No other texts were used."
    return (
        f"Of every hundred passages read {100 * card['recipe']['released_share']:g} were released ones, with people's"
        f" critiques and verdicts: {released['passages']} different, the training side of the split by passage, seed"
        f" {released['split_by_passage']} ({released['name']}, SHA-256 `{released['sha256']}`)."
        " Their texts are not part of this directory."
    )


def _shown(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
