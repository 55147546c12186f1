"""Each export has a data card, and loads with Hugging Face datasets as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from labeling.exchange.kinds import export_dataset, import_dataset
from tests.labeling.test_exchange_assistance import ROW, write
from tests.labeling.test_exchange_sittings import critiqued, judged, link, sitting

pytestmark = pytest.mark.django_db
BETTER = {"text": "mine", "category": "other", "severity": 3, "category_text": "both"}
JUDGED = judged(("wrong", True), ("odd", False), has_better_critique=True, new_critique=BETTER)
ROWS: dict[str, list[Any]] = {
    "assistance": [ROW],
    "helpfulness": [sitting("A text.", JUDGED), sitting("Another.", judged(("wrong", False)), row_id="row2")],
    "critiques": [sitting("A text.", critiqued("One.", link("no", "Two.", text_quotes=[{"begin": 0, "end": 1}])))],
    "base": [
        {
            key: value
            for key, value in sitting("A text.", {"question": "Q?", "answer": "A."}).items()
            if key != "source_id"
        }
    ],
}
OWN: dict[str, dict[str, Any]] = {
    "comparisons": {
        "answers": [
            {"answer": "One.", "source": "some/model-7b", "critiques": ["wrong"]},
            {"answer": "Two.", "source": "Human", "critiques": []},
        ],
        "critiques_shown": True,
        "better": 1,
        "confidence": 2,
        "total_time": 60_000,
    },
    "refinements": {"answer": "One.", "critique": "wrong", "refinement": "Two."},
    "refinement_judgements": {
        "original": "One.",
        "refinement": "Two.",
        "method": "conditional",
        "n": 1,
        "opt_out": False,
        "source": "Human",
        "better": "refinement",
        "confidence": 3,
    },
    "judgements": {
        "answer": "One.",
        "answer_source": "some/model-7b",
        "critiqueable": True,
        "critiques": [
            {
                "critique": "wrong",
                "critic": "some/model-7b",
                "helpful": True,
                "clearly_helpful": False,
                "severity": 2,
                "rank": 0,
                "score": 0.5,
                "shown_as": [{"label_id": "label1", "assistance_critique": 0}],
            }
        ],
    },
}
for kind, data in OWN.items():
    about = {"passage": {"text": "A text.", "title": "Title"}, "question": "Q?"}
    ROWS[kind] = [
        {"id": "row1", "source_id": "source1", "time": 1.5, "labeler": "a" * 64, "data": about | data},
    ]


def exported(kind: str, folder: Path, **options: Any) -> Path:
    import_dataset(kind, write(folder / "given.jsonl", *ROWS[kind]))
    out = folder / "out.jsonl.gz"
    export_dataset(kind, out, **options)
    return out


def counts(card: Path) -> dict[str, int]:
    """The table of counts."""
    return {what: int(count) for what, count in re.findall(r"^\| (.*?) \| (\d+) \|$", card.read_text(), re.MULTILINE)}


def test_the_card_counts_what_is_in_the_file(tmp_path: Path) -> None:
    card = exported("helpfulness", tmp_path).with_name("out.jsonl.gz.card.md")
    told = counts(card)
    assert (told["rows"], told["different passages"], told["different labelers, authors included"]) == (2, 2, 1)
    assert told["`data.questions[].answers[].critiques[]`"] == 3
    assert told["`data.questions[].answers[].critiques[].feedback.helpful` | true"] == 1
    assert told["`split` | test"] == 2
    assert "- given.jsonl" in card.read_text()


@pytest.mark.parametrize("kind", sorted(ROWS))
def test_the_card_names_every_field_of_the_rows(kind: str, tmp_path: Path) -> None:
    card = exported(kind, tmp_path).with_name("out.jsonl.gz.card.md").read_text()

    def paths(value: Any, at: str = "") -> set[str]:
        if isinstance(value, list):
            return {path for inner in value for path in paths(inner, f"{at}[]")}
        if not isinstance(value, dict):
            return set()
        here = {f"{at}.{name}".lstrip("."): inner for name, inner in value.items()}
        return {*here, *(path for at, inner in here.items() for path in paths(inner, at))}

    missing = {path for path in paths(ROWS[kind][0]) if f"\n| `{path}` | " not in card}
    assert missing == set()


def test_one_side_of_the_split_can_be_exported_alone(tmp_path: Path) -> None:
    trained = sitting("A third.", row_id="row3", split="train", source_id="source3")
    import_dataset("helpfulness", write(tmp_path / "given.jsonl", *ROWS["helpfulness"], trained))
    assert export_dataset("helpfulness", tmp_path / "train.jsonl", split="train") == 1
    assert export_dataset("helpfulness", tmp_path / "test.jsonl", split="test") == 2
    with pytest.raises(CommandError, match="not split"):
        call_command("export_dataset", "assistance", str(tmp_path / "a.jsonl"), "--split", "test")


def test_every_kind_loads_with_datasets_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    for kind, rows in ROWS.items():
        folder = tmp_path / kind
        folder.mkdir()
        loaded = datasets.load_dataset(
            "json", data_files=str(exported(kind, folder)), split="train", cache_dir=str(tmp_path / "cache")
        )
        assert loaded.num_rows == len(rows)
        assert loaded[0] == rows[0]
