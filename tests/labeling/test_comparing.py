"""Comparing two answers, or an answer and its refinement: blind, in a random order, and out into files and back."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from findings import jsonl, records
from labeling.actions import comparing
from labeling.actions.comparing import Pair, Refined
from labeling.actions.rounds import round_over
from labeling.enums import Activity, AnswerKind, Better, Provenance, RefinementMethod
from labeling.exchange.kinds import dataset_records, export_dataset, import_dataset
from labeling.models import Answer, Assignment, Comparison, Refinement, Sitting
from labeling.refusals import Refused, Stale
from tests.factories import SAMPLES, make_labelers, make_question, make_study
from tests.labeling.crawling import Crawler
from tests.labeling.released_rows import ids, with_fresh_ids
from tests.labeling.rounds import Desk, begun, finished_study

pytestmark = pytest.mark.django_db
in_database = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
KINDS = (AnswerKind.MODEL, AnswerKind.HUMAN)
REFINED = Refined("Model text 0: the harbour, of 1872.", RefinementMethod.CONDITIONAL, "tests/tiny", n=8, opt_out=True)


def a_round(people: int = 1, critiques: str = "hidden") -> list[Assignment]:
    """Labelers at work on the model's answer against the honest one."""
    study = comparing.compare_kinds(finished_study(), KINDS, labelers_each=people, critiques=critiques)
    return begun(study, people)


def a_refinement_round() -> Assignment:
    source = make_study(1)
    answer = Answer.objects.get(kind=AnswerKind.MODEL)
    study = round_over(source, Activity.COMPARING, "judging refinements", labelers_each=1, options={})
    comparing.ask_comparisons(study, [Pair(answer, REFINED)])
    return begun(study)[0]


def only(assignment: Assignment) -> Comparison:
    return comparing.prepare(assignment).comparisons.select_related("pair").get()


def choose(assignment: Assignment, better: Better, confidence: int = 2) -> Comparison:
    row = only(assignment)
    comparing.compare(
        labeler=assignment.labeler, comparison=row, base_revision=row.revision, better=better, confidence=confidence
    )
    comparing.submit(labeler=assignment.labeler, assignment=assignment)
    return row


def test_each_question_makes_one_pair_however_often_it_is_asked_for() -> None:
    source = make_study([make_question(0), make_question(1)])
    study = comparing.compare_kinds(source, KINDS)
    comparing.compare_kinds(source, KINDS)
    assert {(pair.first.kind, pair.second.kind) for pair in study.pairs_to_compare.all() if pair.second} == {KINDS}
    assert study.pairs_to_compare.count() == study.slots.count() == 2


def test_more_labelers_can_be_asked_for_later() -> None:
    source = make_study(1)
    assert comparing.compare_kinds(source, KINDS).slots.count() == 1
    assert comparing.compare_kinds(source, KINDS, labelers_each=2).slots.count() == 2


def test_refinements_of_a_study_are_judged_against_their_originals() -> None:
    source = make_study(1, labelers=7)
    answer = Answer.objects.get(kind=AnswerKind.MODEL)
    (refiner,) = make_labelers(1, prefix="refiner")
    stamp = {"time": 1.0, "submitted_at": timezone.now()}
    passage = answer.question.passage
    for position, (handed_in, text) in enumerate([(stamp, "Better."), (stamp, answer.text), ({}, "A draft.")]):
        sitting = Sitting.objects.create(
            study=source, activity=Activity.REFINING, labeler=refiner, passage=passage, **handed_in
        )
        Refinement.objects.create(answer=answer, text=text, sitting=sitting, position=position)
    Refinement.objects.create(
        answer=answer, text="Sampled.", provenance=Provenance.SAMPLED, model_name="tests/tiny", temperature=0.5, seed=1
    )
    study = comparing.compare_refinements(source)
    pairs = study.pairs_to_compare.order_by("refinement")
    assert list(pairs.values_list("refinement", "second_source", "method")) == [
        ("Better.", "Human", "direct"),
        ("Sampled.", "tests/tiny", "direct"),
    ]
    comparing.compare_refinements(source)
    assert pairs.count() == 2


def test_a_study_without_refinements_has_none_to_judge() -> None:
    with pytest.raises(Refused, match="no refinements yet"):
        comparing.compare_refinements(make_study(1))


def test_the_order_of_the_two_is_each_labelers_own_and_logged() -> None:
    swapped = set()
    for assignment in a_round(people=8):
        row, page = only(assignment), Desk(assignment).page()
        swapped.add(row.is_swapped)
        first, second = (page.index(text) for text in row.pair.texts)
        assert (first > second) == row.is_swapped
    assert swapped == {False, True}


