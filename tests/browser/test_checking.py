"""Checking found critiques in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from labeling.exchange.kinds import dataset_records
from labeling.models import Assignment
from tests.browser.conftest import Visit
from tests.browser.desks import HARBOUR, YEAR
from tests.browser.hands import Hands, pick
from tests.browser.rounds import checking_desk
from tests.browser.test_every_page import DARK, LIGHT, PHONE, violations

Visits = Callable[..., Visit]


@pytest.fixture
def work() -> Assignment:
    return checking_desk()


def found(page: Page, text: str) -> Locator:
    return page.locator("form.part", has=page.locator(".critique-text", has_text=text))


def say(page: Page, text: str, valid: str, *covers: int) -> None:
    part = found(page, text)
    pick(part, valid)
    for number in covers:
        part.locator(f'[name=covers][value="{number}"]').check()


def test_the_author_checks_what_was_found_once_for_each_text(visit: Visits, work: Assignment) -> None:
    page = visit(work.labeler.user).page(work.get_absolute_url())
    expect(page.locator("form.part")).to_have_count(3)
    say(page, HARBOUR, "Yes")
    say(page, "too long", "No")
    expect(found(page, "too long").locator(".covers")).to_be_hidden()
    say(page, YEAR, "Yes", 1, 2)
    Hands(page).wait_until_saved()
    page.reload()
    expect(found(page, YEAR).locator("[name=covers]:checked")).to_have_count(2)
    say(page, HARBOUR, "Yes", 1)
    say(page, HARBOUR, "No")
    say(page, HARBOUR, "Yes")
    found(page, HARBOUR).locator('[name=covers][value="1"]').uncheck()
    Hands(page).submit()
    Hands(page).sees_submitted()
    rows = list(dataset_records("intended_checks", study=work.slot.study.name))
    assert len(rows) == 2
    verdicts = {one["critique"]: (one["valid"], one["covers"]) for row in rows for one in row["data"]["critiques"]}
    assert verdicts == {
        YEAR: (True, [0, 1]),
        HARBOUR: (True, []),
        "The last sentence is too long.": (False, []),
    }


def test_two_tabs_choose_between_both(visit: Visits, work: Assignment) -> None:
    page = visit(work.labeler.user).page(work.get_absolute_url())
    other = page.context.new_page()
    other.goto(page.url)
    say(other, YEAR, "Yes", 2)
    Hands(other).wait_until_saved()
    say(page, YEAR, "No")
    expect(page.locator(".conflict")).to_contain_text("Valid; covers 2.")
    page.get_by_role("button", name="Take the other").click()
    expect(found(page, YEAR).locator('[name=covers][value="2"]')).to_be_checked()
    expect(page.locator("[data-unsaved]")).to_have_count(0)


@pytest.mark.parametrize("look", [LIGHT, DARK, PHONE], ids=["light", "dark", "phone"])
def test_the_page_has_no_accessibility_violation(visit: Visits, work: Assignment, look: dict[str, object]) -> None:
    page = visit(work.labeler.user, **look).page(work.get_absolute_url())
    say(page, YEAR, "Yes", 2)
    Hands(page).wait_until_saved()
    Hands(page).submit()
    expect(page.locator(".refusal")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
