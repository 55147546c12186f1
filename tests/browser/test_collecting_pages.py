"""The pages of a collection round can be used by everybody: in light, in the dark, on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from labeling.actions.onboarding import publish_instructions, publish_quiz
from labeling.enums import Activity, Role
from labeling.forms.onboarding import read_questions
from tests.browser import test_answering as answering
from tests.browser import test_demonstrating as demonstrating
from tests.browser import test_refining as refining
from tests.browser.conftest import Visit
from tests.browser.test_every_page import DARK, LIGHT, PHONE, violations
from tests.factories import make_user
from tests.labeling.test_onboarding import WRITTEN
from tests.sittings import make_passage, round_of

Visits = Callable[..., Visit]
Look = dict[str, object]
looks = pytest.mark.parametrize("look", [LIGHT, DARK, PHONE], ids=["light", "dark", "phone"])


def looking(visit: Visits, look: Look) -> Visits:
    return lambda user: visit(user, **look)


@looks
def test_writing_questions(visit: Visits, look: Look) -> None:
    _, page = answering.start(looking(visit, look), misleading=True)
    for _ in range(2):
        card = answering.add(page)
        answering.write(card, "What burned?", "The mill.")
        card.get_by_role("button", name="Describe a flaw").click()
        expect(card.locator("form.critique")).to_have_count(1)
    answering.add(page).get_by_role("button", name="Remove").last.click()
    expect(page.get_by_text("Question removed.")).to_be_visible()
    answering.saved(page)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".finish .refusal")).to_be_visible()
    assert violations(page) == []


@looks
def test_ranking_critiquing_and_mending(visit: Visits, look: Look) -> None:
    _, page = demonstrating.start(looking(visit, look))
    bad = demonstrating.card(page, "1882")
    link = demonstrating.criticise(bad, "Wrong.", "Right.")
    demonstrating.quote(page, link, "pre.passage", "1872")
    demonstrating.begin_critique(bad)
    bad.get_by_text("More about this answer").click()
    demonstrating.saved(page)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".finish .refusal")).to_be_visible()
    assert violations(page) == []


@looks
def test_refining(visit: Visits, look: Look) -> None:
    _, page = refining.start(looking(visit, look), conditional=True)
    page.get_by_label("Your better answer").first.fill("Better.")
    expect(page.locator("[data-unsaved]")).to_have_count(0)
    assert violations(page) == []


@looks
def test_agreeing_and_the_quiz(visit: Visits, look: Look) -> None:
    labeler = make_user("labeler1").labeler
    study = round_of(Activity.ANSWERING, [make_passage()], labelers=[labeler])
    publish_instructions(study, text="Write questions.", consent="My work may be published.")
    publish_quiz(study, Activity.ANSWERING, questions=read_questions(WRITTEN), pass_mark=2)
    page = visit(labeler.user, **look).page(f"/onboarding/{study.public_id}/consent/")
    assert violations(page) == []
    page.goto(page.url.replace("consent", "answering/quiz"))
    assert violations(page) == []
    page.get_by_role("radio", name="A guess").check()
    page.get_by_role("radio", name="Nobody").check()
    page.get_by_role("button", name="Check my answers").click()
    expect(page.get_by_role("heading", name="Not quite yet")).to_be_visible()
    assert violations(page) == []
    admin = visit(make_user("admin", Role.ADMIN), **look).page(f"/onboarding/{study.public_id}/write/")
    assert violations(admin) == []
    admin.goto(admin.url.replace("/onboarding/", "/studies/").replace("/write/", "/passages/"))
    assert violations(admin) == []
