"""Judging critiques: whatever a judge clicks, what is handed in keeps the rules; and judges are blind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from findings import jsonl, records
from findings.human_study.verdicts import follows_the_form
from findings.records import HelpfulnessRecord
from labeling.actions import judging
from labeling.enums import AnswerKind, AssignmentState, CritiqueOrigin
from labeling.exchange.kinds import dataset_records, export_dataset, import_dataset
from labeling.models import (
    Answer,
    Assignment,
    BetterCritique,
    Critique,
    HelpfulnessJudgement,
    JudgedQuestion,
    Labeler,
    Sitting,
)
from labeling.refusals import Gone, Refused, Stale
from labeling.rules import helpfulness as rules
from labeling.rules.helpfulness import Asks, Judged, NewCritique, Verdict
from tests.factories import SAMPLES, make_labelers
from tests.labeling.crawling import Crawler
from tests.labeling.released_rows import with_fresh_ids
from tests.labeling.rounds import Desk, begun, finished_study

pytestmark = pytest.mark.django_db
in_database = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
EVERYTHING = Asks(clearly_helpful=True, severity=True)
NEW = NewCritique("It was a mill.", "accuracy", "", 3)


def helpful(tier: int | None = None) -> Verdict:
    return Verdict(True, True, 2, tier)


UNHELPFUL = Verdict(False)
asks = st.builds(Asks, st.booleans(), st.booleans())


def a_round(people: int = 1, asks: Asks = EVERYTHING) -> list[Assignment]:
    """Judges at work over the suggestions that a study showed."""
    return begun(judging.judge_shown(finished_study(), labelers_each=people, asks=asks), people)


def parts_of(assignment: Assignment) -> list[JudgedQuestion]:
    return list(judging.prepare(assignment).judged_questions.order_by("position"))


def judge(assignment: Assignment, judged: JudgedQuestion, said: Judged) -> JudgedQuestion:
    judged.refresh_from_db()
    return judging.judge(labeler=assignment.labeler, judged=judged, base_revision=judged.revision, said=said)


def complete(assignment: Assignment) -> list[JudgedQuestion]:
    """Judge everything: the first two critiques of each answer helpful, the first one better."""
    parts = parts_of(assignment)
    for part in parts:
        rest = (UNHELPFUL,) * (part.judgements.count() - 2)
        judge(assignment, part, Judged((helpful(0), helpful(2), *rest), True, None, NEW))
    return parts


def test_every_suggestion_that_was_shown_is_sent_to_judging_used_or_not() -> None:
    study = finished_study()
    round_ = judging.judge_shown(study)
    asked = Critique.objects.filter(to_judge__answer_to_judge__study=round_)
    first_occurrences = sorted({sample.text for sample in SAMPLES})
    for answer in Answer.objects.filter(slots__study=study, slots__assisted=True).distinct():
        in_order = asked.filter(answer=answer).order_by("to_judge__position").values_list("text", flat=True)
        assert list(in_order) == [sample.text for sample in SAMPLES if sample.same_as is None]
        assert sorted(in_order) == first_occurrences
    assert asked.exclude(origin=CritiqueOrigin.MODEL).count() == 0
    judging.judge_shown(study)
    assert asked.count() == 3 * len(first_occurrences)


def test_more_judges_can_be_asked_for_later() -> None:
    study = finished_study()
    assert judging.judge_shown(study, labelers_each=1).slots.count() == 1
    assert judging.judge_shown(study, labelers_each=3).slots.count() == 3


def test_a_study_that_showed_nothing_has_nothing_to_judge() -> None:
    study = finished_study()
    Assignment.objects.update(bundle=None)
    with pytest.raises(Refused, match="has shown no suggestions yet"):
        judging.judge_shown(study)


def test_nobody_judges_a_text_they_have_met() -> None:
    study = finished_study()
    round_ = judging.judge_shown(study)
    met = list(study.labelers.all())
    (fresh,) = make_labelers(1, prefix="fresh")
    (assignment,) = [one for one in begun_with(round_, [*met, fresh]) if one is not None]
    assert assignment.labeler == fresh


def begun_with(round_: Any, people: list[Labeler]) -> list[Assignment | None]:
    from labeling.actions.dealing import deal_study
    from labeling.actions.opening import open_next
    from labeling.actions.studies import open_study

    round_.labelers.set(people)
    open_study(round_)
    deal_study(round_)
    return [open_next(person) for person in people]


def test_critiques_are_stored_as_sampled_and_shown_in_an_order_of_each_judges_own() -> None:
    orders = set()
    for assignment in a_round(people=4):
        for part in parts_of(assignment):
            rows = list(part.judgements.order_by("position"))
            sampled = [sample.text for sample in SAMPLES if sample.same_as is None]
            assert [row.critique.text for row in rows] == sampled
            places = tuple(row.shown_position for row in rows)
            assert sorted(places) == list(range(len(rows)))
            orders.add(places)
        page = Desk(assignment).page()
        for part in parts_of(assignment):
            texts = [row.critique.text for row in judging.shown(part)]
            form = page[page.index(f'id="part-{part.client_key}"') :]
            at = [form.index(text.replace("'", "&#x27;")) for text in texts]
            assert at == sorted(at)
    assert len(orders) > 1


def test_a_reload_shows_what_was_said() -> None:
    (assignment,) = a_round()
    desk = Desk(assignment)
    desk.page()
    (part, *_) = parts_of(assignment)
    answer = desk.save(part, 0, **{"helpful-1": "yes", "severity-1": "3", "clearly-1": "no", "helpful-2": "no"})
    assert answer.status_code == 200
    (row, other, *_) = judging.shown(part)
    assert (row.helpful, row.severity, row.clearly_helpful, other.helpful) == (True, 3, False, False)
    form = desk.page().split(f'id="part-{part.client_key}"')[1].split("</form>")[0]
    assert form.count(" checked") == 4


def test_another_tab_is_told_and_a_repeated_save_is_not() -> None:
    (assignment,) = a_round()
    (part, *_) = parts_of(assignment)
    desk = Desk(assignment)
    assert desk.save(part, 0, **{"helpful-1": "yes"}).status_code == 200
    assert desk.save(part, 0, **{"helpful-1": "yes"}).status_code == 200  # its answer was lost on the way
    stale = desk.save(part, 0, **{"helpful-1": "no"})
    assert stale.status_code == 409
    assert "1: helpful" in stale.content.decode()
    part.refresh_from_db()
    assert part.revision == 1


click = st.one_of(
    st.tuples(st.just("helpful"), st.integers(0, 4), st.booleans()),
    st.tuples(st.just("clearly"), st.integers(0, 4), st.booleans()),
    st.tuples(st.just("severity"), st.integers(0, 4), st.integers(1, 4)),
    st.tuples(st.just("tier"), st.integers(0, 4), st.integers(0, 4)),
    st.tuples(st.just("better"), st.just(0), st.booleans()),
    st.tuples(st.just("critiqueable"), st.just(0), st.booleans()),
    st.tuples(st.just("new"), st.just(0), st.sampled_from(["", "A flaw."])),
)


def form_after(clicks: list[tuple[str, int, Any]]) -> dict[str, Any]:
    """All that a page without a memory for the void would send: every answer ever clicked, latest first."""
    values: dict[str, Any] = {}
    for what, place, value in clicks:
        said = ("yes" if value else "no") if isinstance(value, bool) else value
        if what == "new":
            values |= {"text": said, "category": "coverage", "severity": 1}
        else:
            values[what if what in {"better", "critiqueable"} else f"{what}-{place + 1}"] = said
    return values


@in_database
@given(clicks=st.lists(click, max_size=30), asks=asks)
def test_whatever_is_clicked_what_is_stored_and_handed_in_keeps_the_rules(
    clicks: list[tuple[str, int, Any]], asks: Asks
) -> None:
    """The released data has 46 questions with stale answers; ours has none."""
    assignment = Assignment.objects.filter(slot__activity="judging").first() or a_round(asks=asks)[0]
    assignment.slot.study.activities.update(options=vars(asks))
    Assignment.objects.filter(pk=assignment.pk).update(state=AssignmentState.OPENED, closed_at=None)
    JudgedQuestion.objects.all().delete()
    Sitting.objects.filter(activity="judging").update(submitted_at=None, time=None)
    desk, parts = Desk(assignment), parts_of(assignment)
    for step in range(0, len(clicks) + 1, 5):
        judged = parts[0]
        judged.refresh_from_db()
        assert desk.save(judged, judged.revision, **form_after(clicks[:step])).status_code == 200
        stored = judging.stored(JudgedQuestion.objects.get(pk=judged.pk))
        assert rules.settled(stored, asks) == stored
    for part in parts[1:]:
        judge(assignment, part, Judged((UNHELPFUL,) * part.judgements.count(), None, False))
    lacking = rules.missing(judging.stored(JudgedQuestion.objects.get(pk=parts[0].pk)), asks)
    assert desk.submit().status_code == (200 if lacking is None else 422)
    for row in dataset_records("helpfulness", study=assignment.slot.study.name):
        assert lacking is None
        assert all(follows_the_form(question) for question in row["data"]["questions"])


def test_a_critique_of_ones_own_that_became_void_is_forgotten() -> None:
    (assignment,) = a_round()
    (part, *_) = parts_of(assignment)
    count = part.judgements.count()
    judge(assignment, part, Judged((UNHELPFUL,) * count, None, True, NEW))
    assert BetterCritique.objects.get().critique.text == NEW.text
    judge(assignment, part, Judged((helpful(), *(UNHELPFUL,) * (count - 1)), None, True, NEW))
    assert not BetterCritique.objects.exists()
    assert not Critique.objects.filter(text=NEW.text).exists()


def test_an_incomplete_sitting_is_refused_with_the_place() -> None:
    (assignment,) = a_round()
    parts = parts_of(assignment)
    with pytest.raises(Refused, match=r"Answer 1: critique 1: say whether it is helpful") as refused:
        judging.submit(labeler=assignment.labeler, assignment=assignment)
    assert refused.value.field == str(parts[0].client_key)


def test_ten_submissions_make_one_record_and_nothing_can_be_changed_after() -> None:
    (assignment,) = a_round()
    (part, *_) = complete(assignment)
    first = judging.submit(labeler=assignment.labeler, assignment=assignment)
    for _ in range(9):
        assert judging.submit(labeler=assignment.labeler, assignment=assignment).submitted_at == first.submitted_at
    assert assignment.events.filter(kind="submitted").count() == 1
    with pytest.raises(Gone):
        judge(assignment, part, Judged((UNHELPFUL,) * part.judgements.count(), None, False))
    assert "Submitted" in Desk(assignment).page()


def test_a_page_that_shows_something_older_hands_nothing_in() -> None:
    (assignment,) = a_round()
    parts = complete(assignment)
    old = {part.client_key: 0 for part in parts}
    with pytest.raises(Stale):
        judging.submit(labeler=assignment.labeler, assignment=assignment, seen=old)
    now = {part.client_key: 1 for part in parts}
    judging.submit(labeler=assignment.labeler, assignment=assignment, seen=now)


def test_another_judges_pages_do_not_exist() -> None:
    mine, theirs = a_round(people=2)
    (part, *_) = parts_of(theirs)
    desk = Desk(mine)
    desk.assignment = theirs
    assert desk.client.get(theirs.get_absolute_url()).status_code == 404
    assert desk.save(part, 0, **{"helpful-1": "yes"}).status_code == 404
    assert desk.submit().status_code == 404
    desk.assignment = mine
    assert desk.save(part, 0, **{"helpful-1": "yes"}).status_code == 404
    assert not HelpfulnessJudgement.objects.filter(helpful=True).exists()


#: Nothing of where a critique or an answer comes from, what the model thought of it, or who used it.
TELLING = ["0.81", "0.92", "0.35", "Human", "Misleading", "misleading", "assist", "uggestion", "score", "tests/tiny"]


def test_judges_learn_nothing_of_conditions_authors_scores_ranks_or_use() -> None:
    (assignment,) = a_round()
    parts_of(assignment)
    intended = Critique.objects.filter(intended__isnull=False).values_list("text", flat=True)
    written = Critique.objects.filter(origin=CritiqueOrigin.LABELER).values_list("text", flat=True)
    shown = set(Critique.objects.filter(to_judge__isnull=False).values_list("text", flat=True))
    secret = [*TELLING, *intended, *(set(written) - shown), "author", *(f"labeler{n}" for n in range(1, 7))]
    crawler = Crawler(Desk(assignment).client)
    crawler.crawl(assignment.get_absolute_url())
    crawler.finish(assignment.get_absolute_url())
    assert any("/parts/" in one.address for one in crawler.seen)
    pages = [one for one in crawler.seen if "/static/" not in one.address]
    assert [(text, one.address) for one in pages for text in secret if text in one.everything()] == []


def test_the_order_of_answers_tells_no_kind() -> None:
    firsts = {parts_of(assignment)[0].answer.kind for assignment in a_round(people=8)}
    assert len(firsts) > 1
    assert firsts <= set(AnswerKind.values)


# -- files ----------------------------------------------------------------------------------------------


def test_our_judgements_leave_as_helpfulness_rows_and_come_back_the_same(tmp_path: Path) -> None:
    assignments = a_round(people=2)
    study = assignments[0].slot.study
    for assignment in assignments:
        complete(assignment)
        judging.submit(labeler=assignment.labeler, assignment=assignment)
    path = tmp_path / "helpfulness.jsonl"
    assert export_dataset("helpfulness", path, study=study.name) == 2
    rows: list[HelpfulnessRecord] = list(records.read(records.HELPFULNESS, path))
    for row in rows:
        assert len(row["data"]["questions"]) == 3
        for question in row["data"]["questions"]:
            assert follows_the_form(question)
            assert question["new_critique"] is not None
            assert sum(rank is not None for rank in question["rankings"]) == 2
    elsewhere = with_fresh_ids(path)
    report = import_dataset("helpfulness", path)
    again = tmp_path / "again.jsonl"
    export_dataset("helpfulness", again, study=report.study.name)
    assert [line.value for line in jsonl.read(again)] == elsewhere


def test_drafts_are_not_exported() -> None:
    (assignment,) = a_round()
    complete(assignment)
    assert list(dataset_records("helpfulness", study=assignment.slot.study.name)) == []


def test_judgements_tell_what_helpfulness_rows_have_no_place_for() -> None:
    (assignment,) = a_round()
    complete(assignment)
    judging.submit(labeler=assignment.labeler, assignment=assignment)
    rows = list(dataset_records("judgements", study=assignment.slot.study.name))
    assert len(rows) == 3
    verdicts = [verdict for row in rows for verdict in row["data"]["critiques"]]
    assert {verdict["critic"] for verdict in verdicts} == {"tests/tiny"}
    assert all((verdict["severity"] == 2) == verdict["helpful"] for verdict in verdicts)
    assert all((verdict["clearly_helpful"] is True) == verdict["helpful"] for verdict in verdicts)
    released = [sample for sample in SAMPLES if sample.same_as is None]
    for row in rows:
        assert [verdict["score"] for verdict in row["data"]["critiques"]] == [one.helpfulness for one in released]
        for index, verdict in enumerate(row["data"]["critiques"]):
            (label,) = verdict["shown_as"]
            assert label["assistance_critique"] == index
