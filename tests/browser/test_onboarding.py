"""Agreement and quiz before the first text, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from labeling.actions.onboarding import publish_instructions, publish_quiz
from labeling.enums import Activity
from labeling.forms.onboarding import read_questions
from labeling.models import Assignment
from tests.browser.conftest import Visit
from tests.factories import make_user
from tests.labeling.test_onboarding import WRITTEN
from tests.sittings import make_passage, round_of


def test_a_labeler_agrees_learns_from_the_quiz_and_starts(visit: Callable[..., Visit]) -> None:
    labeler = make_user("labeler1").labeler
    study = round_of(Activity.ANSWERING, [make_passage()], labelers=[labeler])
    version = publish_instructions(study, text="Write questions.", consent="My work may be published.")
    publish_quiz(study, Activity.ANSWERING, questions=read_questions(WRITTEN), pass_mark=2)
    page = visit(labeler.user).page("/")
    page.get_by_role("button", name="Start next").click()
    expect(page.get_by_text("My work may be published.")).to_be_visible()
    page.get_by_role("button", name="I have read this and agree").click()
    page.get_by_role("button", name="Start next").click()
    page.get_by_role("radio", name="A guess").check()
    page.get_by_role("radio", name="Other labelers").check()
    page.get_by_role("button", name="Check my answers").click()
    expect(page.get_by_role("heading", name="Not quite yet")).to_be_visible()
    expect(page.get_by_text("It says so in the instructions.")).to_be_visible()
    page.get_by_role("link", name="Try again").click()
    page.get_by_role("radio", name="No answer").check()
    page.get_by_role("radio", name="Other labelers").check()
    page.get_by_role("button", name="Check my answers").click()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("heading", name="Your questions")).to_be_visible()
    assert Assignment.objects.get().instruction == version
