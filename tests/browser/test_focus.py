"""The focus never falls to the body, whatever is swapped: there screen readers begin anew."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import ElementHandle, Page, expect

from labeling.enums import Role
from labeling.models import Study
from tests.browser.conftest import Visit
from tests.browser.desks import desk
from tests.browser.hands import Hands
from tests.factories import make_user
from tests.labeling.every_page import DESKS

Visits = Callable[..., Visit]
SWAPPING = "button[hx-post], button[hx-get], form[hx-post]:not([data-autosave], #submit) button"
#: What tells one kind of button from another: its words and its address without keys and numbers.
KIND = """button => button.textContent.trim() + " " +
    (button.getAttribute("hx-post") ?? button.getAttribute("hx-get") ?? button.form.getAttribute("hx-post"))"""


def buttons(page: Page) -> list[ElementHandle]:
    return [each for each in page.query_selector_all(SWAPPING) if each.is_visible()]


def kind(button: ElementHandle) -> str:
    return re.sub(r"[0-9a-f-]{32,36}|\d+", "#", str(button.evaluate(KIND)))


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.localName"))


def settled(page: Page) -> None:
    page.wait_for_timeout(100)
    expect(page.locator(".htmx-request")).to_have_count(0)
    expect(page.locator("[data-unsaved]")).to_have_count(0)


@pytest.mark.parametrize("activity", DESKS)
def test_every_button_that_swaps_a_fragment_leaves_the_focus_in_the_page(visit: Visits, activity: str) -> None:
    work = DESKS[activity]()
    page = visit(work.labeler.user).page(work.get_absolute_url())
    page.wait_for_load_state("networkidle")
    pressed: set[str] = set()
    while new := [each for each in buttons(page) if kind(each) not in pressed]:
        pressed.add(kind(new[0]))
        new[0].focus()
        page.keyboard.press("Enter")
        settled(page)
        assert focused(page) != "body", sorted(pressed)
    assert pressed or activity in {"judging", "checking", "comparing", "refining"}  # there, only conflicts swap


@pytest.mark.parametrize("choice", ["Keep mine", "Take the other", "Put it back with my text", "Leave it removed"])
def test_the_choice_between_two_tabs_leaves_the_focus_in_the_page(visit: Visits, choice: str) -> None:
    work = desk(assisted=True)
    hands = Hands(visit(work.labeler.user).page(work.get_absolute_url()))
    hands.use(1)
    hands.wait_until_saved()
    other = Hands(hands.page.context.new_page())
    other.page.goto(hands.page.url)
    if "emove" in choice or "Put" in choice:
        other.critique(1).get_by_role("button", name="Remove").click()
        expect(other.page.get_by_text("Critique removed.")).to_be_visible()
    else:
        other.write(other.critique(1), "Other.")
        other.wait_until_saved()
    hands.write(hands.critique(1), "Mine.")
    button = hands.page.get_by_role("button", name=choice)
    button.focus()
    hands.page.keyboard.press("Enter")
    expect(button).to_have_count(0)
    settled(hands.page)
    assert focused(hands.page) != "body"


def test_a_poll_of_a_studys_page_leaves_the_focus_where_it_was(visit: Visits) -> None:
    desk(assisted=True)
    page = visit(make_user("admin", Role.ADMIN)).page("/studies/")
    page.clock.install()
    page.goto(page.url.replace("/studies/", Study.objects.get().get_absolute_url()))
    table = page.get_by_role("region", name="By labeler")
    table.focus()
    before = table.element_handle()
    for _ in range(2):
        with page.expect_response(lambda answer: "page=" in answer.url):
            page.clock.fast_forward(11_000)
        page.wait_for_load_state("networkidle")
    assert before is not None
    assert not before.evaluate("element => element.isConnected")
    expect(page.get_by_role("region", name="By labeler")).to_be_focused()
    page.locator("h1").click()
    with page.expect_response(lambda answer: "page=" in answer.url):
        page.clock.fast_forward(11_000)
    page.wait_for_load_state("networkidle")
    assert focused(page) == "main"  # who left the table for the page is not pulled back
