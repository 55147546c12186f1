"""Judging critiques in a real browser: nothing is lost, and nothing stale is kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from findings.human_study.verdicts import follows_the_form
from labeling.actions import judging
from labeling.exchange.kinds import dataset_records
from labeling.models import Assignment, BetterCritique, JudgedQuestion
from tests.browser.conftest import Visit
from tests.browser.hands import Hands, pick
from tests.browser.rounds import judging_desk
from tests.browser.test_every_page import DARK, LIGHT, PHONE, violations

Visits = Callable[..., Visit]
NOBODY_SAID = "Nobody said that she never left Low Sands."


@pytest.fixture
def work() -> Assignment:
    return judging_desk()


@pytest.fixture
def page(visit: Visits, work: Assignment) -> Page:
    return visit(work.labeler.user).page(work.get_absolute_url())


def critique(page: Page, number: int) -> Locator:
    return page.locator("[data-critique]").nth(number - 1)


def say(page: Page, number: int, helpful: bool, rank: str = "", severity: str = "2 Moderate") -> None:
    one = critique(page, number)
    pick(one, "Helpful" if helpful else "Not helpful")
    if helpful:
        pick(one.get_by_role("group", name="Clearly"), "Yes")
        pick(one, severity)
    if rank:
        pick(one.get_by_role("group", name="Rank"), rank)


def answer(page: Page, question: str, yes: bool) -> None:
    pick(page.get_by_role("group", name=question), "Yes" if yes else "No")


def write(page: Page, text: str) -> None:
    own = page.get_by_role("group", name="Your critique")
    own.get_by_role("textbox", name="What is wrong with the answer?").fill(text)
    pick(own, "Accuracy")
    pick(own, "3 Major")


def test_a_sitting_from_first_click_to_submission(page: Page, work: Assignment) -> None:
    count = page.locator("[data-critique]").count()
    for number in range(3, count + 1):
        say(page, number, helpful=False)
    expect(page.get_by_role("group", name="Rank")).to_have_count(0)
    say(page, 1, helpful=True)
    say(page, 2, helpful=True, rank="2", severity="4 Critical")
    pick(critique(page, 1).get_by_role("group", name="Rank"), "1 best")
    answer(page, "Is there a better critique", yes=True)
    write(page, NOBODY_SAID)
    hands = Hands(page)
    hands.wait_until_saved()
    page.reload()
    expect(page.get_by_role("textbox", name="What is wrong with the answer?")).to_have_value(NOBODY_SAID)
    hands.submit()
    hands.sees_submitted()
    (row,) = dataset_records("helpfulness", study=work.slot.study.name)
    (question,) = row["data"]["questions"]
    assert follows_the_form(question)
    assert sorted(rank for rank in question["rankings"] if rank is not None) == [0, 1]
    assert question["new_critique"]["text"] == NOBODY_SAID


def test_a_change_of_mind_clears_what_it_made_void_on_the_page_and_in_the_database(page: Page) -> None:
    for number in range(1, page.locator("[data-critique]").count() + 1):
        say(page, number, helpful=False)
    answer(page, "Can the answer be criticised", yes=True)
    write(page, NOBODY_SAID)
    Hands(page).wait_until_saved()
    assert BetterCritique.objects.get().critique.text == NOBODY_SAID
    say(page, 1, helpful=True)
    expect(page.get_by_role("group", name="Your critique")).to_be_hidden()
    Hands(page).wait_until_saved()
    assert not BetterCritique.objects.exists()
    stored = judging.stored(JudgedQuestion.objects.get())
    assert (stored.is_critiqueable, stored.has_better_critique, stored.new_critique) == (None, None, None)


def test_a_slip_of_the_finger_costs_no_words(page: Page) -> None:
    """What was typed comes back with the answer that asked for it."""
    for number in range(1, page.locator("[data-critique]").count() + 1):
        say(page, number, helpful=False)
    answer(page, "Can the answer be criticised", yes=True)
    write(page, NOBODY_SAID)
    say(page, 1, helpful=True)
    Hands(page).wait_until_saved()
    say(page, 1, helpful=False)
    expect(page.get_by_role("textbox", name="What is wrong with the answer?")).to_have_value(NOBODY_SAID)
    Hands(page).wait_until_saved()
    assert BetterCritique.objects.get().critique.text == NOBODY_SAID


def test_two_tabs_choose_between_both(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    say(other, 1, helpful=False)
    Hands(other).wait_until_saved()
    pick(critique(page, 1), "Helpful")
    expect(page.locator(".conflict")).to_contain_text("1: not helpful")
    page.get_by_role("button", name="Keep mine").click()
    Hands(page).wait_until_saved()
    assert judging.stored(JudgedQuestion.objects.get()).verdicts[0].helpful is True
    pick(critique(other, 2), "Not helpful")
    expect(other.locator(".conflict")).to_be_visible()
    other.get_by_role("button", name="Take the other").click()
    expect(other.locator(".conflict")).to_have_count(0)
    expect(other.locator('[name="helpful-1"][value=yes]')).to_be_checked()
    expect(other.locator('[name="helpful-2"]:checked')).to_have_count(0)


def test_what_is_missing_is_shown_where(page: Page) -> None:
    Hands(page).submit()
    expect(page.locator(".refusal")).to_contain_text("Answer 1: critique 1: say whether it is helpful.")
    page.get_by_role("link", name="Show where").click()
    expect(page.locator(".part[data-wrong]")).to_have_count(1)


@pytest.mark.parametrize("look", [LIGHT, DARK, PHONE], ids=["light", "dark", "phone"])
def test_the_page_in_every_state_has_no_accessibility_violation(
    visit: Visits, work: Assignment, look: dict[str, object]
) -> None:
    page = visit(work.labeler.user, **look).page(work.get_absolute_url())
    for number in range(1, page.locator("[data-critique]").count() + 1):
        say(page, number, helpful=number < 3)
    answer(page, "Is there a better critique", yes=True)
    Hands(page).wait_until_saved()
    Hands(page).submit()
    expect(page.locator(".refusal")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
