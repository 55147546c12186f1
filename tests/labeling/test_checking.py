"""Checking what was found in misleading answers: who may, what they see, and what findings make of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from findings import jsonl
from findings.__main__ import main as findings_command
from labeling.actions import checking
from labeling.actions.opening import open_next
from labeling.actions.releasing import release
from labeling.actions.studies import close_study, open_study
from labeling.enums import Activity, AnswerKind, AssignmentState, CritiqueOrigin, ReleaseReason
from labeling.exchange.importing import BadFile
from labeling.exchange.kinds import dataset_records, export_dataset, import_dataset
from labeling.models import (
    Answer,
    Assignment,
    CheckedCritique,
    Critique,
    Exposure,
    IntendedCritique,
    Labeler,
    Passage,
    Sitting,
    Study,
)
from labeling.refusals import Forbidden, Refused, Stale
from tests.factories import make_labelers, make_study
from tests.labeling.crawling import Crawler
from tests.labeling.own_study import hand_in, write_critique
from tests.labeling.released_rows import fresh_id, with_fresh_ids
from tests.labeling.rounds import ONLY_ASSISTED, ONLY_UNASSISTED, SHARED, Desk, finished_study, opened

pytestmark = pytest.mark.django_db
in_database = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def author() -> Labeler:
    return make_labelers(1, prefix="writer")[0]


@pytest.fixture
def source(author: Labeler) -> Study:
    return finished_study(author)


def at_work(source: Study, checker: Labeler, **who: Any) -> Assignment:
    """The checker at the sitting that checks the source's one misleading answer."""
    report = checking.ask_checks(source, **who)
    open_study(report.study)
    assignment = opened(report.study, checker)
    checking.prepare(assignment)
    return assignment


def say(assignment: Assignment, text: str, valid: bool | None, *covers: IntendedCritique) -> None:
    rows = next(rows for rows in checking.shown(assignment.sitting).values() if rows[0].found.critique.text == text)
    checking.check(
        labeler=assignment.labeler,
        sitting=assignment.sitting,
        client_key=rows[0].client_key,
        base_revision=rows[0].revision,
        valid=valid,
        covers=covers,
    )


def check_all(assignment: Assignment) -> None:
    """The shared critique covers what was intended, the assisted one is novel, the unassisted one is wrong."""
    say(assignment, SHARED, True, IntendedCritique.objects.get())
    say(assignment, ONLY_ASSISTED, True)
    say(assignment, ONLY_UNASSISTED, False)
    checking.submit(labeler=assignment.labeler, assignment=assignment)


# -- who checks what ------------------------------------------------------------------------------------


def test_the_author_checks_all_that_was_submitted_about_their_misleading_answer(source: Study, author: Labeler) -> None:
    assignment = at_work(source, author)
    misleading = Answer.objects.get(kind=AnswerKind.HUMAN_MISLEADING)
    checks = list(assignment.sitting.intended_checks.all())
    assert all(check.by_author for check in checks)
    labels = Sitting.objects.filter(assignment__slot__study=source, assignment__slot__answer=misleading)
    assert {check.label_id for check in checks} == set(labels.values_list("pk", flat=True))
    assert {check.label.assignment.slot.assisted for check in checks} == {False, True}
    texts = [rows[0].found.critique.text for rows in checking.shown(assignment.sitting).values()]
    assert sorted(texts) == sorted([SHARED, ONLY_ASSISTED, ONLY_UNASSISTED])


def test_having_written_about_a_text_is_required_of_an_author_not_held_against_them(
    source: Study, author: Labeler
) -> None:
    assert Exposure.objects.filter(labeler=author, activity=Activity.ANSWERING).exists()
    assignment = at_work(source, author)
    assert assignment.state == AssignmentState.OPENED
    assert Exposure.objects.filter(labeler=author).count() == 1


def test_an_author_without_an_account_checks_nothing() -> None:
    report = checking.ask_checks(finished_study())
    assert (report.labels, report.assigned, report.nobody) == (2, 0, 1)