def test_a_choice_is_stored_of_the_pair_wherever_its_texts_stood() -> None:
    for assignment in a_round(people=6):
        row, desk = only(assignment), Desk(assignment)
        assert desk.save(row, 0, better="A", confidence="3").status_code == 200
        row.refresh_from_db()
        assert row.better == (Better.SECOND if row.is_swapped else Better.FIRST)
        assert row.confidence == 3


def test_a_reload_shows_the_choice_and_another_tab_is_told() -> None:
    (assignment,) = a_round()
    row, desk = only(assignment), Desk(assignment)
    desk.save(row, 0, better="B", confidence="1")
    assert desk.save(row, 0, better="B", confidence="1").status_code == 200
    assert 'value="B" checked' in desk.page()
    stale = desk.save(row, 0, better="tie", confidence="1")
    assert stale.status_code == 409
    assert "B is better" in stale.content.decode()


@pytest.mark.parametrize(
    ("better", "confidence", "lacking"), [("", None, "say which is better"), (Better.TIE, None, "say how sure")]
)
def test_an_undecided_pair_keeps_the_sitting_open(better: str, confidence: int | None, lacking: str) -> None:
    (assignment,) = a_round()
    row = only(assignment)
    comparing.compare(labeler=assignment.labeler, comparison=row, base_revision=0, better=better, confidence=confidence)
    with pytest.raises(Refused, match=lacking):
        comparing.submit(labeler=assignment.labeler, assignment=assignment)
    with pytest.raises(Stale):
        comparing.submit(labeler=assignment.labeler, assignment=assignment, seen={uuid.uuid4(): 0})


def test_ten_submissions_make_one_record() -> None:
    (assignment,) = a_round()
    choose(assignment, Better.FIRST)
    for _ in range(9):
        comparing.submit(labeler=assignment.labeler, assignment=assignment)
    assert assignment.events.filter(kind="submitted").count() == 1


def test_critiques_are_shown_by_condition() -> None:
    texts = {sample.text.replace("'", "&#x27;") for sample in SAMPLES}
    hidden, shown = a_round(people=2, critiques="by turns")
    assert {only(hidden).critiques_shown, only(shown).critiques_shown} == {False, True}
    for assignment in (hidden, shown):
        page = Desk(assignment).page()
        assert all((text in page) == only(assignment).critiques_shown for text in texts)


def test_what_critiques_are_can_not_be_chosen_at_will() -> None:
    with pytest.raises(Refused, match="not “loud”"):
        comparing.compare_kinds(make_study(1), KINDS, critiques="loud")


def test_answers_to_different_questions_are_not_compared() -> None:
    study = make_study([make_question(0), make_question(1)])
    one, other = Answer.objects.filter(kind=AnswerKind.MODEL)
    with pytest.raises(Refused, match="the same question"):
        comparing.ask_comparisons(study, [Pair(one, other)])


def test_what_is_asked_cannot_change_once_somebody_has_begun() -> None:
    source = finished_study()
    (assignment,) = begun(comparing.compare_kinds(source, KINDS))
    only(assignment)
    with pytest.raises(Refused, match="has begun"):
        comparing.compare_kinds(source, KINDS, critiques="shown")


def leaks(assignment: Assignment, secret: list[str]) -> list[tuple[str, str]]:
    """What a labeler who presses everything finds of these words, and where."""
    only(assignment)
    crawler = Crawler(Desk(assignment).client)
    crawler.crawl(assignment.get_absolute_url())
    crawler.finish(assignment.get_absolute_url())
    pages = [one for one in crawler.seen if "/static/" not in one.address]
    assert any("/parts/" in one.address for one in pages)
    return [(text, one.address) for one in pages for text in secret if text in one.everything()]


def test_the_page_tells_nothing_of_where_an_answer_comes_from() -> None:
    (assignment,) = a_round()
    assert leaks(assignment, ["Human", "tests/tiny", "ssist", "author", "mislead", "labeler1"]) == []


def test_the_page_does_not_tell_which_is_the_refinement() -> None:
    assert leaks(a_refinement_round(), ["efine", "riginal", "onditional", "direct", "tests/tiny", "best-of"]) == []


def test_another_labelers_pair_does_not_exist() -> None:
    mine, theirs = a_round(people=2)
    row, desk = only(theirs), Desk(mine)
    assert desk.save(row, 0, better="A").status_code == 404
    desk.assignment = theirs
    assert desk.save(row, 0, better="A").status_code == 404
    assert desk.client.get(theirs.get_absolute_url()).status_code == 404


# -- files ----------------------------------------------------------------------------------------------


