"""Draws docs/assignment-states.md from the code, so that the page cannot say anything else."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from labeling.enums import ASSIGNMENT_MOVES, AssignmentState, ReleaseReason

PAGE = settings.BASE_DIR / "docs" / "assignment-states.md"


class Command(BaseCommand):
    help = "Print the life of an assignment as a diagram; --write puts it into docs/, --check compares it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", action="store_true")
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, write: bool, check: bool, **options: Any) -> None:
        if write:
            PAGE.write_text(draw())
        elif check:
            if not PAGE.exists() or PAGE.read_text() != draw():
                raise CommandError(f"{PAGE.name} is not what the code says any more. Run: make docs")
        else:
            self.stdout.write(draw(), ending="")


def draw() -> str:
    """The page: a mermaid diagram, the states, and why an assignment is given back."""
    moves = [f"    {state.value} --> {after.value}" for state, after in _moves()]
    ends = [f"    {state.value} --> [*]" for state, after in ASSIGNMENT_MOVES.items() if not after]
    lines = [
        "# The life of an assignment",
        "",
        "Drawn from `ASSIGNMENT_MOVES` in `labeling/enums.py` by `make docs`; a test compares the two.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {AssignmentState.WAITING.value}",
        f"    [*] --> {AssignmentState.OFFERED.value}: suggestions ready already",
        *moves,
        *ends,
        "```",
        "",
        "| state | shown as | the slot is |",
        "|---|---|---|",
        *(f"| {s.value} | {s.label} | {'taken' if s.is_live else 'free for somebody else'} |" for s in AssignmentState),
        "",
        "An assignment is released because:",
        "",
        *(f"- {reason.label} (`{reason.value}`)" for reason in ReleaseReason),
    ]
    return "\n".join(lines) + "\n"


def _moves() -> list[tuple[AssignmentState, AssignmentState]]:
    """In the order the states are declared: sets have none of their own."""
    return [(state, after) for state in AssignmentState for after in AssignmentState if state.can_become(after)]