def test_a_third_party_checks_with_a_fresh_eye_instead_or_as_well(source: Study, author: Labeler) -> None:
    (fresh,) = make_labelers(1, prefix="fresh")
    met = source.labelers.first()
    assert met is not None
    report = checking.ask_checks(source, third_parties=[fresh, met])
    checkers = Assignment.objects.filter(slot__study=report.study)
    assert {one.labeler for one in checkers} == {author, fresh}
    open_study(report.study)
    assignment = opened(report.study, fresh)
    checking.prepare(assignment)
    assert not any(check.by_author for check in assignment.sitting.intended_checks.all())
    assert Exposure.objects.filter(labeler=fresh).exists()


def test_a_third_party_who_met_the_text_in_between_gives_it_up(source: Study) -> None:
    (fresh,) = make_labelers(1, prefix="fresh")
    report = checking.ask_checks(source, by_authors=False, third_parties=[fresh])
    open_study(report.study)
    passage = Passage.objects.get()
    Exposure.objects.create(
        labeler=fresh, passage=passage, text_digest=passage.text_digest, activity=Activity.COMPARING
    )
    assert open_next(fresh) is None
    released = Assignment.objects.get(labeler=fresh)
    assert (released.state, released.release_reason) == (AssignmentState.RELEASED, ReleaseReason.SEEN_BEFORE)


def test_nobody_chosen_to_check_is_refused(source: Study) -> None:
    with pytest.raises(Refused, match="Choose who checks"):
        checking.ask_checks(source, by_authors=False)


def test_an_answer_waits_until_all_its_labels_are_in(author: Labeler) -> None:
    study = make_study(1, labelers=6)
    Answer.objects.exclude(kind=AnswerKind.MODEL).update(author=author)
    with pytest.raises(Refused, match="no misleading answer yet of which all labels are in"):
        checking.ask_checks(study)
    for labeler in study.labelers.all():
        assignment = open_next(labeler)
        assert assignment is not None
        if assignment.slot.answer_kind == AnswerKind.HUMAN_MISLEADING:
            write_critique(assignment, "Wrong.")
            hand_in(assignment)
    assert checking.ask_checks(study).labels == 2


def test_a_draft_is_never_checked_not_even_of_a_closed_study(author: Labeler) -> None:
    study = make_study(1, labelers=6)
    Answer.objects.exclude(kind=AnswerKind.MODEL).update(author=author)
    for labeler in study.labelers.all():
        assignment = open_next(labeler)
        assert assignment is not None
        write_critique(assignment, "Wrong.")
        if assignment.slot.assisted:
            hand_in(assignment)
    close_study(study)
    report = checking.ask_checks(study)
    assert (report.labels, report.unfinished) == (1, 0)


def test_asking_twice_gives_nobody_the_same_twice(source: Study, author: Labeler) -> None:
    first = checking.ask_checks(source)
    second = checking.ask_checks(source)
    assert (first.study, first.labels, first.assigned) == (second.study, 2, 1)
    assert (second.labels, second.assigned) == (0, 0)


def test_an_author_who_gave_it_back_can_be_asked_again(source: Study, author: Labeler) -> None:
    assignment = at_work(source, author)
    say(assignment, SHARED, True)
    release(assignment, ReleaseReason.TIMED_OUT)
    report = checking.ask_checks(source)
    assert (report.labels, report.assigned) == (0, 1)
    again = opened(report.study, author)
    assert again.slot_id == assignment.slot_id
    places = checking.shown(checking.prepare(again))
    assert [rows[0].valid for rows in places.values()] == [None, None, None]


# -- what they see and say ------------------------------------------------------------------------------


def test_one_verdict_stands_for_all_critiques_of_one_text(source: Study, author: Labeler) -> None:
    """A suggestion that several used verbatim would come several times, and tell who had suggestions."""
    assignment = at_work(source, author)
    say(assignment, SHARED, True, IntendedCritique.objects.get())
    both = CheckedCritique.objects.filter(found__critique__text=SHARED)
    assert [(row.valid, row.covers.count()) for row in both] == [(True, 1), (True, 1)]
    assert Desk(assignment).page().count(f"\n{SHARED}") == 1


