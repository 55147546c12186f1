"""Comparing answers in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from labeling.exchange.kinds import dataset_records
from labeling.models import Assignment
from tests.browser.conftest import Visit
from tests.browser.desks import HARBOUR
from tests.browser.hands import Hands, pick
from tests.browser.rounds import comparing_desk
from tests.browser.test_every_page import DARK, LIGHT, PHONE, violations

Visits = Callable[..., Visit]


@pytest.fixture
def work() -> Assignment:
    return comparing_desk()


def choose(page: Page, number: int, better: str, sure: str) -> None:
    part = page.locator("form.part").nth(number - 1)
    pick(part, better)
    pick(part, sure)


def test_a_sitting_from_first_choice_to_submission(visit: Visits, work: Assignment) -> None:
    page = visit(work.labeler.user).page(work.get_absolute_url())
    expect(page.get_by_text(HARBOUR)).to_have_count(1)
    choose(page, 1, "A is better", "Sure")
    choose(page, 2, "Equally good", "A guess")
    Hands(page).wait_until_saved()
    page.reload()
    expect(page.locator('[name=better][value="A"]:checked')).to_have_count(1)
    expect(page.locator("[name=confidence]:checked")).to_have_count(2)
    Hands(page).submit()
    Hands(page).sees_submitted()
    (compared,) = dataset_records("comparisons", study=work.slot.study.name)
    (refined,) = dataset_records("refinement_judgements", study=work.slot.study.name)
    chosen = {(compared["data"]["confidence"]), (refined["data"]["confidence"])}
    assert chosen == {1, 3}
    assert (compared["data"]["better"] is None) != (refined["data"]["better"] is None)


def test_two_tabs_choose_between_both(visit: Visits, work: Assignment) -> None:
    page = visit(work.labeler.user).page(work.get_absolute_url())
    other = page.context.new_page()
    other.goto(page.url)
    choose(other, 1, "B is better", "Sure")
    Hands(other).wait_until_saved()
    pick(page.locator("form.part").first, "A is better")
    expect(page.locator(".conflict")).to_contain_text("B is better")
    page.get_by_role("button", name="Keep mine").click()
    Hands(page).wait_until_saved()
    page.reload()
    expect(page.locator('[name=better][value="A"]').first).to_be_checked()


@pytest.mark.parametrize("look", [LIGHT, DARK, PHONE], ids=["light", "dark", "phone"])
def test_the_page_has_no_accessibility_violation(visit: Visits, work: Assignment, look: dict[str, object]) -> None:
    page = visit(work.labeler.user, **look).page(work.get_absolute_url())
    choose(page, 1, "B is better", "Fairly sure")
    Hands(page).wait_until_saved()
    Hands(page).submit()
    expect(page.locator(".refusal")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
