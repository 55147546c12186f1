"""Writing questions and answers in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from labeling.enums import Activity, AnswerKind
from labeling.models import Answer, Assignment, DraftQuestion, IntendedCritique, Question
from tests.browser.conftest import Visit
from tests.sittings import make_passage, sitting_for

Visits = Callable[..., Visit]


def start(visit: Visits, *, misleading: bool = False) -> tuple[Assignment, Page]:
    work = sitting_for(Activity.ANSWERING, make_passage(), options={"misleading": misleading})
    return work, visit(work.labeler.user).page(work.get_absolute_url())


def add(page: Page) -> Locator:
    cards = page.locator("article.card-numbered")
    before = cards.count()
    page.get_by_role("button", name="Add a question").click()
    expect(cards).to_have_count(before + 1)
    return cards.last


def saved(page: Page) -> None:
    expect(page.locator("[data-unsaved]")).to_have_count(0)


def write(card: Locator, question: str, answer: str) -> None:
    card.get_by_label("Question", exact=True).fill(question)
    card.get_by_label("Honest answer").fill(answer)


def test_a_labeler_asks_answers_hides_a_flaw_and_hands_in(visit: Visits) -> None:
    _, page = start(visit, misleading=True)
    card = add(page)
    expect(card.get_by_label("Question", exact=True)).to_be_focused()
    write(card, "What burned?", "The mill, in 1872.")
    card.get_by_label("Misleading answer", exact=True).fill("The mill, in 1882.")
    card.get_by_role("button", name="Describe a flaw").click()
    flaw = card.locator("form.critique")
    flaw.get_by_role("textbox").first.fill("It was 1872.")
    flaw.get_by_role("radio", name="Accuracy").check()
    flaw.get_by_role("radio", name="3 Major").check()

    uncovered = add(page)
    uncovered.get_by_label("Question", exact=True).fill("Who was hurt?")
    uncovered.get_by_label("The text does not cover this").check()
    expect(uncovered.get_by_label("Honest answer")).to_be_hidden()
    expect(uncovered.get_by_text("The honest answer is “No answer”.")).to_be_visible()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Submitted")).to_be_visible()

    assert [(q.text, q.covered) for q in Question.objects.order_by("index")] == [
        ("What burned?", True),
        ("Who was hurt?", False),
    ]
    assert sorted(Answer.objects.values_list("kind", "text")) == [
        (AnswerKind.HUMAN, "No answer"),
        (AnswerKind.HUMAN, "The mill, in 1872."),
        (AnswerKind.HUMAN_MISLEADING, "The mill, in 1882."),
    ]
    assert IntendedCritique.objects.get().severity == 3


def test_a_reload_loses_nothing(visit: Visits) -> None:
    _, page = start(visit, misleading=True)
    card = add(page)
    write(card, "\nTwo\nlines?", " An answer with edges. ")
    card.get_by_role("button", name="Describe a flaw").click()
    card.locator("form.critique textarea").fill("The flaw.")
    saved(page)
    page.reload()
    card = page.locator("article.card-numbered")
    expect(card.get_by_label("Question", exact=True)).to_have_value("\nTwo\nlines?")
    expect(card.get_by_label("Honest answer")).to_have_value(" An answer with edges. ")
    expect(card.locator("form.critique textarea")).to_have_value("The flaw.")
    card.get_by_role("button", name="Describe a flaw").click()
    expect(card.locator("form.critique")).to_have_count(2)


def test_what_is_missing_is_said_and_shown(visit: Visits) -> None:
    _, page = start(visit)
    card = add(page)
    card.get_by_label("Question", exact=True).fill("What burned?")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Question 1 has no honest answer yet.")).to_be_visible()
    page.get_by_role("link", name="Show where").click()
    expect(card.get_by_label("Honest answer")).to_be_in_viewport()


def test_a_removed_question_comes_back_with_its_text(visit: Visits) -> None:
    _, page = start(visit)
    card = add(page)
    write(card, "What burned?", "The mill.")
    saved(page)
    card.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Question removed.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("article.card-numbered").get_by_label("Honest answer")).to_have_value("The mill.")


def test_two_tabs_are_told_of_each_other(visit: Visits) -> None:
    work, page = start(visit)
    write(add(page), "What burned?", "The mill.")
    saved(page)
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("Honest answer").fill("The old mill.")
    expect(other.locator("[data-unsaved]")).to_have_count(0)
    page.get_by_label("Honest answer").fill("The new mill.")
    expect(page.get_by_text("This was changed in another tab.")).to_be_visible()
    expect(page.locator(".other-text").last).to_have_text("The old mill.")
    page.get_by_role("button", name="Keep mine").click()
    saved(page)
    assert DraftQuestion.objects.get(sitting__assignment=work).answer == "The new mill."
