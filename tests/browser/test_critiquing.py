"""The job itself, in a real browser: read, find, grade, rate, hand in."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from labeling.actions.assisting import Sample
from labeling.enums import AssignmentState, EventKind
from labeling.models import Assignment, Event, LabelerCritique, ShownSuggestion, Sitting
from tests.browser.conftest import Visit
from tests.browser.desks import ANSWER, HARBOUR, PASSAGE, QUESTION, SAMPLES, TITLE, YEAR, desk
from tests.browser.hands import Hands
from tests.factories import PASSWORD

Visits = Callable[..., Visit]


def start(visit: Visits, *, assisted: bool, samples: list[Sample] = SAMPLES) -> tuple[Assignment, Hands]:
    work = desk(assisted=assisted, samples=samples)
    return work, Hands(visit(work.labeler.user).page(work.get_absolute_url()))


def critiques() -> list[LabelerCritique]:
    return list(LabelerCritique.objects.select_related("critique", "suggestion_used__critique").order_by("position"))


def test_a_labeler_signs_in_finds_critiques_and_hands_them_in(visit: Visits) -> None:
    work = desk(assisted=False)
    page = visit().page("/")
    page.get_by_label("Username").fill(work.labeler.user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    assert page.locator("pre.passage").text_content() == PASSAGE
    expect(page.get_by_text(QUESTION)).to_be_visible()
    expect(page.get_by_text(ANSWER)).to_be_visible()

    hands = Hands(page)
    first = hands.add()
    expect(first.locator("textarea")).to_be_focused()
    hands.write(first, "The bridge was finished in 1996.")
    hands.grade(first, "Accuracy", "3 Major")
    second = hands.add()
    hands.write(second, "It reads well but says two things at once.")
    hands.grade(second, "Other", "1 Minor")
    second.get_by_label("What is it about?").fill("Style")
    third = hands.add()
    third.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Critique removed.")).to_be_visible()
    hands.rate(4)
    hands.submit()
    hands.sees_submitted()

    sitting = Sitting.objects.get(assignment=work)
    assert sitting.rating == 4
    assert sitting.total_time_ms is not None
    assert sitting.total_time_ms >= sitting.active_time_ms > 0
    kept = [found for found in critiques() if found.removed_ms is None]
    assert [(found.critique.text, found.category, found.category_text, found.severity) for found in kept] == [
        ("The bridge was finished in 1996.", "accuracy", "", 3),
        ("It reads well but says two things at once.", "other", "Style", 1),
    ]
    page.get_by_role("button", name="Start next").click()
    expect(page.get_by_text("nothing to do right now")).to_be_visible()
    expect(page.get_by_role("cell", name=TITLE)).to_be_visible()


def test_an_assisted_labeler_uses_suggestions_as_they_are_and_edited(visit: Visits) -> None:
    work, hands = start(visit, assisted=True)
    page = hands.page
    assert page.locator(".suggestion-text").all_inner_texts()[:3] == [
        YEAR,
        "Ida did not become a toll collector: she declined the post.",
        HARBOUR,
    ]
    assert page.locator(".score").all_inner_texts()[0].split()[-1] == "0.93"

    verbatim = hands.use(1)
    expect(verbatim.locator("textarea")).to_have_value(YEAR)
    hands.grade(verbatim, "Accuracy", "4 Critical")
    edited = hands.use(3)
    hands.write(edited, "Sixty pupils are missing.")
    hands.grade(edited, "Coverage", "2 Moderate")
    again = hands.use(1)
    expect(page.locator("#suggestion-1")).to_contain_text("Used 2×")
    again.get_by_role("button", name="Remove").click()
    expect(page.locator("#used-1")).to_have_text("Used")
    hands.rate(3)
    hands.submit()
    hands.sees_submitted()

    first, second, third = critiques()
    assert first.critique.text == YEAR
    assert first.first_modified_ms == first.last_modified_ms is not None
    assert second.critique.text == "Sixty pupils are missing."
    assert second.last_modified_ms is not None
    assert second.first_modified_ms is not None
    assert second.last_modified_ms > second.first_modified_ms
    assert third.removed_ms is not None
    shown = ShownSuggestion.objects.filter(assignment=work).order_by("rank")
    assert [row.times_used for row in shown] == [2, 0, 1, 0, 0, 0]


def test_a_used_suggestion_stays_verbatim_whatever_a_browser_does_to_its_line_ends(visit: Visits) -> None:
    odd = "\n First line.\r\nSecond line.\rThird. "
    _, hands = start(visit, assisted=True, samples=[Sample(0.0, odd, 0.5, None)])
    hands.grade(hands.use(1), "Accuracy", "2 Moderate")
    hands.wait_until_saved()
    (found,) = critiques()
    assert (found.critique.text, found.category, found.severity) == (odd, "accuracy", 2)


def test_a_rating_below_seven_without_a_critique_is_refused_where_it_was_given(visit: Visits) -> None:
    work, hands = start(visit, assisted=False)
    hands.submit()
    expect(hands.page.locator(".finish .refusal")).to_contain_text("Rate the answer from 1 to 7")
    hands.rate(5)
    hands.submit()
    expect(hands.page.locator(".finish .refusal")).to_contain_text("You rated the answer 5")
    work.refresh_from_db()
    assert work.state == AssignmentState.OPENED


def test_a_seven_with_critiques_is_asked_about_once(visit: Visits) -> None:
    work, hands = start(visit, assisted=False)
    found = hands.add()
    hands.write(found, "A comma is missing.")
    hands.grade(found, "Coherence", "1 Minor")
    hands.rate(7)
    hands.submit()
    expect(hands.page.get_by_text("Submit both?")).to_be_visible()
    work.refresh_from_db()
    assert work.state == AssignmentState.OPENED
    hands.page.get_by_role("button", name="Yes, go on").click()
    hands.sees_submitted()


def test_what_is_still_being_typed_is_handed_in_too(visit: Visits) -> None:
    _, hands = start(visit, assisted=False)
    found = hands.add()
    hands.grade(found, "Accuracy", "3 Major")
    hands.rate(2)
    hands.wait_until_saved()
    hands.write(found, "Typed in the last moment.")
    found.locator("textarea").press("Control+Enter")  # closes the critique
    expect(hands.page.get_by_role("button", name="Add a critique")).to_be_focused()
    hands.page.keyboard.press("Control+Enter")
    expect(hands.page.get_by_text("Submit? Then nothing can be changed")).to_be_visible()
    assert Sitting.objects.get().submitted_at is None
    hands.page.keyboard.press("Control+Enter")
    hands.sees_submitted()
    assert critiques()[0].critique.text == "Typed in the last moment."


def test_submitting_ten_times_makes_one_record(visit: Visits) -> None:
    work, hands = start(visit, assisted=False)
    hands.rate(7)
    hands.wait_until_saved()
    hands.submit()
    hands.page.get_by_text("found nothing wrong with it").wait_for()
    statuses = hands.page.evaluate(
        """async (address) => {
            const token = document.cookie.match(/csrftoken=([^;]+)/)[1];
            const headers = { "X-CSRFToken": token, "HX-Request": "true" };
            const body = () => new URLSearchParams({ confirmed: "1" });
            const send = () => fetch(address, { method: "POST", headers, body: body() });
            return (await Promise.all(Array.from({ length: 10 }, send))).map((answer) => answer.status);
        }""",
        f"{work.get_absolute_url()}submit/",
    )
    assert statuses == [200] * 10
    assert Event.objects.filter(assignment=work, kind=EventKind.SUBMITTED).count() == 1
    first = Sitting.objects.get().submitted_at
    hands.page.get_by_role("button", name="Submit").dblclick()
    hands.sees_submitted()
    assert Sitting.objects.get().submitted_at == first


def test_adding_twice_by_a_double_click_makes_one_critique(visit: Visits) -> None:
    _, hands = start(visit, assisted=False)
    hands.page.get_by_role("button", name="Add a critique").dblclick()
    hands.page.wait_for_timeout(500)
    shown = hands.page.locator("form.critique").count()
    assert shown == len(critiques()) == len({found.client_key for found in critiques()})


def test_a_text_read_before_is_given_back(visit: Visits) -> None:
    work, hands = start(visit, assisted=False)
    page = hands.page
    page.get_by_text("Something is wrong with this text").click()
    page.get_by_role("button", name="I have read this text before").click()
    page.get_by_role("button", name="Go on working").click()
    page.get_by_role("button", name="I have read this text before").click()
    page.get_by_role("button", name="Give it back").click()
    expect(page.get_by_role("heading", name="Your work")).to_be_visible()
    page.get_by_text("Texts closed to you").click()
    expect(page.get_by_text("You had read it before.")).to_be_visible()
    work.refresh_from_db()
    assert (work.state, work.release_reason) == (AssignmentState.RELEASED, "seen_before")


def test_what_is_shown_as_used_is_what_is_used_now(visit: Visits) -> None:
    work, hands = start(visit, assisted=True)
    page = hands.page
    found = hands.use(1)
    hands.wait_until_saved()
    mark = page.locator("#used-1")
    expect(mark).to_have_text("Used")
    found.get_by_role("button", name="Remove").click()
    expect(mark).to_be_empty()
    page.reload()
    expect(mark).to_be_empty()
    page.get_by_role("button", name="Undo").click()
    expect(mark).to_have_text("Used")
    mark.get_by_role("link").click()
    expect(hands.critique(1).locator("textarea")).to_be_focused()
    assert ShownSuggestion.objects.get(assignment=work, rank=0).times_used == 1
    kinds = [EventKind.SUGGESTION_USED, EventKind.CRITIQUE_REMOVED, EventKind.CRITIQUE_RESTORED]
    assert list(Event.objects.filter(kind__in=kinds).order_by("pk").values_list("kind", flat=True)) == kinds


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_the_whole_job_is_done_without_a_mouse(visit: Visits) -> None:
    work, hands = start(visit, assisted=True)
    page = hands.page
    press(page, "?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    press(page, "Escape", "F6", "2")
    expect(page.locator("form.critique textarea")).to_be_focused()
    press(page, "Tab", "Space", "ArrowRight", "Tab", "Space")
    expect(hands.critique(1).get_by_role("radio", name="Accuracy")).to_be_checked()
    expect(hands.critique(1).get_by_role("radio", name="1 Minor")).to_be_checked()
    press(page, "n")
    expect(hands.critique(2).locator("textarea")).to_be_focused()
    page.keyboard.type("n1? is typed, not pressed.")
    press(page, "Tab", "Space", "Tab", "Space", "3")
    expect(hands.critique(2).get_by_role("radio", name="3 Major")).to_be_checked()
    press(page, "Tab", "Tab", "Tab", "Space", "ArrowRight", "ArrowRight")
    expect(page.locator("form.critique")).to_have_count(2)
    press(page, "Control+Enter", "Enter")
    hands.sees_submitted()
    expect(page.get_by_role("button", name="Start next")).to_be_focused()
    assert Sitting.objects.get(assignment=work).rating == 3
    assert [found.critique.text for found in critiques()][1] == "n1? is typed, not pressed."


def test_the_page_works_without_javascript(visit: Visits) -> None:
    work = desk(assisted=True)
    page = visit(work.labeler.user, java_script_enabled=False).page(work.get_absolute_url())
    page.get_by_role("button", name="Use suggestion 1").click()
    found = page.locator("form.critique")
    found.locator("textarea").fill("Edited.")
    found.get_by_role("radio", name="Accuracy").check()
    found.get_by_role("radio", name="2 Moderate").check()
    found.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Rate the answer from 1 to 7")).to_be_visible()  # in the page itself
    page.locator("#rating").get_by_role("radio", name="7").check()
    page.locator("#rating").get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("button", name="Yes, go on").click()
    expect(page.get_by_role("heading", name="Submitted")).to_be_visible()
    assert critiques()[0].critique.text == "Edited."
