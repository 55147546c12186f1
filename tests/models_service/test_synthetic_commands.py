"""`generate` and `judge`: files in, files out, each agreeing with the oracles."""

from __future__ import annotations

from pathlib import Path

import pytest

from findings import jsonl
from models_service.__main__ import main
from models_service.synthetic import TASKS


def rows(path: Path) -> list[dict[str, object]]:
    return [line.value for line in jsonl.read(path)]


@pytest.mark.parametrize("task", TASKS)
def test_generated_records_are_judged_as_they_say(task: str, tmp_path: Path) -> None:
    made, asked, judged = tmp_path / "made.jsonl", tmp_path / "asked.jsonl", tmp_path / "judged.jsonl"
    assert main(["generate", task, "--n", "12", "--seed", "3", "--output", str(made)]) == 0
    records = rows(made)
    assert [record["critiqueable"] for record in records] == [False, True] * 6
    critiques = [
        record | {"critique": c["text"], "expected": c["helpful"]} for record in records for c in record["critiques"]
    ]  # type: ignore[attr-defined]
    jsonl.write(asked, critiques)

    assert main(["judge", task, "--input", str(asked), "--output", str(judged)]) == 0
    assert [row["helpful"] for row in rows(judged)] == [row["expected"] for row in critiques]


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        main(["generate", "reports", "--n", "5", "--seed", "9", "--output", str(tmp_path / name)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_bad_line_is_named_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked, judged = tmp_path / "asked.jsonl", tmp_path / "judged.jsonl"
    good = {
        "passage": "",
        "question": "505579 + 900050",
        "answer": "1505629",
        "critique": "Digit at index 6 should be 4",
    }
    jsonl.write(asked, [good, good | {"question": "two and two"}])
    assert main(["judge", "addition", "--input", str(asked), "--output", str(judged)]) != 0
    assert "asked.jsonl:2: not an addition" in capsys.readouterr().err
    jsonl.write(asked, [{"question": "1 + 2", "answer": "3"}])
    assert main(["judge", "addition", "--input", str(asked), "--output", str(judged)]) != 0
    assert "asked.jsonl:1: field 'critique' must be text" in capsys.readouterr().err
    assert not judged.exists()


def test_race_itself_needs_a_copy(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="RACE does not ship"):
        main(["generate", "race", "--n", "1", "--seed", "1", "--output", str(tmp_path / "x")])
