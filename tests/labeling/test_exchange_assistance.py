"""Rows of assistance.jsonl come in, and leave exactly as they came."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from findings import jsonl
from labeling.enums import StudyState
from labeling.exchange.importing import BadFile
from labeling.exchange.kinds import export_dataset, import_dataset
from labeling.models import (
    Assignment,
    Critique,
    Exposure,
    ImportBatch,
    IntendedCritique,
    Labeler,
    LabelerCritique,
    Passage,
    Sitting,
    Study,
    Suggestion,
)
from labeling.refusals import Refused
from tests.labeling.released_rows import assistance_rows, fresh_id, with_fresh_ids

pytestmark = pytest.mark.django_db


def found(text: str, **changed: Any) -> dict[str, Any]:
    return {
        "text": text,
        "category": "accuracy",
        "severity": 2,
        "category_text": "",
        "first_modified": 10,
        "last_modified": 20,
        "assistance_critique": None,
        **changed,
    }


def label(kind: str, answer: str, *, assisted: bool = False, labeler: str = "a" * 64, **changed: Any) -> dict[str, Any]:
    offered = [{"text": "first", "helpfulness": 0.1}, {"text": "second", "helpfulness": 0.30000000000000004}]
    return {
        "id": f"label-{kind}-{assisted}",
        "time": 1654294781.673547,
        "labeler": labeler,
        "data": {
            "answer": answer,
            "condition": {"answer_source": kind, "assisted": assisted},
            "assistance": {"critiques": offered, "critiqueability": 0.75} if assisted else None,
            "feedback": {
                "rating": 4,
                "total_time": 60_000,
                "critiques": [found("second, edited", assistance_critique=1)] if assisted else [found("own")],
            },
        },
        **changed,
    }


ROW: dict[str, Any] = {
    "source_id": "source1",
    "source_labeler": "f" * 64,
    "source_data": {
        "passage": {"text": " A text.\r\n", "title": None},
        "question_index": 2,
        "question": "What happened?",
        "human_answer": "This.",
        "human_deceptive_answer": "That.",
        "deceptive_answer_critiques": [
            {"text": "Not that.", "category": "accuracy", "severity": 4, "category_text": ""}
        ],
    },
    "labels": [
        label("Human misleading", "That."),
        label("Model", "Something.", assisted=True, labeler="b" * 64),
        label("Human", "This.", labeler="c" * 64),
    ],
}


def write(path: Path, *rows: Any) -> Path:
    jsonl.write(path, rows)
    return path


def round_trip(path: Path, kind: str = "assistance") -> list[Any]:
    report = import_dataset(kind, path)
    out = path.with_name("out.jsonl")
    export_dataset(kind, out, study=report.study.name)
    return [line.value for line in jsonl.read(out)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(assistance_rows(), min_size=1, max_size=3))
def test_every_row_leaves_as_it_came(rows: list[Any], tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", *rows)
    assert round_trip(path) == rows


def test_numbers_leave_to_the_last_digit(tmp_path: Path) -> None:
    row = copy.deepcopy(ROW)
    row["labels"][0]["time"] = 1654294781.6735473
    row["labels"][1]["data"]["assistance"]["critiqueability"] = 0.9086299349443696
    path = write(tmp_path / "rows.jsonl", row)
    round_trip(path)
    text = (tmp_path / "out.jsonl").read_text()
    assert "1654294781.6735473" in text
    assert "0.9086299349443696" in text


def test_a_file_compressed_or_not_is_the_same_file(tmp_path: Path) -> None:
    import_dataset("assistance", write(tmp_path / "rows.jsonl", ROW))
    again = import_dataset("assistance", write(tmp_path / "rows.jsonl.gz", ROW))
    assert again.already
    assert Study.objects.count() == 1


def test_an_import_makes_a_closed_study_of_its_own(tmp_path: Path) -> None:
    report = import_dataset("assistance", write(tmp_path / "released.jsonl", ROW))
    study = Study.objects.get()
    assert (study.name, study.state) == ("released.jsonl", StudyState.CLOSED)
    assert report.rows == ImportBatch.objects.get().rows_done == 1
    assert {(c.answer_kind, c.assisted) for c in study.conditions.all()} == {
        ("Human misleading", False),
        ("Model", True),
        ("Human", False),
    }


def test_an_import_makes_labelers_without_accounts_and_records_what_they_met(tmp_path: Path) -> None:
    import_dataset("assistance", write(tmp_path / "rows.jsonl", ROW))
    assert not Labeler.objects.filter(user__isnull=False).exists()
    assert Labeler.objects.count() == 4
    passage = Passage.objects.get()
    assert passage.author == Labeler.objects.get(imported_id="f" * 64)
    assert Exposure.objects.filter(text_digest=passage.text_digest).count() == 4


def test_who_met_a_text_twice_is_history_and_no_error(tmp_path: Path) -> None:
    row = copy.deepcopy(ROW)
    for one in row["labels"]:
        one["labeler"] = row["source_labeler"]
    assert round_trip(write(tmp_path / "rows.jsonl", row)) == [row]
    assert Exposure.objects.count() == 1


def test_an_edited_critique_is_seen_in_the_export(tmp_path: Path) -> None:
    report = import_dataset("assistance", write(tmp_path / "rows.jsonl", ROW))
    Critique.objects.filter(by_labeler__isnull=False, text="own").update(text="edited here")
    out = tmp_path / "out.jsonl"
    export_dataset("assistance", out, study=report.study.name)
    (row,) = (line.value for line in jsonl.read(out))
    expected = copy.deepcopy(ROW)
    for one in (expected["labels"][0], expected["labels"][2]):
        one["data"]["feedback"]["critiques"][0]["text"] = "edited here"
    assert row == expected


def test_the_records_are_relational(tmp_path: Path) -> None:
    import_dataset("assistance", write(tmp_path / "rows.jsonl", ROW))
    used = LabelerCritique.objects.get(suggestion_used__isnull=False)
    assert used.suggestion_used == Suggestion.objects.get(critique__text="second")
    assert IntendedCritique.objects.get().critique.answer.text == "That."


def test_both_cells_of_a_kind_share_its_answer(tmp_path: Path) -> None:
    row = copy.deepcopy(ROW)
    row["labels"].append(label("Model", "Something.", labeler="d" * 64))
    import_dataset("assistance", write(tmp_path / "rows.jsonl", row))
    assert Assignment.objects.filter(slot__answer_kind="Model").values("slot__answer").distinct().count() == 1


def test_a_bad_line_is_named_with_file_line_and_field_and_nothing_is_imported(tmp_path: Path) -> None:
    wrong = copy.deepcopy(ROW)
    wrong["labels"][1]["data"]["feedback"]["rating"] = 8
    path = write(tmp_path / "rows.jsonl", ROW, wrong)
    with pytest.raises(BadFile, match=r"rows\.jsonl:2: labels\[1\]\.data\.feedback\.rating"):
        import_dataset("assistance", path)
    assert not ImportBatch.objects.exists()
    assert not Passage.objects.exists()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda row: row.update(source_id="x" * 65), "source_id: has 65 characters"),
        (lambda row: row["labels"][0].update(labeler="x" * 65), r"labels\[0\]\.labeler: has 65 characters"),
        (
            lambda row: row["labels"][0]["data"]["feedback"].update(total_time=2**63),
            "total_time: is 9223372036854775808",
        ),
        (lambda row: row["source_data"].update(question_index=2**31), "source_data.question_index: is 2147483648"),
        (lambda row: row["source_data"].update(question="a\0b"), "source_data.question: holds the NUL"),
        (lambda row: row.update(surprise=1), "surprise: is not a field"),
    ],
)
def test_what_the_database_could_not_keep_is_refused_by_name(change: Any, problem: str, tmp_path: Path) -> None:
    row = copy.deepcopy(ROW)
    change(row)
    with pytest.raises(BadFile, match=problem):
        import_dataset("assistance", write(tmp_path / "rows.jsonl", row))


def test_skip_bad_imports_the_rest_and_writes_the_bad_lines_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    another = copy.deepcopy(ROW)
    for one in another["labels"]:
        one["id"] = fresh_id()
    path.write_text(f'{json.dumps(ROW)}\nnot json\n{{"id": 1}}\n{json.dumps(another)}')
    call_command("import_dataset", "assistance", str(path), "--skip-bad")
    assert (tmp_path / "rows.jsonl.bad.jsonl").read_text() == 'not json\n{"id": 1}\n'
    batch = ImportBatch.objects.get()
    assert (batch.rows_done, batch.rows_skipped) == (2, 2)
    export_dataset("assistance", tmp_path / "out.jsonl")
    assert [line.value for line in jsonl.read(tmp_path / "out.jsonl")] == [ROW, another]


@pytest.mark.parametrize("resaved", [b"\r\n", b"\n\n", b""])
def test_a_file_whose_lines_end_otherwise_was_imported_before(resaved: bytes, tmp_path: Path, capsys: Any) -> None:
    path = write(tmp_path / "rows.jsonl", ROW)
    call_command("import_dataset", "assistance", str(path))
    again = tmp_path / "again.jsonl"
    again.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", resaved))
    call_command("import_dataset", "assistance", str(again))
    assert "Imported before: all of" in capsys.readouterr().out
    assert Study.objects.count() == 1
    assert Sitting.objects.count() == len(ROW["labels"])


def test_rows_laid_out_otherwise_were_imported_before_by_their_ids(tmp_path: Path) -> None:
    import_dataset("assistance", write(tmp_path / "rows.jsonl", ROW))
    again = tmp_path / "again.jsonl"
    again.write_text(json.dumps(ROW, indent=None, separators=(" , ", " : "), sort_keys=True))
    report = import_dataset("assistance", again)
    assert (report.already, report.study.name) == (True, "rows.jsonl")
    assert Sitting.objects.count() == len(ROW["labels"])


def test_a_row_that_is_here_is_named_beside_new_ones_and_can_be_skipped(tmp_path: Path) -> None:
    import_dataset("assistance", write(tmp_path / "rows.jsonl", ROW))
    (new,) = with_fresh_ids(write(tmp_path / "more.jsonl", ROW))
    path = write(tmp_path / "more.jsonl", new, ROW)
    with pytest.raises(BadFile, match=r"more\.jsonl:2: 'label-.*' was imported before: .* study “rows\.jsonl”"):
        import_dataset("assistance", path)
    assert Study.objects.count() == 1
    assert import_dataset("assistance", path, skip_bad=True).rows == 1
    export_dataset("assistance", tmp_path / "out.jsonl")
    assert [line.value for line in jsonl.read(tmp_path / "out.jsonl")] == [ROW, new]


def test_a_row_given_twice_in_one_file_is_refused_by_line_and_id(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", ROW, ROW)
    with pytest.raises(BadFile, match=r"rows\.jsonl:2: labels\[0\]\.id: 'label-Human .* stands on line 1 already"):
        import_dataset("assistance", path)
    assert not Study.objects.exists()


def test_a_file_of_bad_lines_alone_is_no_empty_study(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("not json\n")
    with pytest.raises(BadFile, match="not JSON"):
        import_dataset("assistance", tmp_path / "rows.jsonl", skip_bad=True)
    assert not Study.objects.exists()


def test_rows_that_an_older_version_let_in_twice_do_not_leave_twice(tmp_path: Path) -> None:
    import_dataset("assistance", write(tmp_path / "rows.jsonl", ROW))
    with_fresh_ids(write(tmp_path / "again.jsonl", ROW))
    import_dataset("assistance", tmp_path / "again.jsonl")
    kept, doubled = (Sitting.objects.filter(study__name=f"{n}.jsonl") for n in ("rows", "again"))
    for one, other in zip(kept.order_by("pk"), doubled.order_by("pk"), strict=True):
        Sitting.objects.filter(pk=other.pk).update(public_id=one.public_id)
    with pytest.raises(Refused, match=r"is in two studies, “rows\.jsonl” and “again\.jsonl”"):
        export_dataset("assistance", tmp_path / "out.jsonl")
    assert export_dataset("assistance", tmp_path / "out.jsonl", study="again.jsonl") == 1


def test_a_second_import_of_the_same_file_does_nothing_and_says_so(tmp_path: Path, capsys: Any) -> None:
    path = write(tmp_path / "rows.jsonl", ROW)
    call_command("import_dataset", "assistance", str(path))
    call_command("import_dataset", "assistance", str(path))
    assert "Imported before" in capsys.readouterr().out
    assert Study.objects.count() == Passage.objects.count() == 1


def test_two_files_of_one_name_are_two_studies(tmp_path: Path) -> None:
    other = copy.deepcopy(ROW)
    for one in other["labels"]:
        one["id"] = fresh_id()
    (tmp_path / "a").mkdir()
    import_dataset("assistance", write(tmp_path / "rows.jsonl", ROW))
    import_dataset("assistance", write(tmp_path / "a" / "rows.jsonl", other))
    assert set(Study.objects.values_list("name", flat=True)) == {"rows.jsonl", "rows.jsonl (2)"}


def test_an_unfinished_import_is_exported_by_nobody(tmp_path: Path) -> None:
    report = import_dataset("assistance", write(tmp_path / "rows.jsonl", ROW))
    Study.objects.filter(pk=report.study.pk).update(state=StudyState.IMPORTING)
    assert export_dataset("assistance", tmp_path / "out.jsonl") == 0
    with pytest.raises(CommandError, match="no study named"):
        call_command("export_dataset", "assistance", str(tmp_path / "out.jsonl"), "--study", report.study.name)


def test_a_file_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_dataset", "assistance", str(tmp_path / "absent.jsonl"))


GIVEN = os.environ.get("OPENAI_CRITIQUES_DIR")


@pytest.mark.skipif(not GIVEN, reason="OPENAI_CRITIQUES_DIR names a folder of released rows")
def test_every_released_assistance_row_leaves_as_it_came(tmp_path: Path) -> None:
    paths = list(Path(GIVEN or "").rglob("*assistance*.jsonl*"))
    assert paths
    for path in paths:
        copied = tmp_path / path.name
        copied.write_bytes(path.read_bytes())
        assert round_trip(copied) == [line.value for line in jsonl.read(path)]
