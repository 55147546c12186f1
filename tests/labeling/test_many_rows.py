"""Thousands of passages, questions and cells: a bounded number of queries a batch, whole or continued."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assist.models import Run
from assist.runs import want_runs
from labeling.actions import dealing, exposures, studies
from labeling.actions.assisting import offer_complete_questions
from labeling.actions.dealing import deal_study
from labeling.actions.studies import add_questions, create_study, open_study
from labeling.enums import Activity, AnswerKind, AssignmentState, EventKind
from labeling.exchange import upload_rows
from labeling.exchange.uploads import Report, UploadProblems, add_passages
from labeling.models import Answer, Assignment, Event, Exposure, IntendedCritique, Passage, Question, Study
from labeling.refusals import Refused
from tests.factories import make_author, make_labelers, make_question

pytestmark = pytest.mark.django_db


def upload(count: int, *, start: int = 0) -> Report:
    """Passages with a question of three answers each."""
    lines = [
        {
            "text": f"Report {number}. The ship left at dawn.",
            "author": "marit",
            "questions": [
                {
                    "question": f"When did it leave, in report {number}?",
                    "human_answer": "At dawn.",
                    "misleading_answer": "At noon.",
                    "intended_critiques": [{"text": "At dawn.", "category": "accuracy", "severity": 3}],
                    "model_answer": {"text": "Early."},
                }
            ],
        }
        for number in range(start, start + count)
    ]
    return add_passages(io.BytesIO(b"\n".join(json.dumps(line).encode() for line in lines)), "reports.jsonl")


def queries(step: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        step()
    return len(captured)


def new_study(labelers: int = 6, **options: Any) -> Study:
    return create_study(name="Reports", critic="reports", labelers=make_labelers(labelers), **options)


#: SQLite takes so many values a statement, so that a batch is a few statements more than one row is.
A_FEW = 25


def test_an_upload_of_a_batch_costs_hardly_more_queries_than_one_passage() -> None:
    make_author("marit")
    assert queries(lambda: upload(1)) <= queries(lambda: upload(45, start=100)) <= queries(lambda: upload(1)) + A_FEW
    assert queries(lambda: upload(45, start=100)) <= A_FEW, "all of it is here"


def test_adding_opening_and_dealing_a_batch_costs_hardly_more_queries_than_one_question() -> None:
    upload(100)
    costs = {}
    for count in (1, 45):
        study = create_study(name=f"{count} questions", critic="reports", activities={Activity.REFINING: 2})
        study.labelers.set(make_labelers(6, f"of-{count}-"))
        steps = [
            partial(add_questions, study, Question.objects.order_by("pk")[:count]),
            partial(open_study, study),
            partial(deal_study, study),
        ]
        costs[count] = [queries(step) for step in steps]
        assert study.slots.count() == count * (6 + 2)
    for one, many in zip(costs[1], costs[45], strict=True):
        assert many <= one + A_FEW


def test_opening_a_study_of_many_questions_asks_for_all_and_calls_for_some(monkeypatch: pytest.MonkeyPatch) -> None:
    from assist import tasks

    monkeypatch.setattr(tasks, "CALLED_AT_ONCE", 6)
    upload(10)
    study = new_study()
    add_questions(study, Question.objects.all())
    open_study(study)
    assert len(runs := want_runs(study)) == 30
    assert tasks.enqueue(runs) == 2, "two passages of three answers"
    assert Run.objects.filter(last_enqueued_at=None).count() == 24


def fails_at_call(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, call: int) -> None:
    """The machine fails in the middle of a batch."""
    calls, real = iter(range(1, 1000)), getattr(owner, name)

    def failing(*arguments: Any) -> Any:
        done = real(*arguments)
        if next(calls) == call:
            raise RuntimeError("the machine failed")
        return done

    monkeypatch.setattr(owner, name, failing)


#: PostgreSQL keeps nothing of what was cut short; SQLite, with its one writer, the whole batches.
ONE_TRANSACTION = connection.features.has_select_for_update


@pytest.mark.django_db(transaction=True)
def test_an_upload_cut_short_kept_whole_passages_and_the_same_file_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    fails_at_call(monkeypatch, upload_rows._Batch, "store", call=3)
    with pytest.raises(RuntimeError):
        upload(120)
    kept = Passage.objects.count()
    assert kept == 0 if ONE_TRANSACTION else 0 < kept < 120
    assert Answer.objects.count() == 3 * kept
    assert Exposure.objects.count() == IntendedCritique.objects.count() == kept
    monkeypatch.undo()
    assert upload(120).new_passages == 120 - kept
    assert Answer.objects.count() == 360


@pytest.mark.django_db(transaction=True)
def test_adding_questions_cut_short_kept_whole_cells_and_asked_again_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    upload(230)
    study = new_study()
    fails_at_call(monkeypatch, studies, "_make_cells", call=3)
    with pytest.raises(RuntimeError):
        add_questions(study, Question.objects.all())
    kept = study.study_questions.count()
    assert kept == (0 if ONE_TRANSACTION else 100)
    assert study.slots.count() == 6 * kept
    monkeypatch.undo()
    assert add_questions(study, Question.objects.all()) == 230 - kept
    assert list(study.study_questions.values_list("position", flat=True)) == list(range(230))
    assert study.slots.count() == 6 * 230


@pytest.mark.django_db(transaction=True)
def test_dealing_cut_short_dealt_each_cell_once_and_asked_again_deals_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    upload(100)
    study = new_study(conditions=[(AnswerKind.HUMAN, False), (AnswerKind.MODEL, False)])
    add_questions(study, Question.objects.all())
    monkeypatch.setattr(dealing, "CELLS_A_BATCH", 50)
    fails_at_call(monkeypatch, dealing, "_assignments", call=3)
    with pytest.raises(RuntimeError):
        deal_study(study)
    assert Assignment.objects.count() == 100, "others see a dealing batch by batch, on any database"
    monkeypatch.undo()
    assert deal_study(study).dealt == 100
    assert sum(Event.objects.filter(kind=EventKind.DEALT).values_list("value", flat=True)) == 200


def test_questions_without_the_answers_a_study_needs_are_refused_before_any_is_added() -> None:
    upload(120)
    lacking = make_question(1)
    lacking.answers.filter(kind=AnswerKind.MODEL).delete()
    study = new_study()
    with pytest.raises(Refused, match="no answer of kind Model"):
        add_questions(study, Question.objects.order_by("pk"))
    assert not study.study_questions.exists()


def test_a_conflict_late_in_a_file_stores_nothing_of_it() -> None:
    lines = [{"text": f"Text {number}."} for number in range(150)]
    lines += [{"text": "One.", "id": "same"}, {"text": "Another.", "id": "same"}, {"text": "Text 3.", "title": "New"}]
    with pytest.raises(UploadProblems) as refused:
        add_passages(io.BytesIO(b"\n".join(json.dumps(line).encode() for line in lines)), "rows.jsonl")
    assert refused.value.lines == [
        "rows.jsonl:152: id: 'same' is the id of another text already",
        "rows.jsonl:153: title: this text is here already, with the title None",
    ]
    assert not Passage.objects.exists()


def test_a_cell_taken_or_a_text_met_while_a_dealing_goes_on_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    upload(4)
    study = new_study(conditions=[(AnswerKind.HUMAN, False)], labelers=2)
    add_questions(study, Question.objects.all())
    taken, met = study.slots.select_related("passage")[:2]
    designed = dealing.make_design

    def meanwhile(*arguments: Any) -> Any:
        design = designed(*arguments)
        (quick,) = make_labelers(1, "quick")
        study.labelers.add(quick)
        dealing.offer(taken, quick)
        for labeler in study.labelers.all():
            exposures.expose(labeler, met.passage, Activity.ANSWERING)
        return design

    monkeypatch.setattr(dealing, "make_design", meanwhile)
    report = deal_study(study)
    assert (report.dealt, report.undealt) == (2, 2)
    assert str(taken.assignments.live().get().labeler) == "quick1"
    assert not met.assignments.exists()


def test_questions_open_once_each_with_an_event() -> None:
    upload(130)
    study = new_study(conditions=[(AnswerKind.HUMAN, False)])
    add_questions(study, Question.objects.all())
    deal_study(study)
    open_study(study)
    assert Assignment.objects.filter(state=AssignmentState.OFFERED).count() == 130
    ready = Event.objects.filter(kind=EventKind.QUESTION_READY, study=study)
    assert list(ready.values_list("value", flat=True)) == list(range(130))
    assert offer_complete_questions(study) == 0


def test_lists_of_passages_know_title_beginning_and_words_without_the_text() -> None:
    Passage.objects.create(text="  One two\nthree " + "x" * 100)
    passage = Passage.objects.defer("text").get()
    with CaptureQueriesContext(connection) as captured:
        assert str(passage) == "One two\nthree " + "x" * 44 + "…"
        assert passage.word_count == 4
    assert not captured.captured_queries
