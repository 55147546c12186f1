"""How large the numbers are that people set: the same for forms, commands and the database."""

from __future__ import annotations

from typing import Final

#: The largest place or count that every database keeps.
LARGEST_COUNT: Final = 2**31 - 1
#: The largest number of all: a seed (none is negative: random streams begin at it), or milliseconds.
LARGEST_NUMBER: Final = 2**63 - 1
#: Beyond a year work would never come back.
LONGEST_IDLE_HOURS: Final = 365 * 24
