"""Trying a critic: a page asks, a worker answers, no study and no labeler has anything of it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from assist.critics import open_critic
from assist.models import LONGEST_ANSWER, LONGEST_PASSAGE, LONGEST_QUESTION, Run, RunState, Trial
from assist.sweeping import sweep
from assist.tasks import process, try_critic
from assist.trials import Abandoned, ask
from labeling.enums import Role
from labeling.models import Answer, AssistanceBundle, Passage, User
from models_service.engine import EngineError
from models_service.types import PAPER_TEMPERATURES, Bundle
from tests.factories import make_user

pytestmark = pytest.mark.django_db

TEXTS = {"passage": "The ferry left at nine.", "question": "When did the ferry leave?", "answer": "It left at ten."}
PAGE = "/studies/critics/try/"


@pytest.fixture(autouse=True)
def nobody_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(try_critic, "apply_async", lambda *args, **options: None)


@pytest.fixture
def user() -> User:
    return make_user("researcher", Role.RESEARCHER)


@pytest.fixture
def client(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_what_is_pasted_is_answered_with_eight_suggestions_scores_and_the_time(client: Client) -> None:
    assert client.post(PAGE, {"critic": "reports", **TEXTS}).status_code == 302
    waiting = client.get(PAGE).content.decode()
    assert "Waiting for the worker" in waiting
    assert 'hx-get="/studies/critics/try/said/"' in waiting
    try_critic()
    said = client.get(PAGE).content.decode()
    assert len(re.findall(r"temperature \d\.\d", said)) == len(PAPER_TEMPERATURES)
    scores = [float(score) for score in re.findall(r"Score (\d\.\d+)", said)]
    shown = scores[: len(scores) - said.count("Said before: shown once")]
    assert shown == sorted(shown, reverse=True), "those that labelers would see come first, in their order"
    assert said.count("Said before: shown once") > 0, "the greedy text comes again"
    assert "<dt>Seconds</dt>" in said
    assert 'hx-trigger="every' not in client.get(f"{PAGE}said/").content.decode(), "it is asked for no more"
    assert "The ferry left at nine." in said, "the texts stay, to be changed and tried again"


def test_nothing_of_it_enters_a_study(user: User) -> None:
    ask(user, critic="reports", **TEXTS)
    try_critic()
    assert Trial.objects.get().state == RunState.DONE
    for table in (Passage, Answer, AssistanceBundle, Run):
        assert not table.objects.exists()


@pytest.mark.parametrize("page", [PAGE, f"{PAGE}said/"])
def test_no_labeler_reaches_it(page: str) -> None:
    client = Client()
    client.force_login(make_user("labeler"), backend="django.contrib.auth.backends.ModelBackend")
    for answer in (client.get(page), client.post(page, {"critic": "reports", **TEXTS})):
        assert answer.status_code in {403, 405}
    assert not Trial.objects.exists()


def test_one_s_trial_is_one_s_own(client: Client) -> None:
    ask(make_user("admin", Role.ADMIN), critic="reports", **TEXTS | {"passage": "A secret."})
    assert "A secret." not in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("field", "longest"), [("passage", LONGEST_PASSAGE), ("question", LONGEST_QUESTION), ("answer", LONGEST_ANSWER)]
)
def test_longer_texts_are_refused_by_the_form_and_by_the_database(
    client: Client, user: User, field: str, longest: int
) -> None:
    at_most = TEXTS | {field: "é" * longest}
    assert client.post(PAGE, {"critic": "reports", **at_most}).status_code == 302
    answer = client.post(PAGE, {"critic": "reports", **at_most, field: "é" * (longest + 1)})
    assert answer.status_code == 422
    assert f"{longest}" in answer.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        ask(user, critic="reports", **TEXTS | {field: "é" * (longest + 1)})
    assert Trial.objects.get().state == RunState.QUEUED, "the last trial is still there"


@pytest.mark.parametrize("missing", ["critic", "passage", "question", "answer"])
def test_what_is_missing_or_unknown_is_told(client: Client, missing: str) -> None:
    assert client.post(PAGE, {"critic": "reports", **TEXTS, missing: ""}).status_code == 422
    assert client.post(PAGE, {"critic": "nobody", **TEXTS}).status_code == 422
    assert not Trial.objects.exists()


def test_a_refusal_of_the_engine_is_shown_as_it_is(client: Client, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> list[Bundle]:
        raise EngineError("the adapter needs its base, x.gguf")

    monkeypatch.setattr(open_critic("reports"), "critique", refuse)
    ask(user, critic="reports", **TEXTS)
    try_critic()
    assert "the adapter needs its base, x.gguf" in client.get(PAGE).content.decode()


def test_a_new_trial_takes_the_last_one_s_place_and_what_was_begun_is_dropped(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    critic = open_critic("reports")
    honest = critic.critique

    def while_it_reads(subjects: Any, **kwargs: Any) -> list[Bundle]:
        if subjects[0].answer == TEXTS["answer"]:
            ask(user, critic="reports", **TEXTS | {"answer": "Noon."})
        with pytest.raises(Abandoned) if subjects[0].answer == TEXTS["answer"] else transaction.atomic():
            kwargs["progress"](0, 8)
        return honest(subjects, **kwargs)

    monkeypatch.setattr(critic, "critique", while_it_reads)
    ask(user, critic="reports", **TEXTS)
    try_critic()
    trial = Trial.objects.get()
    assert (trial.answer, trial.state) == ("Noon.", RunState.QUEUED)
    try_critic()
    trial.refresh_from_db()
    assert trial.state == RunState.DONE
    assert "“Noon.”" in trial.said["suggestions"][0]["text"]


def test_how_far_it_is_can_be_seen_while_it_runs(client: Client, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    critic = open_critic("reports")
    honest = critic.critique
    seen: list[str] = []

    def while_it_reads(subjects: Any, **kwargs: Any) -> list[Bundle]:
        kwargs["progress"](3, 8)
        seen.append(client.get(f"{PAGE}said/").content.decode())
        return honest(subjects, **kwargs)

    monkeypatch.setattr(critic, "critique", while_it_reads)
    ask(user, critic="reports", **TEXTS)
    try_critic()
    assert "3 of 8" in seen[0]


def test_a_worker_at_a_study_s_runs_does_the_trials_first(user: User) -> None:
    ask(user, critic="reports", **TEXTS)
    process(0)
    assert Trial.objects.get().state == RunState.DONE


def test_the_sweeper_calls_for_what_waits_and_tells_of_lost_workers(user: User, client: Client) -> None:
    trial = ask(user, critic="reports", **TEXTS)
    sweep()
    trial.refresh_from_db()
    assert trial.last_enqueued_at is not None
    Trial.objects.update(state=RunState.RUNNING, lease_until=timezone.now() - timedelta(seconds=1))
    sweep()
    assert "The worker was lost" in client.get(PAGE).content.decode()


def test_the_database_refuses_a_trial_that_is_done_without_a_bundle_or_failed_without_a_reason(user: User) -> None:
    ask(user, critic="reports", **TEXTS)
    for state in (RunState.DONE, RunState.FAILED, "tired"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Trial.objects.update(state=state)
