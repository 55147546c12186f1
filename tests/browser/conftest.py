"""A real Chromium before a real server. Whatever the browser complains of fails the test that caused it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from labeling.models import User

# Playwright runs an event loop beside the tests, and Django would refuse them the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

#: For what should happen at once, on a machine that may be busy.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)
#: What is no fault of a page: the lines for a refusal or a lost network that a test asked for.
EXPECTED = ("Failed to load resource", "htmx: htmx:error: Failed to fetch", "htmx: htmx:error: timeout")


@pytest.fixture(autouse=True)
def _database(transactional_db: None) -> None:
    """The server's threads see what a test has committed, and only that."""


class Visit:
    """A browser profile of one person, and what its pages complained of."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url = context, url
        self.complaints: list[str] = []

    def page(self, path: str = "/") -> Page:
        page = self.context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.url + path)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(EXPECTED):
            self.complaints.append(message.text)

    def sign_in(self, user: User) -> None:
        """A session as signing in makes it."""
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        assert session.session_key is not None
        self.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": self.url}]
        )


@pytest.fixture
def visit(browser: Browser, live_server: object) -> Iterator[Callable[..., Visit]]:
    """`visit()` opens a fresh profile; `visit(user)` one that is signed in. Options are a browser context's."""
    visits: list[Visit] = []

    def start(user: User | None = None, **options: object) -> Visit:
        options = {"viewport": {"width": 1440, "height": 900}, **options}
        new = Visit(browser.new_context(**options), live_server.url)  # type: ignore[attr-defined]
        new.context.set_default_timeout(PATIENCE_MS)
        if user is not None:
            new.sign_in(user)
        visits.append(new)
        return new

    yield start
    for each in visits:
        each.context.set_offline(True)  # a closing page's last report would meet a database being emptied
        each.context.close()
    assert [complaint for each in visits for complaint in each.complaints] == []
