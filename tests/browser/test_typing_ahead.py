"""Letters typed ahead: whatever is typed, at any pace and any latency, ends whole in what was just begun.

Nothing but a deliberate gesture uses a suggestion. The kind is tested with drawn texts, paces and latencies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from labeling.models import ChainLink, DraftIntended, DraftQuestion, LabelerCritique, ShownSuggestion
from tests.browser import test_answering as answering
from tests.browser import test_demonstrating as demonstrating
from tests.browser.conftest import Visit
from tests.browser.desks import desk

Visits = Callable[..., Visit]
#: Every letter that is a key on some desk, and what sentences are made of. Esc may fall anywhere.
LETTERS = [*"12345678nq?/ in.é", "\n", "Escape"]


@dataclass(frozen=True)
class Typing:
    """What somebody types, how fast, over which network."""

    keys: list[str]
    pace_ms: int
    latency_ms: int

    @property
    def text(self) -> str:
        return "".join(key for key in self.keys if key != "Escape")


TYPINGS = st.builds(
    Typing,
    keys=st.lists(st.sampled_from(LETTERS), min_size=3, max_size=20),
    pace_ms=st.sampled_from([0, 5, 60]),
    latency_ms=st.integers(min_value=0, max_value=2_000),
)


def drawn(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """So many draws, always the same ones: each takes some seconds of a real browser."""
    return settings(max_examples=examples, deadline=None, derandomize=True, database=None, phases=[Phase.generate])


class Keyboard:
    """A page behind a network of a chosen latency."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.network = page.context.new_cdp_session(page)
        self.network.send("Network.enable")

    def slow_down(self, latency_ms: int) -> None:
        rates = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
        self.network.send("Network.emulateNetworkConditions", {"latency": latency_ms, **rates})

    def type(self, typing: Typing) -> None:
        for key in typing.keys:
            if key in {"\n", "Escape"}:
                self.page.keyboard.press("Enter" if key == "\n" else key)
            else:
                self.page.keyboard.type(key)
            if typing.pace_ms:
                self.page.wait_for_timeout(typing.pace_ms)

    def begin_and_type(self, gesture: Callable[[], None], typing: Typing) -> None:
        """From nowhere in particular, begin something by this gesture, type on at once, and let it be saved."""
        self.page.locator("h1").click()
        self.slow_down(typing.latency_ms)
        gesture()
        self.type(typing)
        expect(self.page.locator("[data-ahead]:visible")).to_have_count(0)
        expect(self.page.locator("[data-unsaved]")).to_have_count(0)
        self.slow_down(0)


def test_whatever_is_typed_after_adding_or_using_ends_whole_in_one_critique(visit: Visits) -> None:
    work = desk(assisted=True)
    page = visit(work.labeler.user).page(work.get_absolute_url())
    keyboard = Keyboard(page)
    texts = [""] + [shown.suggestion.critique.text for shown in work.shown_suggestions.order_by("rank")]
    gestures: dict[str, tuple[int, Callable[[], None]]] = {
        "n": (0, lambda: page.keyboard.press("n")),
        "Add": (0, lambda: page.get_by_role("button", name="Add a critique").click()),
        "F6 2": (2, lambda: [page.keyboard.press(key) for key in ("F6", "2")] and None),
        "Use 3": (3, lambda: page.get_by_role("button", name="Use suggestion 3").click()),
    }
    expected, used = [], dict.fromkeys(range(1, len(texts)), 0)

    @drawn(7)
    @given(gesture=st.sampled_from(sorted(gestures)), typing=TYPINGS)
    def types(gesture: str, typing: Typing) -> None:
        suggestion, begin = gestures[gesture]
        keyboard.begin_and_type(begin, typing)
        expected.append(texts[suggestion] + typing.text)
        if suggestion:
            used[suggestion] += 1
        found = LabelerCritique.objects.select_related("critique").order_by("position")
        assert [one.critique.text for one in found] == expected
        assert {shown.rank + 1: shown.times_used for shown in ShownSuggestion.objects.all()} == used

    types()
    page.reload()
    assert [area.input_value() for area in page.locator("form.critique textarea").all()] == expected


