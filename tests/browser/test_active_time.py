"""Active time: in view, and with a sign of life within the last minute. The clock is the test's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from labeling.models import Assignment, Sitting
from tests.browser.conftest import Visit
from tests.browser.desks import desk

Visits = Callable[..., Visit]
SECOND = 1_000
#: A headless browser has no windows to cover, so the page is told.
HIDE = """
    Object.defineProperty(document, "hidden", {{ value: {}, configurable: true }});
    document.dispatchEvent(new Event("visibilitychange"));
"""


@pytest.fixture
def page(visit: Visits) -> Page:
    """A page opened an hour ago by the server's clock, whose browser clock only moves when told to."""
    work = desk(assisted=False)
    Assignment.objects.filter(pk=work.pk).update(opened_at=timezone.now() - timedelta(hours=1))
    profile = visit(work.labeler.user)
    profile.context.clock.install()
    page = profile.page(work.get_absolute_url())
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
    return page


def pass_time(page: Page, seconds: int) -> None:
    page.clock.run_for(seconds * SECOND)


def reported(page: Page) -> int:
    """What the server has, in ms, once the page's latest report has arrived."""
    page.evaluate("document.dispatchEvent(new CustomEvent('before-send'))")
    page.evaluate("htmx.trigger(document.querySelector('[data-active-time]'), 'report')")
    sent = int(page.locator("[data-active-time] input").input_value() or 0)
    for _ in range(100):
        if Sitting.objects.get().active_time_ms == sent:
            return sent
        page.wait_for_timeout(50)
    raise AssertionError(f"{sent} ms were reported and never arrived")


def read_on(page: Page, seconds: int) -> None:
    """Read, with a sign of life every ten seconds."""
    for _ in range(seconds // 10):
        page.keyboard.press("Shift")
        pass_time(page, 10)


def test_reading_with_signs_of_life_counts_whole(page: Page) -> None:
    start = reported(page)
    read_on(page, 300)
    assert abs(reported(page) - start - 300 * SECOND) <= SECOND


def test_no_sign_of_life_for_longer_than_a_minute_does_not_count(page: Page) -> None:
    page.keyboard.press("Shift")
    start = reported(page)
    pass_time(page, 600)
    assert abs(reported(page) - start - 60 * SECOND) <= SECOND
    read_on(page, 30)
    assert abs(reported(page) - start - 90 * SECOND) <= SECOND


def test_time_out_of_view_does_not_count(page: Page) -> None:
    page.keyboard.press("Shift")
    start = reported(page)
    pass_time(page, 20)
    page.evaluate(HIDE.format("true"))
    pass_time(page, 240)
    page.evaluate(HIDE.format("false"))
    read_on(page, 20)
    assert abs(reported(page) - start - 40 * SECOND) <= SECOND


def test_the_count_goes_on_after_a_reload(page: Page) -> None:
    read_on(page, 60)
    before = reported(page)
    page.reload()
    read_on(page, 30)
    assert abs(reported(page) - before - 30 * SECOND) <= SECOND
    assert before >= 60 * SECOND


def test_it_reports_at_most_every_fifteen_seconds(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "active-time" in request.url else None)
    read_on(page, 150)
    reported(page)
    assert 5 <= len(asked) <= 150 / 15 + 2
