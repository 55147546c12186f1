"""Refining answers in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from labeling.enums import Activity
from labeling.models import Assignment, Refinement
from tests.browser.conftest import Visit
from tests.factories import make_bundle
from tests.sittings import asked, make_passage, sitting_for

Visits = Callable[..., Visit]


def start(visit: Visits, *, conditional: bool = False) -> tuple[Assignment, Page]:
    passage = make_passage()
    question = asked(passage, "What happened to the mill?", ["The mill\r\nburned in 1882.", "No answer"])
    for answer in question.answers.all():
        make_bundle(answer)
    work = sitting_for(Activity.REFINING, passage, options={"answers_each": 2, "conditional": conditional})
    return work, visit(work.labeler.user).page(work.get_absolute_url())


def test_a_labeler_refines_in_the_light_of_a_critique_and_hands_in(visit: Visits) -> None:
    _, page = start(visit, conditional=True)
    expect(page.get_by_text("The year is wrong: it was 1872.")).to_have_count(2)
    page.get_by_label("Your better answer").first.fill("The mill burned in 1872.")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Answer 2 is still as it was")).to_be_visible()
    page.get_by_label("The critique does not hold").last.check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Submitted")).to_be_visible()
    first, second = Refinement.objects.order_by("position")
    assert first.text == "The mill burned in 1872."
    assert (second.is_kept, second.text) == (True, second.answer.text)


def test_a_reload_loses_nothing(visit: Visits) -> None:
    _, page = start(visit)
    expect(page.get_by_text("Critique", exact=True)).to_have_count(0)
    page.get_by_label("Your better answer").first.fill("\nTwo\nlines.")
    expect(page.locator("[data-unsaved]")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("Your better answer").first).to_have_value("\nTwo\nlines.")