def test_whatever_is_typed_after_asking_or_describing_ends_whole_in_one_field(visit: Visits) -> None:
    _, page = answering.start(visit, misleading=True)
    keyboard = Keyboard(page)
    questions: list[str] = []
    flaws: list[str] = []

    @drawn(2)
    @given(by_key=st.booleans(), asking=TYPINGS, describing=TYPINGS)
    def types(by_key: bool, asking: Typing, describing: Typing) -> None:
        button = page.get_by_role("button", name="Add a question")
        keyboard.begin_and_type(lambda: page.keyboard.press("n") if by_key else button.click(), asking)
        keyboard.begin_and_type(page.get_by_role("button", name="Describe a flaw").last.click, describing)
        questions.append(asking.text)
        flaws.append(describing.text)
        assert [draft.text for draft in DraftQuestion.objects.order_by("pk")] == questions
        assert [flaw.text for flaw in DraftIntended.objects.order_by("pk")] == flaws

    types()


def test_whatever_is_typed_after_criticising_ends_whole_in_one_critique(visit: Visits) -> None:
    _, page = demonstrating.start(visit)
    keyboard = Keyboard(page)
    card = demonstrating.card(page, "1882")

    @drawn(2)
    @given(typing=TYPINGS)
    def types(typing: Typing) -> None:
        keyboard.begin_and_type(card.get_by_role("button", name="Criticise").click, typing)
        link = ChainLink.objects.get()
        assert link.critique.text == typing.text
        assert not link.quotes.exists()
        card.get_by_role("button", name="Remove").click()
        expect(card.locator("form.link")).to_have_count(0)

    types()


def test_a_flaw_described_before_its_question_has_arrived_finds_it(visit: Visits) -> None:
    _, page = answering.start(visit, misleading=True)
    Keyboard(page).slow_down(1_000)
    page.keyboard.press("n")
    page.keyboard.type("What burned?")
    page.get_by_role("button", name="Describe a flaw").click()
    page.keyboard.type("It was 1872.")
    answering.saved(page)
    assert DraftIntended.objects.get().draft.text == "What burned?"


def test_a_digit_uses_nothing_unless_the_suggestions_have_the_focus(visit: Visits) -> None:
    work = desk(assisted=True)
    page = visit(work.labeler.user).page(work.get_absolute_url())
    page.keyboard.type("1 of 2")
    page.keyboard.press("n")
    page.keyboard.press("Tab")
    page.keyboard.type("123")
    expect(page.locator("[data-unsaved]")).to_have_count(0)
    expect(page.locator("form.critique")).to_have_count(1)
    assert not ShownSuggestion.objects.filter(times_used__gt=0).exists()
    page.keyboard.press("F6")
    expect(page.locator(".suggestion-list")).to_be_focused()
    page.keyboard.press("1")
    expect(page.locator("#suggestion-1")).to_contain_text("Used")
    expect(page.locator("form.critique")).to_have_count(2)


def test_what_comes_late_takes_no_focus_from_somebody_who_writes(visit: Visits) -> None:
    work = desk(assisted=False)
    page = visit(work.labeler.user).page(work.get_absolute_url())
    page.keyboard.press("n")
    page.keyboard.type("To be removed.")
    expect(page.locator("[data-unsaved]")).to_have_count(0)
    Keyboard(page).slow_down(800)
    page.get_by_role("button", name="Remove").click()
    page.keyboard.press("n")
    page.keyboard.type("Begun before ")
    expect(page.get_by_text("Critique removed.")).to_be_visible()
    page.keyboard.type("and after.")
    expect(page.locator("form.critique textarea")).to_have_value("Begun before and after.")
    expect(page.locator("[data-unsaved]")).to_have_count(0)


def test_undo_and_taking_the_other_tabs_text_give_the_focus_to_the_text(visit: Visits) -> None:
    work = desk(assisted=False)
    page = visit(work.labeler.user).page(work.get_absolute_url())
    page.keyboard.press("n")
    page.keyboard.type("Mine.")
    expect(page.locator("[data-unsaved]")).to_have_count(0)
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    text = page.locator("form.critique textarea")
    expect(text).to_be_focused()
    for choice in ("Keep mine", "Take the other"):
        other = page.context.new_page()
        other.goto(page.url)
        other.locator("form.critique textarea").fill(f"Other, before {choice}.")
        expect(other.locator("[data-unsaved]")).to_have_count(0)
        other.close()
        text.fill(f"Mine, before {choice}.")
        page.get_by_role("button", name=choice).click()
        expect(text).to_be_focused()
        expect(page.locator("[data-unsaved]")).to_have_count(0)
