"""Submitting waits for saves, and for nothing else: editing calls it off, a refusal says why and where to go on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from labeling.actions.studies import close_study
from labeling.enums import Activity, AssignmentState
from labeling.forms.parts import MAX_TEXT
from labeling.models import Assignment, Refinement, Study
from tests.browser.conftest import Visit
from tests.browser.desks import desk
from tests.browser.hands import Hands
from tests.sittings import asked, make_passage, sitting_for

Visits = Callable[..., Visit]
WAITING = "Submitting as soon as everything is saved…"


@pytest.fixture
def work() -> Assignment:
    return desk(assisted=True)


@pytest.fixture
def tab(visit: Visits, work: Assignment) -> Hands:
    """A tab with all that can be handed in."""
    hands = Hands(visit(work.labeler.user).page(work.get_absolute_url()))
    found = hands.add()
    hands.write(found, "Begun.")
    hands.grade(found, "Accuracy", "2 Moderate")
    hands.rate(3)
    hands.wait_until_saved()
    hands.page.reload()
    return hands


def state_of(work: Assignment) -> str:
    work.refresh_from_db()
    return work.state


def submit_offline(tab: Hands) -> None:
    tab.page.context.set_offline(True)
    tab.write(tab.critique(1), "Finished without a network.")
    tab.submit()
    expect(tab.page.get_by_text(WAITING)).to_be_visible()


def write_on(tab: Hands) -> None:
    tab.critique(1).locator("textarea").press_sequentially(" And more.")


def another_rating(tab: Hands) -> None:
    tab.rate(2)


def another_critique(tab: Hands) -> None:
    tab.page.get_by_role("button", name="Add a critique").click()


def another_use(tab: Hands) -> None:
    tab.page.get_by_role("button", name="Use suggestion 2").click()


@pytest.mark.parametrize("edit", [write_on, another_rating, another_critique, another_use])
def test_editing_calls_off_a_submission_that_waits_and_says_so(
    tab: Hands, work: Assignment, edit: Callable[[Hands], None]
) -> None:
    submit_offline(tab)
    edit(tab)
    expect(tab.page.locator("[data-refusal]")).to_contain_text("You went on working, so nothing was sent.")
    tab.page.context.set_offline(False)
    tab.wait_until_saved()
    tab.page.wait_for_timeout(1_000)
    assert state_of(work) == AssignmentState.OPENED
    expect(tab.page.get_by_text(WAITING)).to_have_count(0)


def test_after_being_called_off_it_is_submitted_when_pressed_again(tab: Hands, work: Assignment) -> None:
    submit_offline(tab)
    write_on(tab)
    tab.page.context.set_offline(False)
    tab.submit()
    tab.sees_submitted()
    assert work.sitting.critiques.get().critique.text == "Finished without a network. And more."


def test_a_closed_study_ends_the_waiting_with_its_reason_and_a_way_on(tab: Hands) -> None:
    submit_offline(tab)
    close_study(Study.objects.get())
    tab.page.context.set_offline(False)
    refusal = tab.page.locator("[data-refusal]")
    expect(refusal).to_contain_text("Nothing was sent, because this could not be saved: This study is closed")
    refusal.get_by_role("link", name="Back to your home page").click()
    expect(tab.page.get_by_role("heading", name="Your work")).to_be_visible()


def test_a_text_over_the_limit_ends_the_waiting_shows_where_and_can_be_shortened(tab: Hands) -> None:
    tab.write(tab.critique(1), "x" * (MAX_TEXT + 1))
    tab.submit()
    refusal = tab.page.locator("[data-refusal]")
    expect(refusal).to_contain_text("This text has 20,001 characters, and at most 20,000 can be saved.")
    expect(refusal).not_to_contain_text(WAITING)
    refusal.get_by_role("button", name="Show where").click()
    text = tab.critique(1).locator("textarea")
    expect(text).to_be_focused()
    text.fill("Short.")
    tab.wait_until_saved()
    tab.submit()
    tab.sees_submitted()


def test_a_new_critique_over_the_limit_holds_nothing_else_up(tab: Hands) -> None:
    tab.write(tab.add(), "x" * (MAX_TEXT + 1))
    expect(tab.critique(2).locator(".refusal")).to_be_visible()
    tab.write(tab.add(), "The third.")
    expect(tab.critique(3).locator(".saved")).to_be_visible()
    tab.write(tab.critique(2), "The second.")
    tab.wait_until_saved()


def refining_page(visit: Visits, answer: str) -> Page:
    passage = make_passage()
    asked(passage, "What happened?", [answer])
    work = sitting_for(Activity.REFINING, passage)
    return visit(work.labeler.user).page(work.get_absolute_url())


def test_an_answer_over_the_limit_can_be_left_as_it_is(visit: Visits) -> None:
    page = refining_page(visit, "line " * 6_000)
    page.get_by_label("The answer is best left as it is").check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Submitted")).to_be_visible()
    assert Refinement.objects.get().is_kept


def test_an_answer_over_the_limit_can_be_edited(visit: Visits) -> None:
    page = refining_page(visit, "line " * 6_000)
    page.get_by_label("Your better answer").fill("line " * 5_999)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Submitted")).to_be_visible()
    assert Refinement.objects.get().text == "line " * 5_999
