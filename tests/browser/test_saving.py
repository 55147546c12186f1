"""Nothing that was typed is lost: reloads, closed tabs, two tabs, a lost network, a lost session."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Locator, Page, Route, expect

from labeling.models import Assignment, LabelerCritique, Sitting
from tests.browser.conftest import Visit
from tests.browser.desks import desk
from tests.browser.hands import Hands
from tests.factories import PASSWORD

Visits = Callable[..., Visit]


@pytest.fixture
def work() -> Assignment:
    return desk(assisted=False)


@pytest.fixture
def tab(visit: Visits, work: Assignment) -> Hands:
    return Hands(visit(work.labeler.user).page(work.get_absolute_url()))


def second_tab(first: Hands) -> Hands:
    page = first.page.context.new_page()
    page.goto(first.page.url)
    return Hands(page)


def begun(tab: Hands, text: str) -> Locator:
    found = tab.add()
    tab.write(found, text)
    tab.wait_until_saved()
    return found


def stored() -> str:
    return LabelerCritique.objects.select_related("critique").get().critique.text


def leaves_freely(page: Page) -> bool:
    """Whether the page may be left without a question."""
    return bool(page.evaluate("window.dispatchEvent(new Event('beforeunload', { cancelable: true }))"))


def test_every_change_is_saved_as_it_is_made_and_the_time_is_shown(tab: Hands) -> None:
    found = begun(tab, "The year is wrong.")
    expect(found.locator("[data-save-status]")).to_contain_text("Saved ")
    shown = found.locator("time").inner_text()
    assert len(shown.split(":")) == 3
    expect(tab.page.locator("[data-save-summary] time")).to_have_text(shown)
    assert stored() == "The year is wrong."


def test_hasty_hands_leave_nothing_unsaved(tab: Hands) -> None:
    found = tab.add()
    words = ""
    for number in range(12):
        found.locator("textarea").press_sequentially(f"word{number} ", delay=15)
        words += f"word{number} "
        found.get_by_role("radio", name=["1 Minor", "4 Critical"][number % 2]).check()
        if number % 4 == 3:
            tab.rate(number // 4 + 1)
            tab.page.wait_for_timeout(350)
    tab.wait_until_saved()
    assert stored() == words
    assert LabelerCritique.objects.get().severity == 4
    expect(found.locator(".conflict")).to_have_count(0)


def test_what_is_typed_before_the_page_is_ready_is_saved_too(tab: Hands) -> None:
    begun(tab, "Begun.")
    page = tab.page.context.new_page()

    def answer_late(route: Route) -> None:
        page.wait_for_timeout(1_500)
        route.continue_()

    page.route("**/htmx.min.js", answer_late)
    page.goto(tab.page.url, wait_until="commit")
    page.locator("textarea").fill("Begun, and gone on at once.")
    page.locator("#rating").get_by_role("radio", name="2").check()
    assert stored() == "Begun."
    expect(page.locator("[data-save-status] .saved")).to_have_count(2)
    assert stored() == "Begun, and gone on at once."
    assert Sitting.objects.get().rating == 2


def test_saving_moves_nothing_on_the_page(tab: Hands) -> None:
    found = tab.add()
    before = [place.bounding_box() for place in (found, tab.page.locator(".add-critique"), tab.page.locator("#rating"))]
    tab.write(found, "Short.")
    found.get_by_role("radio", name="Accuracy").check()
    tab.rate(3)
    tab.wait_until_saved()
    after = [place.bounding_box() for place in (found, tab.page.locator(".add-critique"), tab.page.locator("#rating"))]
    assert before == after


def test_a_reload_and_a_closed_tab_lose_nothing(tab: Hands) -> None:
    found = begun(tab, "Half a thought")
    tab.grade(found, "Other", "2 Moderate")
    found.get_by_label("What is it about?").fill("Tone")
    tab.rate(6)
    tab.wait_until_saved()
    again = second_tab(tab)
    tab.page.close()
    for _ in range(2):
        critique = again.critique(1)
        expect(critique.locator("textarea")).to_have_value("Half a thought")
        expect(critique.get_by_role("radio", name="Other")).to_be_checked()
        expect(critique.get_by_label("What is it about?")).to_have_value("Tone")
        expect(critique.get_by_role("radio", name="2 Moderate")).to_be_checked()
        expect(again.page.locator("#rating").get_by_role("radio", name="6")).to_be_checked()
        again.page.reload()


def test_a_removed_critique_comes_back_whole(tab: Hands) -> None:
    found = begun(tab, "To be kept after all.")
    found.get_by_role("button", name="Remove").click()
    expect(tab.page.get_by_role("button", name="Undo")).to_be_focused()
    tab.page.reload()
    expect(tab.page.locator(".removed")).to_contain_text("To be kept after all.")
    assert tab.page.evaluate("document.activeElement.localName") == "body"  # nothing jumps there on loading
    tab.page.get_by_role("button", name="Undo").click()
    expect(tab.critique(1).locator("textarea")).to_have_value("To be kept after all.")
    assert LabelerCritique.objects.get().removed_ms is None


def conflicting(tab: Hands) -> Hands:
    """Two tabs over one critique; the other one has saved first."""
    begun(tab, "Begun.")
    other = second_tab(tab)
    other.write(other.critique(1), "Saved in the other tab.")
    other.wait_until_saved()
    tab.write(tab.critique(1), "Typed in this tab.")
    conflict = tab.critique(1).locator(".conflict")
    expect(conflict).to_contain_text("changed in another tab")
    expect(conflict).to_contain_text("Saved in the other tab.")
    expect(tab.critique(1).locator("textarea")).to_have_value("Typed in this tab.")
    assert stored() == "Saved in the other tab."
    assert not leaves_freely(tab.page)
    return other


def test_of_two_tabs_the_labeler_may_keep_this_ones_text(tab: Hands) -> None:
    conflicting(tab)
    tab.page.get_by_role("button", name="Keep mine").click()
    expect(tab.critique(1).locator(".saved")).to_be_visible()
    assert stored() == "Typed in this tab."


def test_of_two_tabs_the_labeler_may_take_the_others_text(tab: Hands) -> None:
    conflicting(tab)
    tab.page.get_by_role("button", name="Take the other").click()
    expect(tab.critique(1).locator("textarea")).to_have_value("Saved in the other tab.")
    tab.write(tab.critique(1), "Saved in the other tab, and here.")
    tab.wait_until_saved()
    assert stored() == "Saved in the other tab, and here."


def test_a_save_made_while_choosing_is_not_overwritten_either(tab: Hands) -> None:
    other = conflicting(tab)
    other.write(other.critique(1), "And once more in the other.")
    other.wait_until_saved()
    tab.page.get_by_role("button", name="Keep mine").click()
    expect(tab.critique(1).locator(".conflict")).to_contain_text("And once more in the other.")
    assert stored() == "And once more in the other."


def test_a_critique_removed_in_another_tab_can_be_put_back_with_this_tabs_text(tab: Hands) -> None:
    begun(tab, "Begun.")
    other = second_tab(tab)
    other.critique(1).get_by_role("button", name="Remove").click()
    expect(other.page.get_by_text("Critique removed.")).to_be_visible()
    tab.write(tab.critique(1), "Still being written.")
    tab.page.get_by_role("button", name="Put it back with my text").click()
    tab.wait_until_saved()
    assert stored() == "Still being written."
    assert LabelerCritique.objects.get().removed_ms is None


def test_what_another_tab_changed_is_not_submitted_unseen(tab: Hands) -> None:
    tab.rate(7)
    tab.wait_until_saved()
    other = second_tab(tab)
    begun(other, "Added in the other tab.")
    tab.submit()
    expect(tab.page.locator(".finish .refusal")).to_contain_text("changed in another tab")


def test_without_a_network_it_says_so_keeps_trying_and_saves_in_the_end(tab: Hands) -> None:
    found = begun(tab, "Begun.")
    tab.page.context.set_offline(True)
    tab.write(found, "Typed without a network.")
    expect(found.locator("[data-save-status]")).to_have_text("Not saved yet, trying again…")
    assert not leaves_freely(tab.page)
    tab.write(found, "Typed without a network, and more.")
    tab.page.context.set_offline(False)
    expect(found.locator("[data-save-status]")).to_contain_text("Saved ")
    tab.wait_until_saved()
    assert stored() == "Typed without a network, and more."
    assert leaves_freely(tab.page)


def test_a_save_whose_answer_was_lost_is_not_taken_for_another_tabs(tab: Hands) -> None:
    found = begun(tab, "Begun.")
    lost: list[str] = []

    def lose_the_answer(route: Route) -> None:
        if lost or route.request.method != "POST":
            return route.fallback()
        lost.append(route.request.url)
        route.fetch()
        return route.abort()

    tab.page.route("**/critiques/**", lose_the_answer)
    tab.write(found, "The server has this.")
    expect(found.locator(".unsaved")).to_be_visible()
    tab.write(found, "The server has this. And this is new.")
    tab.wait_until_saved()
    expect(found.locator(".conflict")).to_have_count(0)
    assert len(lost) == 1
    assert stored() == "The server has this. And this is new."


def test_submitting_waits_for_the_network(tab: Hands) -> None:
    found = begun(tab, "Begun.")
    tab.grade(found, "Accuracy", "2 Moderate")
    tab.rate(3)
    tab.wait_until_saved()
    tab.page.context.set_offline(True)
    tab.write(found, "Finished without a network.")
    tab.submit()
    expect(tab.page.get_by_text("Submitting as soon as everything is saved…")).to_be_visible()
    tab.page.context.set_offline(False)
    tab.sees_submitted()
    assert stored() == "Finished without a network."


def test_a_lost_session_loses_no_text(tab: Hands, work: Assignment) -> None:
    found = begun(tab, "Begun.")
    Session.objects.all().delete()
    tab.write(found, "Typed after the session had ended.")
    expect(tab.page.get_by_text("You have been signed out.")).to_be_visible()
    with tab.page.context.expect_page() as opened:
        tab.page.get_by_role("link", name="Sign in again").click()
    opened.value.get_by_label("Username").fill(work.labeler.user.username)
    opened.value.get_by_label("Password").fill(PASSWORD)
    opened.value.get_by_role("button", name="Sign in").click()
    expect(opened.value.get_by_role("heading", name="Your work")).to_be_visible()
    tab.wait_until_saved()
    expect(tab.page.get_by_text("You have been signed out.")).to_have_count(0)
    assert stored() == "Typed after the session had ended."


def test_an_unreachable_server_is_told_where_no_form_tells_it(tab: Hands) -> None:
    found = begun(tab, "To be removed.")
    tab.page.context.set_offline(True)
    found.get_by_role("button", name="Remove").click()
    expect(tab.page.get_by_text("The server cannot be reached.")).to_be_visible()
    tab.page.context.set_offline(False)
    found.get_by_role("button", name="Remove").click()
    expect(tab.page.get_by_text("Critique removed.")).to_be_visible()
    expect(tab.page.get_by_text("The server cannot be reached.")).to_have_count(0)


def test_critiques_begun_without_a_network_are_saved_in_their_order(tab: Hands) -> None:
    tab.page.context.set_offline(True)
    for text in ("First.", "Second.", "Third."):
        tab.write(tab.add(), text)
    expect(tab.critique(1).locator(".unsaved")).to_be_visible()
    tab.page.context.set_offline(False)
    tab.wait_until_saved()
    tab.page.reload()
    shown = [tab.critique(number).locator("textarea").input_value() for number in (1, 2, 3)]
    assert shown == ["First.", "Second.", "Third."]
