"""The critiquing page by width: what is in view where, and what stays in view."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from labeling.actions.assisting import Sample
from tests.browser.conftest import Visit
from tests.browser.desks import desk
from tests.browser.hands import Hands

Visits = Callable[..., Visit]
EIGHT = [
    Sample(0.1 * number, f"Suggestion {number} is about the {number}th thing. " * 3, 0.9, None) for number in range(8)
]


def at_desk(visit: Visits, width: int, height: int, *, assisted: bool = True) -> Hands:
    work = desk(assisted=assisted, samples=EIGHT)
    page = visit(work.labeler.user, viewport={"width": width, "height": height}).page(work.get_absolute_url())
    return Hands(page)


def is_whole(place: Locator) -> bool:
    """Whether it can be seen whole as the page stands: nothing covers its middle, nothing cuts it off."""
    return bool(
        place.evaluate(
            """place => {
                const box = place.getBoundingClientRect();
                const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                return box.top >= 0 && box.bottom <= innerHeight && (place.contains(at) || at?.contains(place));
            }"""
        )
    )


@pytest.mark.parametrize(("width", "height"), [(1366, 650), (1440, 900)])
def test_beside_eight_suggestions_the_first_critique_the_answer_and_submit_are_in_view(
    visit: Visits, width: int, height: int
) -> None:
    hands = at_desk(visit, width, height)
    page = hands.page
    hands.write(hands.add(), "Mine.")
    hands.wait_until_saved()
    page.reload()
    assert page.locator(".suggestion").count() == 8
    for seen in (
        page.locator("#answer"),
        hands.critique(1),
        page.locator("#rating"),
        page.get_by_role("button", name="Submit"),
    ):
        assert is_whole(seen)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1000, 1440])
def test_submit_stays_in_view_however_many_critiques_there_are(visit: Visits, width: int) -> None:
    hands = at_desk(visit, width, 650)
    for number in range(5):
        hands.write(hands.add(), f"Critique {number}.")
        assert is_whole(hands.page.get_by_role("button", name="Submit"))
    hands.wait_until_saved()


def test_where_nobody_is_assisted_the_answer_has_its_column(visit: Visits) -> None:
    hands = at_desk(visit, 1366, 650, assisted=False)
    asked, found = hands.page.locator(".asked").bounding_box(), hands.page.locator(".found").bounding_box()
    assert asked is not None
    assert found is not None
    assert asked["height"] > 550
    assert found["x"] >= asked["x"] + asked["width"]


def position(page: Page) -> float:
    return float(page.locator(".passage-pane").evaluate("pane => pane.scrollTop"))


def test_a_reload_goes_back_to_where_one_was_reading(visit: Visits) -> None:
    page = at_desk(visit, 1366, 400 + 150).page
    page.locator(".passage-pane").evaluate("pane => { pane.scrollTop = 240; }")
    page.reload()
    assert position(page) == 240


def test_what_is_missing_is_told_as_links_until_nothing_is(visit: Visits) -> None:
    hands = at_desk(visit, 1366, 650)
    missing = hands.page.locator("[data-missing] a")
    expect(missing).to_have_text(["Rating"])
    hands.rate(3)
    expect(missing).to_have_text(["A critique that says why"])
    missing.click()
    expect(hands.page.get_by_role("button", name="Add a critique")).to_be_focused()
    found = hands.add()
    expect(missing).to_have_text(["Critique 1: text, category, severity"])
    hands.grade(found, "Other", "2 Moderate")
    expect(missing).to_have_text(["Critique 1: text, what it is about"])
    hands.page.locator("#id_rating + fieldset input").first.focus()
    missing.click()
    expect(found.locator("textarea")).to_be_focused()
    found.locator("textarea").fill("Said.")
    found.get_by_label("What is it about?").fill("Tone")
    expect(missing).to_have_count(0)
    hands.submit()
    hands.sees_submitted()
