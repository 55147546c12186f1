"""Misconfiguration is told with what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.checks import run_checks

GOOD = {
    "PRODUCTION": True,
    "SECRET_KEY": "k" * 60,
    "PSEUDONYM_SALT": "s" * 60,
    "CELERY_BROKER_URL": "redis://redis:6379/0",
    "CRITICS": {"reports": {"model": "a-hub/name"}},
    "DEFAULT_CRITIC": "reports",
}


@pytest.fixture(autouse=True)
def on_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(site.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")


def told(settings: Any, **changes: Any) -> dict[str, str]:
    """The ids of our checks, and what they say, with some settings changed."""
    for name, value in (GOOD | changes).items():
        setattr(settings, name, value)
    messages = run_checks(app_configs=None)
    return {message.id: message.msg for message in messages if str(message.id).startswith("assist.")}


def test_a_site_that_is_set_up_well_is_told_nothing(settings: Any) -> None:
    assert told(settings) == {}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"DEFAULT_CRITIC": "another"}, "assist.E001"),
        ({"CRITICS": {"reports": {"modle": "a-hub/name"}}}, "assist.E002"),
        ({"CRITICS": {"reports": {"model": "m", "engine": "lokal"}}}, "assist.E002"),
        ({"CRITICS": {"reports": {"model": "m", "engine": "remote"}}}, "assist.E003"),
        ({"PSEUDONYM_SALT": "k" * 60}, "assist.E004"),
        ({"PSEUDONYM_SALT": "short"}, "assist.E005"),
        ({"CRITICS": {"reports": {"model": "./nowhere"}}}, "assist.W001"),
        ({"CELERY_BROKER_URL": "filesystem://localhost"}, "assist.W003"),
    ],
)
def test_each_mistake_is_told_by_name(settings: Any, changes: dict[str, Any], expected: str) -> None:
    assert list(told(settings, **changes)) == [expected]


def test_sqlite_lets_one_labeler_write_at_a_time(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(site.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert list(told(settings)) == ["assist.W002"]


def test_a_demos_own_secrets_are_no_secrets_of_a_site(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("k" * 60)
    assert list(told(settings, VAR_DIR=tmp_path)) == ["assist.E006"]


def test_a_checkout_may_be_a_demo(settings: Any) -> None:
    assert told(settings, PRODUCTION=False, CELERY_BROKER_URL="filesystem://localhost", PSEUDONYM_SALT="short") == {}
