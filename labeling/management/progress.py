"""Progress of a command on stderr: at most twice a second, one line that is written over on a terminal."""

from __future__ import annotations

import sys
import time
from typing import TextIO

SECONDS_BETWEEN = 0.5


class StderrProgress:
    """Call it with what is being done and how many rows of it are done."""

    def __init__(self, name: str, stream: TextIO | None = None) -> None:
        self.name = name
        self.stream = stream or sys.stderr
        self.last = time.monotonic()

    def __call__(self, doing: str, rows: int) -> None:
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN:
            return
        self.last = now
        start, end = ("\r", "\033[K") if self.stream.isatty() else ("", "\n")
        self.stream.write(f"{start}{self.name}: {rows:,} rows {doing}{end}")
        self.stream.flush()

    def done(self) -> None:
        """Leave the terminal's line clean."""
        if self.stream.isatty():
            self.stream.write("\r\033[K")
