"""The critics that ship: one directory a task, each with weights, tokenizer, model card and `card.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


def shipped() -> list[str]:
    """The tasks a critic ships for."""
    return sorted(path.parent.name for path in _HERE.glob("*/card.json"))


def critic_for(task: str) -> Path:
    """The directory of the task's critic. Raises ValueError where none ships."""
    if task not in shipped():
        raise ValueError(f"no critic ships for {task!r}, only for {', '.join(shipped())}")
    return _HERE / task


def card(task: str) -> dict[str, Any]:
    """What the critic is, in short: name, task, reads, cannot, and numbers with their intervals."""
    found: dict[str, Any] = json.loads((critic_for(task) / "card.json").read_text(encoding="utf-8"))
    return found
