"""The life of a run: nothing asked is forgotten, nothing is stored twice, no failure is silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from assist.critics import open_critic
from assist.models import Run, RunState
from assist.runs import claim, finish, retry, store, want_runs
from assist.subjects import subject_of_answer
from assist.sweeping import overdue, sweep
from assist.tasks import process, work_on
from labeling.actions.opening import open_assignment
from labeling.actions.studies import close_study
from labeling.enums import AssignmentState, Role
from labeling.models import Assignment, AssistanceBundle, Passage, Study
from models_service.critiquing import suggestions
from models_service.engine import EngineError
from models_service.types import PAPER_TEMPERATURES, Bundle
from tests.factories import make_question, make_study, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return make_study(2, assisted=False)


def test_wants_one_run_for_each_kind_of_answer_and_not_twice(study: Study) -> None:
    assert len(want_runs(study)) == 6
    assert want_runs(study) == []


def test_a_claim_takes_all_answers_of_a_passage_and_nothing_of_another(study: Study) -> None:
    runs = want_runs(study)
    held = claim(runs[0].pk, "worker 1")
    assert held is not None
    assert len(held.runs) == 3
    assert len({run.answer.question.passage_id for run in held.runs}) == 1


def test_two_workers_never_hold_the_same_run(study: Study) -> None:
    runs = want_runs(study)
    assert claim(runs[0].pk, "worker 1") is not None
    assert claim(runs[0].pk, "worker 2") is None


def test_processing_stores_whole_bundles_and_opens_the_question(study: Study) -> None:
    for run in want_runs(study):
        process(run.pk)
    assert AssistanceBundle.objects.count() == 6
    for bundle in AssistanceBundle.objects.all():
        suggestions = list(bundle.suggestions.all())
        assert [one.temperature for one in suggestions] == list(PAPER_TEMPERATURES)
        assert bundle.model_name == "tests/scripted"
        texts = [one.critique.text for one in bundle.released()]
        assert len(texts) == len(set(texts))
        assert {one.same_as.critique.text for one in suggestions if one.same_as} <= set(texts)
    assert set(Assignment.objects.values_list("state", flat=True)) == {AssignmentState.OFFERED}
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.DONE}


def test_copies_of_a_worked_example_are_left_out_and_counted(study: Study) -> None:
    (run, *_) = want_runs(study)
    texts = ["an example", "own", "an example", "own"]
    samples = suggestions(texts, [0.0, 0.2, 0.4, 1.0], [0.9, 0.5, 0.9, 0.5], {"an example"})
    (bundle,) = open_critic(study.critic).critique([subject_of_answer(run.answer)], seed=1)
    stored = store(study.critic, run.answer, replace(bundle, suggestions=samples))
    kept = list(stored.suggestions.all())
    assert [(one.critique.text, one.temperature) for one in kept] == [("own", 0.2), ("own", 1.0)]
    assert kept[1].same_as == kept[0]
    assert stored.grouping["copied_examples"] == 2


def test_a_lost_worker_s_runs_are_taken_over_when_the_lease_is_out(study: Study) -> None:
    runs = want_runs(study)
    lost = claim(runs[0].pk, "worker 1")
    assert lost is not None
    lost.held.update(lease_until=timezone.now() - timedelta(seconds=1))
    again = claim(runs[0].pk, "worker 2")
    assert again is not None
    assert again.runs[0].attempts == 2


def test_the_late_result_of_a_worker_that_lost_its_lease_is_dropped(study: Study) -> None:
    runs = want_runs(study)
    late = claim(runs[0].pk, "worker 1")
    assert late is not None
    late.held.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert claim(runs[0].pk, "worker 2") is not None
    assert late.extend() == 0
    assert finish(late, late.runs[0], bundle_for(late.runs[0])) is None
    assert AssistanceBundle.objects.count() == 0


def bundle_for(run: Run) -> Bundle:
    return open_critic("reports").critique([subject_of_answer(run.answer)], seed=0)[0]


def test_finishing_twice_stores_one_bundle(study: Study) -> None:
    held = claim(want_runs(study)[0].pk, "worker 1")
    assert held is not None
    bundle = bundle_for(held.runs[0])
    assert finish(held, held.runs[0], bundle) is not None
    assert finish(held, held.runs[0], bundle) is None
    assert AssistanceBundle.objects.count() == 1


def test_a_run_whose_worker_dies_again_and_again_fails_with_a_reason(study: Study, settings: Settings) -> None:
    run = want_runs(study)[0]
    for _ in range(settings.RUN_MAX_ATTEMPTS):
        assert claim(run.pk, "doomed") is not None
        Run.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert claim(run.pk, "doomed") is None
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "lost 3 times" in run.error


def test_an_error_of_the_engine_stands_in_the_row_and_retry_asks_again(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = want_runs(study)[0]
    engine = open_critic("reports")
    with monkeypatch.context() as patch:

        def out_of_memory(*args: object, **kwargs: object) -> list[Bundle]:
            raise MemoryError("no room for 8 rows")

        patch.setattr(engine, "critique", out_of_memory)
        process(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.FAILED, "MemoryError: no room for 8 rows")
    assert want_runs(study) == [], "what failed is not asked for again by itself"
    assert retry(Run.objects.filter(state=RunState.FAILED)) == 3
    process(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.DONE, "")


def test_one_refused_answer_does_not_fail_its_neighbours(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    held = claim(want_runs(study)[0].pk, "worker 1")
    assert held is not None
    engine = open_critic("reports")
    honest = engine.critique

    def refuse_the_second(subjects: list[object], **kwargs: object) -> list[Bundle]:
        if any(subject == subject_of_answer(held.runs[1].answer) for subject in subjects):
            raise EngineError("The prompt has 5,000 tokens; the model reads 4,096.")
        return honest(subjects, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "critique", refuse_the_second)
    work_on(held)
    states = dict(Run.objects.filter(pk__in=[run.pk for run in held.runs]).values_list("pk", "state"))
    assert [states[run.pk] for run in held.runs] == [RunState.DONE, RunState.FAILED, RunState.DONE]
    assert "4,096" in Run.objects.get(state=RunState.FAILED).error


def test_the_sweeper_finds_what_a_lost_signal_and_a_lost_message_missed(study: Study) -> None:
    assert sweep().wanted == 6
    assert overdue() == [], "just called"
    Run.objects.update(last_enqueued_at=timezone.now() - timedelta(minutes=1))
    assert len(overdue()) == 6
    held = claim(Run.objects.all()[0].pk, "worker 1")
    assert held is not None
    assert len(overdue()) == 3
    held.held.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert len(overdue()) == 6


def test_wants_are_heard_when_a_study_opens(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[int] = []
    monkeypatch.setattr("assist.tasks.call", called.append)
    with django_capture_on_commit_callbacks(execute=True):
        make_study(2, assisted=False)
    assert len(called) == 2, "one call a passage"
    assert Run.objects.count() == 6


def test_more_answers_of_a_passage_than_fit_at_once_are_called_for_again(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    monkeypatch.setattr("assist.runs.GROUP_LIMIT", 2)
    called: list[int] = []
    monkeypatch.setattr("assist.tasks.call", called.append)
    study = make_study([make_question(0)], assisted=False)
    run = want_runs(study)[0]
    with django_capture_on_commit_callbacks(execute=True):
        process(run.pk)
    assert called
    assert Run.objects.filter(state=RunState.QUEUED).count() == 1
    assert Passage.objects.count() == 1


def test_what_is_no_critique_is_kept_counted_and_shown_to_nobody(
    study: Study, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["", "The year is wrong.", "leavesgogogogogogo", "", "It says 1882, not 1872.", "?", "x", "y"]
    monkeypatch.setattr(open_critic("reports"), "_script", lambda subject, seed, index, temperature: texts[index])
    for run in want_runs(study):
        process(run.pk)
    bundle = AssistanceBundle.objects.first()
    assert bundle is not None
    assert [one.critique.text for one in bundle.suggestions.all()] == texts
    good = {"The year is wrong.", "It says 1882, not 1872.", "x", "y"}
    assert {one.critique.text for one in bundle.shown()} == good
    slot = study.slots.filter(assisted=True).first()
    assert slot is not None
    assignment = open_assignment(slot.assignments.get())
    assert assignment is not None
    assert {one.suggestion.critique.text for one in assignment.shown_suggestions.all()} == good
    client.force_login(make_user("admin", Role.ADMIN))
    page = client.get(reverse("assist:runs", args=[study.public_id])).content.decode()
    assert "<dt>Suggestions that are no critiques, not shown</dt><dd>24</dd>" in page


def test_closing_a_study_takes_back_what_waits_and_nobody_else_wants(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    study = make_study(3, assisted=False)
    shared = study.study_questions.all()[0].question
    other = make_study([shared], labelers=0, assisted=False, name="Also about the first harbour")
    held = claim(want_runs(study)[-1].pk, "worker 1")
    assert held is not None
    assert want_runs(other) == [], "the same critic was asked already"
    with django_capture_on_commit_callbacks(execute=True):
        close_study(study)
    waiting = Run.objects.filter(state=RunState.QUEUED)
    assert {run.answer.question for run in waiting} == {shared}, "the other study still wants these"
    assert held.held.count() == 3, "what a worker is on is finished"
    assert finish(held, held.runs[0], _bundle_of(held.runs[0])) is not None


def test_the_sweeper_takes_back_what_a_closed_study_waits_for(study: Study) -> None:
    run = want_runs(study)[0]
    lost = claim(run.pk, "worker 1")
    assert lost is not None
    lost.held.update(lease_until=timezone.now() - timedelta(seconds=1))
    close_study(study)
    assert sweep().cancelled == 6, "those of the lost worker too"
    process(run.pk)
    assert not AssistanceBundle.objects.exists()


def _bundle_of(run: Run) -> Bundle:
    return open_critic(run.critic).critique([subject_of_answer(run.answer)], seed=run.seed)[0]
