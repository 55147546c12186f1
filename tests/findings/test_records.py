"""Records are taken exactly, or refused with the path of each wrong field."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import pytest

from findings import jsonl, records
from tests.findings import rows


def unskipped() -> Any:
    return rows.critiques_row(
        rows.chained(
            "First.",
            "Shorter",
            category="coverage",
            category_text="",
            response_quotes=[{"begin": 0, "end": 9}],
        ),
        rows.chained("Second.", "", text_quotes=[{"begin": 2, "end": 3}], response_quotes=[{"begin": 0, "end": 7}]),
    )


def skipped() -> Any:
    row = rows.critiques_row()
    row["data"]["questions"][0]["answers"][0]["feedback"].update(critiques=None, skip_critiques=True, skip=True)
    return row


ASSISTED = rows.assistance_row(rows.label(), rows.label(rows.found(used=0), assisted=True))
GOOD: list[tuple[str, dict[str, Any]]] = [
    ("base", rows.base_row()),
    ("critiques", unskipped()),
    ("critiques", skipped()),
    ("helpfulness", rows.helpfulness_row([True, False], [0, None])),
    (
        "assistance",
        rows.assistance_row(rows.label(rows.found(used=1), assisted=True), rows.label(rows.found())),
    ),
    ("assistance", rows.assistance_row()),
    ("intended_checks", rows.check("l1", ("It is wrong.", True, [0]))),
]


@pytest.mark.parametrize(("kind", "row"), GOOD)
def test_a_good_record_comes_back_as_the_same_untouched_object(kind: str, row: dict[str, Any]) -> None:
    before = copy.deepcopy(row)
    assert records.validate(kind, row) is row
    assert row == before


def bend(row: dict[str, Any], path: list[Any], value: Any) -> Any:
    row = copy.deepcopy(row)
    inner: Any = row
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return row


FEEDBACK = ["labels", 1, "data", "feedback"]
FOUND = [*FEEDBACK, "critiques", 0]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ([*FEEDBACK, "rating"], 8, r"^labels\[1\]\.data\.feedback\.rating: .*less than or equal to 7, not 8"),
        ([*FEEDBACK, "rating"], 0, r"^labels\[1\]\.data\.feedback\.rating: "),
        ([*FEEDBACK, "rating"], "7", r"^labels\[1\]\.data\.feedback\.rating: .*integer, not '7'"),
        ([*FEEDBACK, "rating"], 7.0, r"^labels\[1\]\.data\.feedback\.rating: "),
        ([*FEEDBACK, "rating"], True, r"^labels\[1\]\.data\.feedback\.rating: "),
        ([*FEEDBACK, "note"], "", r"^labels\[1\]\.data\.feedback\.note: is not a field of this file"),
        ([*FOUND, "severity"], 5, r"^labels\[1\]\.data\.feedback\.critiques\[0\]\.severity: "),
        ([*FOUND, "severity"], 0, r"critiques\[0\]\.severity: "),
        ([*FOUND, "category"], "style", r"critiques\[0\]\.category: "),
        ([*FOUND, "assistance_critique"], 2, r"assistance_critique: is 2, but 2 critiques were offered"),
        ([*FOUND, "assistance_critique"], -1, r"assistance_critique: "),
        (["labels", 1, "data", "assistance"], None, r"assistance: must be null exactly where"),
        (
            ["labels", 0, "data", "condition", "assisted"],
            True,
            r"labels\[0\]\.data\.assistance: must be null exactly",
        ),
        (["labels", 1, "data", "condition", "answer_source"], "human", r"answer_source: "),
        (["labels", 1, "data", "assistance", "critiques", 0, "helpfulness"], 1.01, r"helpfulness: "),
        (["labels", 1, "data", "assistance", "critiqueability"], float("nan"), r"critiqueability: "),
        (["source_data", "question_index"], -1, r"^source_data\.question_index: "),
        (["source_data", "human_answer"], None, r"^source_data\.human_answer: "),
        (
            ["source_data", "question"],
            "a\0b",
            r"^source_data\.question: holds the NUL character .* at character 1",
        ),
        (
            ["source_data", "question"],
            "ab\udc00",
            r"^source_data\.question: holds a lone surrogate .* character 2",
        ),
        (["provenance"], {}, r"^provenance: is not a field of this file"),
    ],
)
def test_a_wrong_field_is_refused_by_its_path(path: list[Any], value: Any, message: str) -> None:
    assert records.validate("assistance", ASSISTED) is ASSISTED
    with pytest.raises(records.RecordError, match=message):
        records.validate("assistance", bend(ASSISTED, path, value))


def test_a_missing_key_is_not_a_null() -> None:
    row = rows.base_row()
    del row["data"]["passage"]["title"]
    with pytest.raises(records.RecordError, match=r"^data\.passage\.title: is missing"):
        records.validate("base", row)


def test_the_extended_file_may_lack_answers_and_say_where_it_came_from() -> None:
    row = bend(ASSISTED, ["source_data", "human_answer"], None)
    row["provenance"] = {"study": "s", "nested": {"anything": [1]}}
    row["labels"][0]["provenance"] = {}
    assert records.validate("assistance_extended", row) is row
    row["provenance"]["nested"]["anything"][0] = "\0"
    with pytest.raises(records.RecordError, match=r"^provenance\.nested\.anything\[0\]: holds the NUL"):
        records.validate("assistance_extended", row)


def in_chain(k: int, key: str, begin: int, end: int) -> Any:
    path = ["data", "questions", 0, "answers", 0, "feedback", "critiques", k, key]
    return bend(unskipped(), path, [{"begin": begin, "end": end}])


def test_a_quote_lies_in_the_refinement_before_it_not_in_the_answer() -> None:
    answer, first_refinement = len("An answer"), len("Shorter")
    records.validate("critiques", in_chain(0, "response_quotes", 0, answer))
    records.validate("critiques", in_chain(1, "response_quotes", 0, first_refinement))
    with pytest.raises(records.RecordError, match=r"critiques\[1\]\.response_quotes\[0\]: .* 0\.\.9 .* <= 7"):
        records.validate("critiques", in_chain(1, "response_quotes", 0, answer))


@pytest.mark.parametrize(("begin", "end"), [(3, 3), (4, 3), (0, 24), (-1, 2)])
def test_a_quote_outside_the_passage_is_refused(begin: int, end: int) -> None:
    assert len(rows.passage()["text"]) == 23
    with pytest.raises(records.RecordError, match=r"text_quotes\[0\]"):
        records.validate("critiques", in_chain(0, "text_quotes", begin, end))


def test_offsets_count_utf16_units() -> None:
    quote = rows.chained("C", "", text_quotes=[{"begin": 0, "end": 3}])
    row = bend(rows.critiques_row(quote), ["data", "passage", "text"], "a\N{GRINNING FACE}")
    records.validate("critiques", row)  # one letter and one pair: three units, two characters
    with pytest.raises(records.RecordError, match="<= 2"):
        records.validate("critiques", bend(row, ["data", "passage", "text"], "ab"))


FIRST = ["data", "questions", 0]


@pytest.mark.parametrize(
    ("kind", "row", "message"),
    [
        ("critiques", bend(unskipped(), [*FIRST, "rankings"], [0, 1]), "2 tiers for 1 answers"),
        (
            "critiques",
            bend(skipped(), [*FIRST, "answers", 0, "feedback", "skip"], False),
            "skip: must be true",
        ),
        ("helpfulness", rows.helpfulness_row([True, True], [0]), "1 tiers for 2 critiques"),
        ("intended_checks", rows.check("l1", ("x", True, [1])), r"covers\[0\]: is 1, but 1 critiques were"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(kind: str, row: dict[str, Any], message: str) -> None:
    with pytest.raises(records.RecordError, match=message):
        records.validate(kind, row)


def own(**data: Any) -> Any:
    shared = {"passage": rows.passage(), "question": "Q"}
    return {"id": "r1", "source_id": "s1", "time": 1.0, "labeler": rows.LABELER, "data": {**shared, **data}}


def comparison(**more: Any) -> Any:
    one = {"answer": "A", "source": "small", "critiques": []}
    two = {"answer": "B", "source": None, "critiques": ["Too long."]}
    return own(**{"answers": [one, two], "critiques_shown": True, "better": 1, "confidence": 2, **more})


def judgement(**more: Any) -> Any:
    shown = [{"label_id": "l1", "assistance_critique": 0}]
    verdict = {"critique": "C", "critic": "Human", "helpful": True, "clearly_helpful": True, "severity": 3}
    verdict |= {"rank": 0, "score": 0.5, "shown_as": shown, **more}
    return own(answer="A", answer_source=None, critiqueable=True, critiques=[verdict])


def refinement_judgement(**more: Any) -> Any:
    judged = {
        "original": "A",
        "refinement": "B",
        "method": "direct",
        "n": 1,
        "opt_out": True,
        "source": "small",
    }
    return own(**{**judged, "better": None, "confidence": 1, **more})


DIRECT = own(answer="A", critique=None, refinement="")
WON = refinement_judgement(better="refinement")


@pytest.mark.parametrize(
    ("kind", "good", "bad", "message"),
    [
        ("comparisons", comparison(), comparison(better=2), r"data\.better: "),
        (
            "comparisons",
            comparison(better=None),
            comparison(critiques_shown=False),
            r"answers: hold critiques",
        ),
        ("judgements", judgement(), judgement(helpful=False), r"clearly_helpful: is true although"),
        ("judgements", judgement(severity=None), judgement(score=-0.1), r"critiques\[0\]\.score: "),
        ("refinement_judgements", refinement_judgement(), refinement_judgement(n=0), r"data\.n: "),
        ("refinement_judgements", WON, refinement_judgement(better="first"), r"data\.better: "),
        (
            "refinements",
            own(answer="A", critique=None, refinement=""),
            own(answer="A", refinement=""),
            "critique",
        ),
    ],
)
def test_our_own_records_are_as_strict(kind: str, good: dict[str, Any], bad: dict[str, Any], message: str) -> None:
    assert records.validate(kind, good) is good
    with pytest.raises(records.RecordError, match=message):
        records.validate(kind, bad)


def test_reading_names_the_file_and_the_line(tmp_path: Path) -> None:
    path = tmp_path / "base.jsonl"
    jsonl.write(path, [rows.base_row(), bend(rows.base_row(), ["split"], "valid")])
    stream = records.read(records.BASE, path)
    assert next(stream) == rows.base_row()
    with pytest.raises(records.RecordError, match=r"base\.jsonl:2: split: "):
        next(stream)


def released(name: str) -> Path:
    folder = os.environ.get("OPENAI_CRITIQUES_DIR")
    if not folder:
        pytest.skip("OPENAI_CRITIQUES_DIR is not set: the released rows are NOT checked in this run")
    return Path(folder) / name


@pytest.mark.parametrize(
    ("kind", "name", "count"),
    [
        (records.HELPFULNESS, "helpfulness.jsonl", 196),
        (records.CRITIQUES, "critiques_fixture.jsonl", 3),
        (records.ASSISTANCE, "assistance_fixture.jsonl", 1),
    ],
)
def test_every_released_row_is_a_record(kind: records.Kind[Any], name: str, count: int) -> None:
    assert sum(1 for _ in records.read(kind, released(name))) == count
