"""One study's error never stops another's sweep, and it is told."""

from __future__ import annotations

import logging

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from assist import sweeping
from assist.models import Run
from assist.sweeping import Swept, sweep
from labeling.models import Study
from tests.factories import make_question, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def studies(monkeypatch: pytest.MonkeyPatch) -> list[Study]:
    """Three studies that lack suggestions; sweeping the second of them fails."""
    made = [make_study([make_question(n)], labelers=0, assisted=False, name=f"Study {n}") for n in range(3)]
    honest = sweeping.release_left

    def release_left(study: Study) -> int:
        if study == made[1]:
            raise OverflowError("date value out of range")
        return honest(study)

    monkeypatch.setattr(sweeping, "release_left", release_left)
    return made


def test_the_other_studies_are_swept_and_the_log_names_the_one(
    studies: list[Study], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert sweep() == Swept(wanted=6, called=3, failed=1)
    assert {run.answer.question.passage_id for run in Run.objects.all()} == {
        question.question.passage_id for study in studies for question in study.study_questions.all()
    }
    (said,) = caplog.records
    assert "“Study 1”" in said.getMessage()
    assert said.exc_info is not None


def test_the_command_says_so_and_ends_as_a_failure(studies: list[Study], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="1 studies could not be swept"):
        call_command("sweep")
    assert "failed=1" in capsys.readouterr().out


def test_a_lost_database_stops_the_sweep_at_once(studies: list[Study], monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(study: Study) -> int:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(sweeping, "release_left", lost)
    with pytest.raises(OperationalError):
        sweep()


@pytest.mark.parametrize("every", ["-1", "nan", "inf", "1e300", "often"])
def test_a_time_between_sweeps_that_is_none_is_refused(every: str) -> None:
    with pytest.raises(CommandError, match="--every"):
        call_command("sweep", f"--every={every}")
