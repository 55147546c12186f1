"""Admins look after accounts; whoever gets a link chooses a password with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from labeling.enums import Role
from labeling.models import Study, User
from tests.browser.conftest import Visit
from tests.browser.screens import LOOKS
from tests.browser.test_every_page import violations
from tests.factories import make_labelers, make_question, make_user

Visits = Callable[..., Visit]


@pytest.mark.parametrize("look", LOOKS)
def test_an_account_from_its_making_to_its_closing(visit: Visits, look: str) -> None:
    admin = make_user("ada", Role.ADMIN)
    Study.objects.create(name="Harbours").labelers.set(make_labelers(60))
    page = visit(admin, **LOOKS[look]).page("/people/")
    width = LOOKS[look]["viewport"]["width"]  # type: ignore[index]

    def looks_right() -> None:
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    looks_right()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Page 2 of 2")).to_be_visible()
    page.get_by_role("link", name="New account").click()
    page.get_by_label("Username").fill("ada")
    page.get_by_role("button", name="Make the account").click()
    expect(page.locator(".refusal")).to_be_visible()
    looks_right()
    page.get_by_label("Username").fill("mara")
    page.get_by_label("Username").press("Enter")
    link = page.get_by_label("Link to choose a password").input_value()
    looks_right()
    stranger = visit(**LOOKS[look]).page(link.partition("/password/")[1] + link.partition("/password/")[2])
    stranger.get_by_label("New password", exact=True).fill("short")
    stranger.get_by_label("New password confirmation").fill("short")
    stranger.get_by_role("button", name="Set the password").click()
    expect(stranger.locator(".refusal")).to_be_visible()
    assert violations(stranger) == []
    stranger.get_by_label("New password", exact=True).fill("an entirely new password")
    stranger.get_by_label("New password confirmation").fill("an entirely new password")
    stranger.get_by_role("button", name="Set the password").click()
    stranger.get_by_label("Username").fill("mara")
    stranger.get_by_label("Password").fill("an entirely new password")
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger.get_by_role("button", name="Sign out")).to_be_visible()

    page.reload()
    expect(page.get_by_label("Link to choose a password")).to_have_count(0)
    page.get_by_role("button", name="Close the account").click()
    expect(page.get_by_text("The account of mara is closed.")).to_be_visible()
    looks_right()
    assert not User.objects.get(username="mara").is_active
    stranger.reload()
    expect(stranger.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_a_wrong_text_is_mended_on_its_passages_page(visit: Visits, look: str) -> None:
    question = make_question()
    page = visit(make_user("ada", Role.ADMIN), **LOOKS[look]).page(f"/passages/{question.passage.pk}/")
    page.get_by_text("Mend this question…").click()
    page.get_by_label("The question as it should be").fill("Who built it?")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= LOOKS[look]["viewport"]["width"]  # type: ignore[index]
    page.get_by_role("button", name="Save the wording").click()
    expect(page.get_by_text("The question is mended.")).to_be_visible()
    page.get_by_text("Mend this question…").click()
    page.get_by_role("button", name="Remove this question").click()
    expect(page.get_by_text("No questions about this passage.")).to_be_visible()
