"""Our own studies leave in the form of the released rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from findings import jsonl
from labeling.actions.critiquing import remove_critique
from labeling.actions.releasing import release
from labeling.enums import AnswerKind, ReleaseReason
from labeling.exchange.kinds import dataset_records, import_dataset
from labeling.models import Assignment, Suggestion
from labeling.refusals import Refused
from tests.labeling.own_study import hand_in, opened, question_with_answers, started_study, write_critique
from tests.labeling.released_rows import with_fresh_ids

pytestmark = pytest.mark.django_db
MODEL, HUMAN, MISLEADING = AnswerKind.MODEL, AnswerKind.HUMAN, AnswerKind.HUMAN_MISLEADING


def rows(**options: Any) -> list[Any]:
    return list(dataset_records("assistance", **options))


def suggestion(assignment: Assignment, text: str) -> Suggestion:
    assert assignment.bundle is not None
    return next(one for one in assignment.bundle.shown() if one.critique.text == text)


@pytest.fixture
def study() -> Any:
    return started_study([question_with_answers(MODEL, HUMAN, MISLEADING)])


def test_suggestions_leave_in_temperature_order_and_uses_point_into_it(study: Any) -> None:
    assignment = opened(study, MODEL, assisted=True)
    write_critique(assignment, "A fact is wrong.", using=suggestion(assignment, "A fact is wrong."))
    write_critique(assignment, "Nobody says so, ever.", using=suggestion(assignment, "Nobody says so."))
    write_critique(assignment, "My own.")
    hand_in(assignment)
    ((label,),) = ([*row["labels"]] for row in rows())
    assert label["data"]["assistance"] == {
        "critiques": [
            {"text": "It is omitted.", "helpfulness": 0.25},
            {"text": "A fact is wrong.", "helpfulness": 0.75},
            {"text": "The wording is odd.", "helpfulness": 0.5},
            {"text": "Nobody says so.", "helpfulness": 0.125},
            {"text": "", "helpfulness": 0.0},
        ],
        "critiqueability": 0.625,
    }
    found = label["data"]["feedback"]["critiques"]
    assert [one["assistance_critique"] for one in found] == [1, 3, None]
    assert found[0]["first_modified"] == found[0]["last_modified"]


def test_a_row_holds_the_question_its_answers_and_the_labels_in_order_of_submission(study: Any) -> None:
    for kind, assisted in ((MISLEADING, False), (HUMAN, True), (MODEL, False)):
        hand_in(opened(study, kind, assisted), rating=7)
    (row,) = rows()
    source = row["source_data"]
    assert (source["question_index"], source["question"]) == (3, "What happened?")
    assert (source["human_answer"], source["human_deceptive_answer"]) == ("Human's", "Human misleading's")
    assert source["deceptive_answer_critiques"] == [
        {"text": "It never did.", "category": "accuracy", "severity": 4, "category_text": ""}
    ]
    assert [label["data"]["condition"]["answer_source"] for label in row["labels"]] == [MISLEADING, HUMAN, MODEL]
    assert [label["data"]["answer"] for label in row["labels"]] == ["Human misleading's", "Human's", "model's"]


def test_people_leave_as_pseudonyms(study: Any) -> None:
    assignment = opened(study, HUMAN, assisted=False)
    hand_in(assignment, rating=7)
    (row,) = rows()
    assert row["labels"][0]["labeler"] == assignment.labeler.pseudonym
    assert row["source_labeler"] == study.study_questions.get().question.passage.author.pseudonym
    for name in ("our study-", "the author"):
        assert name not in str(row)


def test_time_is_the_moment_of_submission(study: Any) -> None:
    assignment = opened(study, HUMAN, assisted=False)
    hand_in(assignment, rating=7)
    assignment.refresh_from_db()
    (row,) = rows()
    moment = assignment.sitting.submitted_at
    assert moment is not None
    assert row["labels"][0]["time"] == moment.timestamp()


def test_removed_critiques_drafts_and_released_assignments_stay_here(study: Any) -> None:
    done = opened(study, MODEL, assisted=False)
    gone = write_critique(done, "taken back")
    write_critique(done, "kept")
    remove_critique(labeler=done.labeler, found=gone)
    hand_in(done)
    write_critique(opened(study, HUMAN, assisted=False), "a draft")
    given_back = opened(study, MISLEADING, assisted=False)
    write_critique(given_back, "given back")
    release(given_back, ReleaseReason.SEEN_BEFORE)
    (row,) = rows()
    (label,) = row["labels"]
    assert [one["text"] for one in label["data"]["feedback"]["critiques"]] == ["kept"]


def test_a_question_nobody_has_submitted_is_no_row(study: Any) -> None:
    write_critique(opened(study, MODEL, assisted=False), "a draft")
    assert rows() == []


def test_a_missing_answer_is_refused_by_name_before_the_first_row() -> None:
    study = started_study(
        [question_with_answers(MODEL, HUMAN, text="Whose?")], conditions=[(MODEL, False), (HUMAN, False)]
    )
    hand_in(opened(study, MODEL, assisted=False), rating=7)
    with pytest.raises(Refused, match=r"Study “our study”: the question “Whose\?” has no answer of kind “Human mis"):
        dataset_records("assistance")


def test_extended_writes_null_for_a_missing_answer() -> None:
    study = started_study([question_with_answers(MODEL)], conditions=[(MODEL, False), (MODEL, True)])
    hand_in(opened(study, MODEL, assisted=False), rating=7)
    (row,) = rows(extended=True)
    assert row["source_data"]["human_answer"] is row["source_data"]["human_deceptive_answer"] is None
    assert row["source_data"]["deceptive_answer_critiques"] == []


def test_extended_says_where_everything_came_from_under_one_key(study: Any) -> None:
    assignment = opened(study, MODEL, assisted=True)
    write_critique(assignment, "A fact is wrong.", using=suggestion(assignment, "A fact is wrong."))
    hand_in(assignment)
    (plain,), (extended,) = rows(), rows(extended=True)
    about_row, about_label = extended.pop("provenance"), extended["labels"][0].pop("provenance")
    assert extended == plain
    assert about_row["study"] == "our study"
    assert len(about_row["conditions"]) == 6
    assert about_label["answer"] == {
        "provenance": "given",
        "model_name": "toy",
        "model_revision": None,
        "temperature": 0.5,
        "seed": 1,
    }
    bundle = about_label["bundle"]
    assert (bundle["model_name"], bundle["model_revision"], bundle["seed"]) == ("toy", "1", 7)
    assert [sample["same_as"] for sample in bundle["samples"]] == [None, 0, None, 0, None, 2, None, None]
    shown = about_label["shown"]
    assert [one["critique"] for one in shown] == [1, 2, 0, 3, 4]
    assert [one["times_used"] for one in shown] == [1, 0, 0, 0, 0]


def test_an_export_of_ours_can_be_imported_elsewhere_and_leaves_again_as_it_was(study: Any, tmp_path: Path) -> None:
    for kind in AnswerKind:
        for assisted in (False, True):
            assignment = opened(study, kind, assisted)
            write_critique(assignment, f"about {kind}")
            hand_in(assignment)
    ours = rows()
    path = tmp_path / "ours.jsonl"
    jsonl.write(path, ours)
    assert import_dataset("assistance", path).already
    assert rows() == ours
    elsewhere = with_fresh_ids(path)
    report = import_dataset("assistance", path)
    assert rows(study=report.study.name) == elsewhere
    assert rows() == ours + elsewhere
