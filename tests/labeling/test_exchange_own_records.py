"""Comparisons, refinements, checks and judgements have records of our own: they go out, and come in as they went."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labeling.enums import Activity, AnswerKind, Better, CritiqueOrigin
from labeling.exchange.importing import BadFile
from labeling.exchange.kinds import dataset_records, import_dataset
from labeling.models import (
    Assignment,
    CheckedCritique,
    Comparison,
    Critique,
    HelpfulnessJudgement,
    IntendedCheck,
    IntendedCritique,
    JudgedQuestion,
    Labeler,
    PairCritique,
    PairToCompare,
    Sitting,
    Study,
)
from tests.labeling.own_study import (
    account,
    hand_in,
    opened,
    question_with_answers,
    started_study,
    write_critique,
)
from tests.labeling.released_rows import (
    comparison_records,
    judgement_records,
    refinement_judgement_records,
    refinement_records,
)
from tests.labeling.test_exchange_assistance import ROW, round_trip, write

pytestmark = pytest.mark.django_db
many = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(rows=st.lists(comparison_records, min_size=1, max_size=3))
def test_every_comparison_leaves_as_it_came(rows: list[Any], tmp_path: Path) -> None:
    assert round_trip(write(tmp_path / "rows.jsonl", *rows), "comparisons") == rows


@many
@given(rows=st.lists(refinement_judgement_records, min_size=1, max_size=3))
def test_every_refinement_judgement_leaves_as_it_came(rows: list[Any], tmp_path: Path) -> None:
    assert round_trip(write(tmp_path / "rows.jsonl", *rows), "refinement_judgements") == rows


@many
@given(rows=st.lists(refinement_records, min_size=1, max_size=3))
def test_every_refinement_leaves_as_it_came(rows: list[Any], tmp_path: Path) -> None:
    assert round_trip(write(tmp_path / "rows.jsonl", *rows), "refinements") == rows


@many
@given(rows=st.lists(judgement_records, min_size=1, max_size=3))
def test_every_judgement_leaves_as_it_came(rows: list[Any], tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", *rows)
    assert round_trip(path, "judgements") == rows
    assert list(dataset_records("helpfulness")) == []


CHECK: dict[str, Any] = {
    "id": "check1",
    "source_id": "source1",
    "label_id": "label-Human misleading-False",
    "time": 1654294781.5,
    "labeler": "e" * 64,
    "by_author": True,
    "data": {"intended": 1, "critiques": [{"critique": "own", "valid": True, "covers": [0]}]},
}


def test_a_check_leaves_as_it_came_once_its_label_is_here(tmp_path: Path) -> None:
    import_dataset("assistance", write(tmp_path / "labels.jsonl", ROW))
    novel = copy.deepcopy(CHECK) | {"id": "check2", "by_author": False}
    novel["data"]["critiques"][0]["covers"] = []
    assert round_trip(write(tmp_path / "checks.jsonl", CHECK, novel), "intended_checks") == [CHECK, novel]
    assert CheckedCritique.objects.filter(covers__critique__text="Not that.").count() == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"label_id": "absent"}, "label_id: no label of a misleading answer has the id"),
        ({"label_id": "label-Human-False"}, "label_id: no label of a misleading answer has the id"),
        ({"data": {"intended": 2, "critiques": CHECK["data"]["critiques"]}}, "data.intended: is 2"),
        ({"data": {"intended": 1, "critiques": []}}, "data.critiques: are not the 1 critiques of the label"),
        (
            {"data": {"intended": 1, "critiques": [{"critique": "own", "valid": True, "covers": [0, 0]}]}},
            r"data.critiques\[0\].covers: must name each",
        ),
        ({"provenance": {}}, "provenance: is not kept here"),
    ],
)
def test_a_check_that_does_not_fit_its_label_is_refused(change: dict[str, Any], problem: str, tmp_path: Path) -> None:
    import_dataset("assistance", write(tmp_path / "labels.jsonl", ROW))
    with pytest.raises(BadFile, match=problem):
        import_dataset("intended_checks", write(tmp_path / "checks.jsonl", CHECK | change))
    assert not IntendedCheck.objects.exists()


# -- from our own studies -------------------------------------------------------------------------------


@pytest.fixture
def study() -> Study:
    return started_study([question_with_answers(*AnswerKind)])


def sitting_of(labeler: Labeler, study: Study, activity: Activity, *, submitted: bool = True) -> Sitting:
    now = timezone.now() if submitted else None
    return Sitting.objects.create(
        study=study,
        activity=activity,
        labeler=labeler,
        passage=study.study_questions.get().question.passage,
        submitted_at=now,
        time=now.timestamp() if now else None,
    )


def label_of(assignment: Assignment) -> Sitting:
    return Sitting.objects.get(assignment=assignment)


def test_a_judgement_says_whose_the_critique_is_its_score_and_which_labels_were_shown_it(study: Study) -> None:
    assignment = opened(study, AnswerKind.MODEL, assisted=True)
    hand_in(assignment, rating=7)
    assert assignment.bundle is not None
    answer, suggestion = assignment.slot.answer, assignment.bundle.released()[1]
    assert answer is not None
    sitting = sitting_of(account("judge"), study, Activity.JUDGING)
    judged = JudgedQuestion.objects.create(sitting=sitting, position=0, answer=answer)
    own = Critique.objects.create(answer=answer, text="by hand", origin=CritiqueOrigin.LABELER)
    for position, (critique, helpful) in enumerate(((suggestion.critique, True), (own, False))):
        HelpfulnessJudgement.objects.create(
            judged_question=judged, position=position, critique=critique, helpful=helpful
        )
    (record,) = dataset_records("judgements")
    assert record["data"]["critiqueable"] is True
    first, second = record["data"]["critiques"]
    assert (first["critic"], first["score"]) == ("toy", 0.75)
    assert first["shown_as"] == [{"label_id": label_of(assignment).public_id, "assistance_critique": 1}]
    assert (second["critic"], second["score"], second["shown_as"]) == ("Human", None, [])


def test_drafts_of_sittings_stay_here(study: Study) -> None:
    answer = study.study_questions.get().question.answers.get(kind="Model")
    sitting = sitting_of(account("judge"), study, Activity.JUDGING, submitted=False)
    JudgedQuestion.objects.create(sitting=sitting, position=0, answer=answer)
    assert list(dataset_records("judgements")) == list(dataset_records("helpfulness")) == []


def test_a_check_counts_what_was_intended_and_names_what_is_covered(study: Study) -> None:
    assignment = opened(study, AnswerKind.HUMAN_MISLEADING, assisted=False)
    write_critique(assignment, "covers it")
    write_critique(assignment, "novel")
    hand_in(assignment)
    author = Labeler.objects.get(outside_name="the author")
    sitting = sitting_of(author, study, Activity.CHECKING)
    check = IntendedCheck.objects.create(sitting=sitting, position=0, label=label_of(assignment), by_author=True)
    for found in label_of(assignment).critiques.all():
        row = CheckedCritique.objects.create(check_of=check, found=found, valid=True)
        if found.critique.text == "covers it":
            row.covers.set([IntendedCritique.objects.get()])
    (record,) = dataset_records("intended_checks")
    assert record["label_id"] == label_of(assignment).public_id
    assert record["labeler"] == author.pseudonym
    assert record["data"] == {
        "intended": 1,
        "critiques": [
            {"critique": "covers it", "valid": True, "covers": [0]},
            {"critique": "novel", "valid": True, "covers": []},
        ],
    }


def test_a_comparison_shows_its_answers_as_the_labeler_saw_them(study: Study) -> None:
    answers = {answer.kind: answer for answer in study.study_questions.get().question.answers.all()}
    pair = PairToCompare.objects.create(
        study=study,
        first=answers[AnswerKind.MODEL],
        first_source="toy",
        second=answers[AnswerKind.HUMAN],
        second_source="Human",
    )
    critique = Critique.objects.create(answer=pair.first, text="wrong", origin=CritiqueOrigin.MODEL)
    PairCritique.objects.create(pair=pair, of_second=False, position=0, critique=critique)
    sitting = sitting_of(account("judge"), study, Activity.COMPARING)
    Comparison.objects.create(
        sitting=sitting,
        position=0,
        pair=pair,
        is_swapped=True,
        critiques_shown=True,
        better=Better.FIRST,
        confidence=2,
    )
    (record,) = dataset_records("comparisons")
    assert record["data"]["answers"] == [
        {"answer": "Human's", "source": "Human", "critiques": []},
        {"answer": "model's", "source": "toy", "critiques": ["wrong"]},
    ]
    assert record["data"]["better"] == 1
