"""What a desk tells: once, where it can be read, in a colour that means it, and no longer than it is true."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from labeling.models import Assignment
from tests.browser.conftest import Visit
from tests.browser.desks import desk
from tests.browser.hands import Hands
from tests.conftest import CHROMIUM, FLAGS
from tests.labeling.every_page import DESKS

Visits = Callable[..., Visit]
TABLET = {"viewport": {"width": 768, "height": 900}}


@pytest.fixture
def work() -> Assignment:
    return desk(assisted=True)


def at_desk(visit: Visits, work: Assignment, **options: object) -> Hands:
    return Hands(visit(work.labeler.user, **options).page(work.get_absolute_url()))


def colour(place: Locator) -> str:
    return str(place.evaluate("element => getComputedStyle(element).color"))


def test_a_refusal_goes_with_its_cause_and_not_before(visit: Visits, work: Assignment) -> None:
    hands = at_desk(visit, work)
    hands.write(hands.add(), "No category.")
    hands.write(hands.add(), "None here, either.")
    hands.rate(3)
    hands.submit()
    refusal = hands.page.locator("[data-refusal] .refusal")
    expect(refusal).to_contain_text("Critique 1")
    hands.grade(hands.critique(2), "Accuracy", "1 Minor")
    expect(refusal).to_contain_text("Critique 1")
    refusal.get_by_role("link", name="Show where").click()
    expect(hands.critique(1)).to_have_attribute("data-wrong", "")
    hands.grade(hands.critique(1), "Accuracy", "1 Minor")
    expect(refusal).to_have_count(0)
    expect(hands.page.locator("[data-wrong]")).to_have_count(0)


@pytest.mark.parametrize("activity", DESKS)
def test_the_ways_through_a_narrow_page_mark_nothing_as_wrong(visit: Visits, activity: str) -> None:
    hands = at_desk(visit, DESKS[activity](), **TABLET)
    for way in hands.page.get_by_role("navigation", name="Parts of this page").locator("a, button").all():
        way.click()
        assert hands.page.locator(".anchor:target, [data-wrong]").count() == 0


def test_what_is_not_saved_looks_unlike_what_is(visit: Visits, work: Assignment) -> None:
    hands = at_desk(visit, work)
    line = hands.page.locator("[data-save-summary]")
    found = hands.add()
    hands.wait_until_saved()
    good = colour(line)
    hands.page.context.set_offline(True)
    hands.write(found, "Offline.")
    expect(found.locator(".unsaved")).to_be_visible()
    quiet = colour(hands.page.locator(".quiet").first)
    assert len({good, quiet, colour(line)}) == 3
    hands.page.context.set_offline(False)
    hands.wait_until_saved()
    assert colour(line) == good


def test_saves_are_not_announced_but_trouble_is(visit: Visits, work: Assignment) -> None:
    hands = at_desk(visit, work)
    announced = hands.page.locator("[data-announce]")
    found = hands.add()
    hands.write(found, "Saved.")
    hands.wait_until_saved()
    assert hands.page.locator("[role=status] time, [aria-live] time, [role=alert] time").count() == 0
    expect(announced).to_be_empty()
    hands.page.context.set_offline(True)
    hands.write(found, "Offline.")
    expect(announced).to_have_text("Not all is saved.")
    hands.page.context.set_offline(False)
    expect(announced).to_have_text("Everything is saved again.")


@pytest.mark.parametrize("width", [360, 1440])
def test_a_notice_covers_nothing_that_can_be_pressed(visit: Visits, work: Assignment, width: int) -> None:
    hands = at_desk(visit, work, viewport={"width": width, "height": 700})
    found = hands.add()
    hands.wait_until_saved()
    hands.page.context.set_offline(True)
    found.get_by_role("button", name="Remove").click()
    expect(hands.page.locator("#notice p")).to_be_visible()
    hands.page.get_by_role("button", name="Submit").click(trial=True)


def test_using_a_suggestion_moves_nothing_above_its_critique(visit: Visits, work: Assignment) -> None:
    hands = at_desk(visit, work)
    places = hands.page.locator(".suggestion, #critiques-heading")
    before = [place.bounding_box() for place in places.all()]
    hands.use(1)
    expect(hands.page.locator("#used-1")).to_have_text("Used")
    hands.wait_until_saved()
    scrolled = hands.page.evaluate("[...document.querySelectorAll('*')].reduce((sum, each) => sum + each.scrollTop, 0)")
    after = [place.bounding_box() for place in places.all()]
    assert [box and (box["x"], box["width"], box["height"]) for box in before] == [
        box and (box["x"], box["width"], box["height"]) for box in after
    ]
    if not scrolled:
        assert before == after


def test_what_is_chosen_is_seen_in_colours_of_the_readers_own(visit: Visits, work: Assignment) -> None:
    hands = at_desk(visit, work, forced_colors="active")
    found = hands.add()
    hands.grade(found, "Accuracy", "2 Moderate")
    hands.rate(3)
    for choices in (found.locator("[data-choice=category]"), hands.page.locator("#rating")):
        spans = choices.locator("label span")
        shades = spans.evaluate_all("all => all.map(each => getComputedStyle(each).backgroundColor)")
        assert sorted(shades.count(shade) for shade in set(shades)) == [1, len(shades) - 1]


@pytest.fixture
def large_print(browser: Browser) -> Browser:
    """A browser whose reader asks for letters of twice the size."""
    return browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, "--blink-settings=defaultFontSize=32"])


def lines_in_view(text: Locator) -> float:
    """How many lines of a text can be read without scrolling further."""
    return float(
        text.evaluate(
            """text => {
                const box = text.getBoundingClientRect();
                let [top, bottom] = [0, innerHeight];
                for (let each = text.parentElement; each; each = each.parentElement) {
                    if (getComputedStyle(each).overflowY === "visible") continue;
                    const around = each.getBoundingClientRect();
                    [top, bottom] = [Math.max(top, around.top), Math.min(bottom, around.bottom)];
                }
                const shown = Math.min(box.bottom, bottom) - Math.max(box.top, top);
                return shown / parseFloat(getComputedStyle(text).lineHeight);
            }"""
        )
    )


def test_letters_of_twice_the_size_leave_the_answer_to_be_read(
    visit: Visits, work: Assignment, large_print: Browser
) -> None:
    profile = visit(work.labeler.user)
    context = large_print.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies(profile.context.cookies())
    page: Page = context.new_page()
    page.goto(profile.url + work.get_absolute_url())
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
    for _ in range(2):
        if not page.locator("pre.answer").is_visible():
            page.get_by_role("navigation", name="Parts of this page").get_by_text("Answer").click()
    page.locator("pre.answer").scroll_into_view_if_needed()
    seen = lines_in_view(page.locator("pre.answer"))
    large_print.close()
    assert seen >= 4
