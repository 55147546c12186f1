"""Enter in a field of work that was saved before: nothing is removed, on any desk. The pages are reloaded first."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from labeling.models import ChainLink, DraftIntended, DraftQuestion, LabelerCritique
from tests.browser import test_answering as answering
from tests.browser import test_demonstrating as demonstrating
from tests.browser.conftest import Visit
from tests.browser.desks import desk
from tests.browser.hands import Hands

Visits = Callable[..., Visit]


def press_enter_everywhere(page: Page) -> None:
    """In every one-line field, radio button and box of the page in turn."""
    page.reload()
    expect(page.locator("[data-autosave]:not([data-htmx-powered])")).to_have_count(0)
    removals: list[str] = []
    page.on("request", lambda request: "remove" in request.url and removals.append(request.url))
    fields = page.locator(".work form[data-autosave] input:visible")
    assert fields.count() > 0
    for place in range(fields.count()):
        fields.nth(place).focus()
        page.keyboard.press("Enter")
    expect(page.locator("[data-unsaved]")).to_have_count(0)
    page.reload()
    assert removals == []


def test_a_critique_stays_when_enter_is_pressed_in_it(visit: Visits) -> None:
    work = desk(assisted=True)
    hands = Hands(visit(work.labeler.user).page(work.get_absolute_url()))
    found = hands.use(1)
    hands.grade(found, "Other", "2 Moderate")
    found.get_by_label("What is it about?").fill("Tone")
    hands.wait_until_saved()
    press_enter_everywhere(hands.page)
    expect(hands.page.locator("form.critique")).to_have_count(1)
    assert LabelerCritique.objects.get().removed_ms is None


def test_a_question_and_its_flaw_stay_when_enter_is_pressed_in_them(visit: Visits) -> None:
    _, page = answering.start(visit, misleading=True)
    card = answering.add(page)
    answering.write(card, "What burned?", "The mill.")
    card.get_by_role("button", name="Describe a flaw").click()
    card.locator("form.critique").get_by_role("radio", name="Other").check()
    answering.saved(page)
    press_enter_everywhere(page)
    expect(page.locator("article.card-numbered")).to_have_count(1)
    expect(page.locator("form.critique")).to_have_count(1)
    assert not DraftQuestion.objects.get().is_removed
    assert not DraftIntended.objects.get().is_removed


def test_a_critique_of_a_chain_stays_when_enter_is_pressed_in_it(visit: Visits) -> None:
    _, page = demonstrating.start(visit)
    link = demonstrating.criticise(demonstrating.card(page, "1882"), "Wrong.", "Right.")
    link.get_by_role("radio", name="Other").check()
    demonstrating.saved(page)
    press_enter_everywhere(page)
    expect(page.locator("form.link")).to_have_count(1)
    assert ChainLink.objects.get().critique.text == "Wrong."


def test_without_javascript_enter_saves(visit: Visits) -> None:
    work = desk(assisted=False)
    page = visit(work.labeler.user, java_script_enabled=False).page(work.get_absolute_url())
    page.get_by_role("button", name="Add a critique").click()
    found = page.locator("form.critique")
    found.locator("textarea").fill("Saved by Enter.")
    found.get_by_role("radio", name="Other").check()
    found.get_by_label("What is it about?").fill("Tone")
    found.get_by_label("What is it about?").press("Enter")
    expect(page.locator("form.critique textarea")).to_have_value("Saved by Enter.")
    page.locator("form.critique").get_by_role("button", name="Remove").click()
    expect(page.locator("form.critique")).to_have_count(0)
    assert LabelerCritique.objects.get().removed_ms is not None
