"""The critics that ship: one directory a task, each with weights, tokenizer, model card and `card.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

_HERE = Path(__file__).parent
CARD: Final = "card.json"


def shipped() -> list[str]:
    """The tasks a critic ships for."""
    return sorted(path.parent.name for path in _HERE.glob(f"*/{CARD}"))


def critic_for(task: str) -> Path:
    """The directory of the task's critic. Raises ValueError where none ships."""
    if task not in shipped():
        raise ValueError(f"no critic ships for {task!r}, only for {', '.join(shipped())}")
    return _HERE / task


def read_card(folder: Path) -> dict[str, Any] | None:
    """What the critic in a folder is: name, task, reads, cannot, and numbers with their intervals.

    None where the folder has no card: any other model.
    """
    path = folder / CARD
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
