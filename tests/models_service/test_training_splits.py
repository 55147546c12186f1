"""A split by passage: the same for each row about a passage, seeded, and refused where it leaves nothing."""

from __future__ import annotations

import pytest

from models_service.training.splits import OneSplitOnly, of_split, split_of

ROWS = [("test", f"Passage {n}") for n in range(200)]


def kept(rows: list[tuple[str, str]], split: str, seed: int | None = None) -> list[tuple[str, str]]:
    return of_split(rows, split, own=lambda row: row[0], text=lambda row: row[1], seed=seed)  # type: ignore[arg-type]


def test_a_fifth_of_the_passages_is_kept_for_testing_and_every_row_of_theirs() -> None:
    train, test = kept(ROWS, "train", 1), kept(ROWS, "test", 1)
    assert sorted(train + test) == sorted(ROWS)
    assert 20 < len(test) < 60
    assert kept(ROWS, "test", 2) != test
    assert split_of(" Passage 3\n", 1) == split_of("Passage 3", 1)


def test_without_a_seed_rows_keep_their_own_split() -> None:
    rows = [("train", "a"), ("test", "b")]
    assert kept(rows, "train") == [("train", "a")]
    assert kept([], "train") == []


def test_what_leaves_nothing_is_said() -> None:
    with pytest.raises(OneSplitOnly, match="all 200 rows are of the split test, none of train"):
        kept(ROWS, "train")
    with pytest.raises(OneSplitOnly, match="no passage falls to train by the seed"):
        kept([("train", next(t for _, t in ROWS if split_of(t, 1) == "test"))], "train", 1)