def test_what_is_not_valid_covers_nothing(source: Study, author: Labeler) -> None:
    assignment = at_work(source, author)
    say(assignment, SHARED, True, IntendedCritique.objects.get())
    say(assignment, SHARED, False, IntendedCritique.objects.get())
    assert not CheckedCritique.objects.filter(covers__isnull=False).exists()


def test_novel_is_what_is_valid_and_covers_none(source: Study, author: Labeler) -> None:
    assignment = at_work(source, author)
    check_all(assignment)
    novel = {row.found.critique.text for row in CheckedCritique.objects.filter(valid=True, covers=None)}
    assert novel == {ONLY_ASSISTED}


def test_a_reload_shows_what_was_said_and_another_tab_is_told(source: Study, author: Labeler) -> None:
    assignment = at_work(source, author)
    desk = Desk(assignment)
    rows = checking.shown(assignment.sitting)[0]
    assert desk.save(rows[0], 0, valid="yes", covers=["1"]).status_code == 200
    assert desk.save(rows[0], 0, valid="yes", covers=["1"]).status_code == 200
    assert desk.page().count(" checked") == 2
    stale = desk.save(rows[0], 0, valid="no")
    assert stale.status_code == 409
    assert "Valid; covers 1." in stale.content.decode()
    assert desk.save(rows[0], 1, valid="yes", covers=["2"]).status_code == 422


def test_an_unchecked_critique_keeps_the_sitting_open(source: Study, author: Labeler) -> None:
    assignment = at_work(source, author)
    say(assignment, SHARED, True)
    with pytest.raises(Refused, match="say whether it is valid"):
        checking.submit(labeler=author, assignment=assignment)
    with pytest.raises(Stale):
        checking.submit(labeler=author, assignment=assignment, seen={})


def test_ten_submissions_make_one_record(source: Study, author: Labeler) -> None:
    assignment = at_work(source, author)
    check_all(assignment)
    for _ in range(9):
        checking.submit(labeler=author, assignment=assignment)
    assert assignment.events.filter(kind="submitted").count() == 1


def test_only_the_checker_may_say_anything(source: Study, author: Labeler) -> None:
    assignment = at_work(source, author)
    (other,) = make_labelers(1, prefix="other")
    rows = checking.shown(assignment.sitting)[0]
    with pytest.raises(Forbidden):
        checking.check(
            labeler=other, sitting=assignment.sitting, client_key=rows[0].client_key, base_revision=0, valid=True
        )
    desk = Desk(assignment)
    assert other.user is not None
    desk.client.force_login(other.user, backend="django.contrib.auth.backends.ModelBackend")
    assert desk.client.get(assignment.get_absolute_url()).status_code == 404
    assert desk.save(rows[0], 0, valid="yes").status_code == 404


def test_checkers_learn_nothing_of_conditions_or_labelers(source: Study, author: Labeler) -> None:
    assignment = at_work(source, author)
    unfound = Critique.objects.filter(origin=CritiqueOrigin.MODEL).values_list("text", flat=True)
    names = [f"labeler{number}" for number in range(1, 7)]
    secret = ["ssist", "uggestion", "score", "Something else.", *names, *(set(unfound) - {SHARED})]
    crawler = Crawler(Desk(assignment).client)
    crawler.crawl(assignment.get_absolute_url())
    crawler.finish(assignment.get_absolute_url())
    pages = [one for one in crawler.seen if "/static/" not in one.address]
    assert any("/parts/" in one.address for one in pages)
    assert [(text, one.address) for one in pages for text in secret if text in one.everything()] == []


# -- files ----------------------------------------------------------------------------------------------


