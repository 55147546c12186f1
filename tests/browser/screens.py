"""Screenshots: `python -m pytest tests/browser/screens.py` renews docs/screenshots/.

SCREENS_TO=FOLDER writes there instead, and then every page in every look: to be looked at, not kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from assist.demo import reports_study
from assist.models import Run
from assist.tasks import process
from labeling.actions.opening import open_next
from labeling.actions.releasing import release
from labeling.enums import AnswerKind, ReleaseReason
from labeling.models import Assignment
from tests.browser.conftest import Visit
from tests.browser.desks import desk
from tests.browser.hands import Hands
from tests.browser.rounds import checking_desk, comparing_desk, judging_desk
from tests.factories import make_user

DOCS = Path(__file__).parents[2] / "docs" / "screenshots"
FOLDER = Path(os.environ.get("SCREENS_TO", DOCS))
not_kept = pytest.mark.skipif(FOLDER == DOCS, reason="only some screens are kept in docs/")
LOOKS = {
    "wide": {"viewport": {"width": 1440, "height": 900}},
    "wide-dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 360, "height": 740}},
    "narrow-dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}


def save(page: Page, name: str, look: str) -> None:
    """A picture of few colours: a third of the size, and nobody sees the difference."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}{'' if look == 'wide' else '-' + look}.png"
    page.screenshot(path=path, full_page="narrow" in look)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(96).save(path, optimize=True)


def work_a_little(page: Page, *, assisted: bool) -> None:
    hands = Hands(page)
    if assisted:
        hands.grade(hands.use(1), "Accuracy", "3 Major")
    own = hands.add()
    hands.write(own, "It is omitted that she bought the shed with the money paid for the licence.")
    hands.grade(own, "Coverage", "2 Moderate")
    hands.wait_until_saved()


def to_the_top(page: Page) -> None:
    page.locator(".writing").evaluate("pane => { document.activeElement.blur(); pane.scrollTop = 0; scrollTo(0, 0); }")
    page.wait_for_timeout(300)


def desk_of_the_demo() -> Assignment:
    """An assisted desk of the demo's study: its suggestions are the shipped critic's own, through the real path."""
    people = [make_user(f"labeler{number}").labeler for number in range(1, 7)]
    reports_study.load(people, number=3, tell=lambda _: None)
    for run in Run.objects.all():
        process(run.pk)
    shown = Assignment.objects.filter(slot__assisted=True, slot__answer_kind=AnswerKind.HUMAN_MISLEADING)
    first = shown.order_by("order", "labeler").first()
    assert first is not None
    while (opened := open_next(first.labeler)) != first:
        assert opened is not None
        release(opened, ReleaseReason.BROKEN_TEXT)
    return opened


def test_a_labeler_at_work_in_the_demo(visit: Callable[..., Visit]) -> None:
    """The picture in the README."""
    work = desk_of_the_demo()
    page = visit(work.labeler.user, viewport={"width": 1360, "height": 760}).page(work.get_absolute_url())
    hands = Hands(page)
    hands.grade(hands.use(1), "Accuracy", "3 Major")
    hands.wait_until_saved()
    to_the_top(page)
    save(page, "assisted", "wide")


@not_kept
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("assisted", [True, False], ids=["assisted", "unassisted"])
def test_desk_in_every_state(visit: Callable[..., Visit], assisted: bool, look: str) -> None:
    name = "assisted" if assisted else "unassisted"
    work = desk(assisted=assisted)
    page = visit(work.labeler.user, **LOOKS[look]).page(work.get_absolute_url())
    hands = Hands(page)
    save(page, f"{name}-1-fresh", look)
    work_a_little(page, assisted=assisted)
    other = Hands(page.context.new_page())
    other.page.goto(page.url)
    other.write(other.critique(1), "The bridge was finished four years later than that.")
    other.wait_until_saved()
    hands.write(hands.critique(1), "The bridge was only finished in 1996.")
    expect(page.locator(".conflict")).to_be_visible()
    to_the_top(page)
    save(page, f"{name}-2-conflict", look)
    page.get_by_role("button", name="Keep mine").click()
    hands.add().get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Undo").wait_for()
    hands.submit()
    expect(page.locator(".refusal")).to_be_visible()
    page.locator(".give-back summary").click()
    page.locator(".give-back").scroll_into_view_if_needed()
    save(page, f"{name}-3-end", look)
    page.locator("h1").click()
    page.keyboard.press("?")
    save(page, f"{name}-4-keys", look)
    page.keyboard.press("Escape")
    page.context.set_offline(True)
    hands.rate(3)
    expect(page.locator("#rating .unsaved")).to_be_visible()
    hands.critique(1).get_by_role("button", name="Remove").click()
    expect(page.locator("#notice p")).to_be_visible()
    save(page, f"{name}-5-offline", look)
    page.context.set_offline(False)
    hands.wait_until_saved()
    hands.submit()
    hands.sees_submitted()
    save(page, f"{name}-6-submitted", look)
    page.goto(work_home := page.url.partition("/critiquing")[0])
    save(page, f"{name}-7-home", look)
    page.goto(f"{work_home}/nothing-here/")
    save(page, "missing", look)
    save(visit(**LOOKS[look]).page("/sign-in/"), "sign-in", look)


@not_kept
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("make", [judging_desk, checking_desk, comparing_desk])
def test_rounds(visit: Callable[..., Visit], make: Callable[[], Assignment], look: str) -> None:
    work = make()
    page = visit(work.labeler.user, **LOOKS[look]).page(work.get_absolute_url())
    for first in page.locator("form.part .pill:first-of-type:visible").all()[:3]:
        first.click()
    Hands(page).wait_until_saved()
    to_the_top(page)
    save(page, work.slot.activity, look)