def test_comparisons_leave_in_the_order_shown_and_come_back_the_same(tmp_path: Path) -> None:
    assignments = a_round(people=6, critiques="by turns")
    for assignment, better in zip(assignments, [*Better, *Better], strict=True):
        choose(assignment, better)
    path = tmp_path / "comparisons.jsonl"
    export_dataset("comparisons", path, study=assignments[0].slot.study.name)
    rows = list(records.read(records.COMPARISONS, path))
    for row, assignment in zip(rows, assignments, strict=True):
        comparison = only_submitted(assignment)
        texts = list(comparison.pair.texts)
        shown = texts[::-1] if comparison.is_swapped else texts
        assert [answer["answer"] for answer in row["data"]["answers"]] == shown
        best = {Better.FIRST: texts[0], Better.SECOND: texts[1], Better.TIE: None}[Better(comparison.better)]
        better = row["data"]["better"]
        assert (None if better is None else shown[better]) == best
        assert {answer["source"] for answer in row["data"]["answers"]} == {"tests/tiny", "Human"}
    elsewhere = with_fresh_ids(path)
    report = import_dataset("comparisons", path)
    assert list(dataset_records("comparisons", study=report.study.name)) == elsewhere


def only_submitted(assignment: Assignment) -> Comparison:
    return Comparison.objects.select_related("pair__first", "pair__second").get(sitting__assignment=assignment)


def test_a_refinement_is_judged_blind_and_leaves_with_its_method(tmp_path: Path) -> None:
    assignment = a_refinement_round()
    choose(assignment, Better.SECOND, 3)
    path = tmp_path / "refinements.jsonl"
    study = assignment.slot.study
    export_dataset("refinement_judgements", path, study=study.name)
    (row,) = records.read(records.REFINEMENT_JUDGEMENTS, path)
    assert row["data"]["original"] == "Model text 0: the harbour."
    assert row["data"]["refinement"] == REFINED.text
    assert (row["data"]["better"], row["data"]["confidence"]) == ("refinement", 3)
    told = (row["data"]["method"], row["data"]["n"], row["data"]["opt_out"], row["data"]["source"])
    assert told == ("conditional", 8, True, "tests/tiny")
    assert list(dataset_records("comparisons", study=study.name)) == []
    elsewhere = with_fresh_ids(path)
    report = import_dataset("refinement_judgements", path)
    assert list(dataset_records("refinement_judgements", study=report.study.name)) == elsewhere


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
sources_of_passages = st.text("abcdef0123456789", min_size=1, max_size=30)
sources = st.one_of(st.none(), st.sampled_from(["Human", "Human misleading", "tests/tiny"]))
frames = {"source_id": sources_of_passages, "time": st.floats(0, 2e9), "labeler": st.sampled_from(["a" * 64, "b" * 64])}
asked = {"passage": st.fixed_dictionaries({"text": texts, "title": st.one_of(st.none(), texts)}), "question": texts}
confidences = st.integers(1, 3)


@st.composite
def comparison_rows(draw: st.DrawFn) -> dict[str, Any]:
    shown = draw(st.booleans())
    answers = [
        {
            "answer": draw(texts),
            "source": draw(sources),
            "critiques": draw(st.lists(texts, max_size=2)) if shown else [],
        }
        for _ in range(2)
    ]
    data = draw(st.fixed_dictionaries(asked, optional={"total_time": st.integers(0, 2**40)}))
    chosen = {"better": draw(st.sampled_from([0, 1, None])), "confidence": draw(confidences)}
    frame = draw(st.fixed_dictionaries(frames))
    return {"id": draw(ids), **frame, "data": data | chosen | {"answers": answers, "critiques_shown": shown}}


judgement_rows = st.fixed_dictionaries(
    {
        "id": ids,
        **frames,
        "data": st.fixed_dictionaries(
            {
                **asked,
                "original": texts,
                "refinement": texts,
                "method": st.sampled_from([method.value for method in RefinementMethod]),
                "n": st.integers(1, 64),
                "opt_out": st.booleans(),
                "source": st.sampled_from(["Human", "tests/tiny"]),
                "better": st.sampled_from(["original", "refinement", None]),
                "confidence": confidences,
            }
        ),
    }
)


@in_database
@given(data=st.data(), kind=st.sampled_from(["comparisons", "refinement_judgements"]))
def test_every_row_of_our_own_kinds_leaves_as_it_came(data: st.DataObject, kind: str, tmp_path: Path) -> None:
    rows = data.draw(st.lists(comparison_rows() if kind == "comparisons" else judgement_rows, min_size=1, max_size=3))
    path = tmp_path / f"{uuid.uuid4()}.jsonl"
    jsonl.write(path, rows)
    report = import_dataset(kind, path)
    assert list(dataset_records(kind, study=report.study.name)) == rows
    report.study.delete()  # what was compared goes with its study