def test_checks_reach_findings_through_their_file(source: Study, author: Labeler, tmp_path: Path) -> None:
    """Intended: found by both labels. Assisted: 2 of 2 valid, 1 novel. Unassisted: 1 of 2 valid, none novel."""
    assignment = at_work(source, author)
    check_all(assignment)
    labels, checks, out = tmp_path / "assistance.jsonl", tmp_path / "checks.jsonl", tmp_path / "out"
    export_dataset("assistance", labels, study=source.name)
    assert export_dataset("intended_checks", checks, study=assignment.slot.study.name) == 2
    assert findings_command([str(labels), "--intended", str(checks), "--out", str(out), "--reps", "50"]) == 0
    found = {
        (one["name"], one["assisted"]): one["value"]
        for one in json.loads((out / "findings.json").read_text())["findings"]
        if one["answer_source"] == "Human misleading" and one["group"] is None
    }
    assert (found["intended_found", True], found["intended_found", False]) == (1.0, 1.0)
    assert (found["valid_share", True], found["valid_share", False]) == (1.0, 0.5)
    assert (found["valid_per_answer", True], found["valid_per_answer", False]) == (2.0, 1.0)
    assert (found["valid_novel_per_answer", True], found["valid_novel_per_answer", False]) == (1.0, 0.0)


def test_checks_come_back_as_they_left(source: Study, author: Labeler, tmp_path: Path) -> None:
    check_all(assignment := at_work(source, author))
    path = tmp_path / "checks.jsonl"
    export_dataset("intended_checks", path, study=assignment.slot.study.name)
    rows = with_fresh_ids(path)
    report = import_dataset("intended_checks", path)
    assert [row["by_author"] for row in rows] == [True, True]
    assert list(dataset_records("intended_checks", study=report.study.name)) == rows


@in_database
@given(data=st.data())
def test_any_verdicts_about_known_labels_come_back_as_they_left(data: st.DataObject, tmp_path: Path) -> None:
    study = Study.objects.filter(import_batch=None).first() or finished_study()
    rows = [a_check(label, data) for label in misleading_labels(study)]
    path = tmp_path / f"{data.draw(st.uuids())}.jsonl"
    jsonl.write(path, rows)
    report = import_dataset("intended_checks", path)
    assert list(dataset_records("intended_checks", study=report.study.name)) == rows


def misleading_labels(study: Study) -> list[Sitting]:
    rows = Sitting.objects.filter(
        assignment__slot__study=study, assignment__slot__answer_kind=AnswerKind.HUMAN_MISLEADING
    )
    return list(rows.order_by("pk"))


def a_check(label: Sitting, data: st.DataObject) -> dict[str, Any]:
    verdict = st.fixed_dictionaries({"valid": st.booleans(), "covers": st.sampled_from([[], [0]])})
    return {
        "id": fresh_id(),
        "source_id": label.assignment.slot.passage.public_id,
        "label_id": label.public_id,
        "time": data.draw(st.floats(0, 2e9)),
        "labeler": data.draw(st.sampled_from(["a" * 64, "b" * 64])),
        "by_author": data.draw(st.booleans()),
        "data": {
            "intended": 1,
            "critiques": [
                {"critique": found.critique.text, **data.draw(verdict)}
                for found in label.critiques.order_by("position", "pk")
            ],
        },
    }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"label_id": "unknown"}, r"checks\.jsonl:1: label_id: no label of a misleading answer has the id unknown"),
        ({"data": {"intended": 2, "critiques": []}}, r"data\.intended: is 2, but the answer has 1 intended"),
        ({"data": {"intended": 1, "critiques": []}}, r"data\.critiques: are not the 2 critiques of the label"),
    ],
)
def test_checks_of_something_else_are_refused_by_line(
    change: dict[str, Any], problem: str, source: Study, author: Labeler, tmp_path: Path
) -> None:
    check_all(assignment := at_work(source, author))
    rows = list(dataset_records("intended_checks", study=assignment.slot.study.name))
    path = tmp_path / "checks.jsonl"
    jsonl.write(path, [rows[0] | change])
    with pytest.raises(BadFile, match=problem):
        import_dataset("intended_checks", path)
    assert Study.objects.filter(import_batch__isnull=False).count() == 0
