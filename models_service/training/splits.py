"""Which passages are for learning and which for testing: as the files say, or by a seeded hash of the passage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Literal, TypeVar

T = TypeVar("T")
Split = Literal["train", "test"]
#: Of passages, how many a split by passage keeps for testing.
TEST_SHARE = 0.2


class OneSplitOnly(ValueError):
    """All rows are of one split, so that there is nothing to learn from, or nothing to test on."""


def split_of(passage: str, seed: int) -> Split:
    """The same for every row about a passage, whatever file it is in and whatever its own split says."""
    digest = sha256(f"{seed}\0{passage.strip()}".encode("utf-8", "surrogatepass")).digest()
    return "test" if digest[0] < 256 * TEST_SHARE else "train"


def of_split(rows: Sequence[T], split: Split, *, own: Callable[[T], str], text: Callable[[T], str],
             seed: int | None = None) -> list[T]:  # fmt: skip
    """The rows of a split: their own, or by passage where a seed is given. Raises OneSplitOnly where none is left."""
    kept = [row for row in rows if (own(row) if seed is None else split_of(text(row), seed)) == split]
    if rows and not kept:
        others = ", ".join(sorted({own(row) for row in rows}))
        raise OneSplitOnly(
            f"all {len(rows)} rows are of the split {others}, none of {split}; --split-by-passage SEED makes a split"
            if seed is None
            else f"no passage falls to {split} by the seed {seed}; choose another"
        )
    return kept
