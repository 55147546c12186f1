"""What holds on every page: usable by everybody, light, and inside the content security policy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response, expect

from labeling.actions import critiquing
from labeling.enums import Role
from labeling.models import Passage, Study
from tests.browser.conftest import Visit
from tests.browser.desks import desk
from tests.browser.hands import Hands
from tests.factories import make_user
from tests.labeling.every_page import DESKS, say_everywhere

Visits = Callable[..., Visit]
KILOBYTE = 1_000
LIGHT = {"color_scheme": "light"}
DARK = {"color_scheme": "dark"}
PHONE = {"viewport": {"width": 360, "height": 740}}


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{page.url}: {each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize(
    ("assisted", "look"),
    [(False, LIGHT), (True, DARK), (True, PHONE)],
    ids=["unassisted in light", "assisted in the dark", "assisted on a phone"],
)
def test_the_desk_in_every_state_has_no_accessibility_violation(
    visit: Visits, assisted: bool, look: dict[str, object]
) -> None:
    work = desk(assisted=assisted)
    hands = Hands(visit(work.labeler.user, **look).page(work.get_absolute_url()))
    page = hands.page
    found = hands.use(1) if assisted else hands.add()
    hands.write(found, "Begun.")
    hands.grade(found, "Other", "2 Moderate")
    hands.rate(4)
    hands.wait_until_saved()
    hands.submit()
    expect(page.locator(".finish .refusal")).to_be_visible()
    other = page.context.new_page()
    other.goto(page.url)
    Hands(other).write(Hands(other).critique(1), "Changed in the other tab.")
    Hands(other).wait_until_saved()
    hands.write(found, "Changed here.")
    expect(page.locator(".conflict")).to_be_visible()
    hands.add().get_by_role("button", name="Remove").click()
    expect(page.locator(".removed")).to_be_visible()
    page.get_by_text("Something is wrong with this text").click()
    assert violations(page) == []
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("look", [LIGHT, DARK, PHONE], ids=["light", "dark", "phone"])
def test_the_other_pages_have_no_accessibility_violation(visit: Visits, look: dict[str, object]) -> None:
    stranger = visit(**look).page("/sign-in/")
    stranger.get_by_label("Username").fill("nobody")
    stranger.get_by_label("Password").fill("nothing")
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger.locator(".refusal")).to_be_visible()
    assert violations(stranger) == []

    work = desk(assisted=False)
    page = visit(work.labeler.user, **look).page("/")
    page.get_by_text("Texts closed to you").click()
    assert violations(page) == []
    page.goto(f"{page.url}nothing-here/")
    assert violations(page) == []
    critiquing.rate(labeler=work.labeler, assignment=work, rating=7)
    critiquing.submit(labeler=work.labeler, assignment=work, confirmed=True)
    page.goto(page.url.replace("/nothing-here/", work.get_absolute_url()))
    expect(page.get_by_role("heading", name="Submitted")).to_be_visible()
    assert violations(page) == []
    page.goto(page.url.partition("/critiquing")[0])
    assert violations(page) == []


@pytest.mark.parametrize("width", [360, 768, 960, 1440])
def test_nothing_is_wider_than_the_window(visit: Visits, width: int) -> None:
    work = desk(assisted=True)
    hands = Hands(visit(work.labeler.user, viewport={"width": width, "height": 740}).page(work.get_absolute_url()))
    hands.write(hands.use(1), "A-very-long-word" * 30)
    hands.wait_until_saved()
    assert hands.page.evaluate("document.documentElement.scrollWidth") <= width


LONG_WORD = "https://archive.example.org/harbour/2021/logs/keeper_of_the_north_light_transcript_final_v2.html"


@pytest.mark.parametrize("activity", DESKS)
def test_a_long_word_makes_no_desk_wider_than_a_phone(visit: Visits, activity: str) -> None:
    work = DESKS[activity]()
    say_everywhere(LONG_WORD)
    page = visit(work.labeler.user, viewport={"width": 390, "height": 740}).page(work.get_absolute_url())
    expect(page.locator("h1")).to_have_text(LONG_WORD)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(page.url.partition(f"/{activity}")[0])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_long_word_makes_no_page_of_a_study_wider_than_a_phone(visit: Visits) -> None:
    DESKS["critiquing"]()
    say_everywhere(LONG_WORD)
    study, passage = Study.objects.get(), Passage.objects.get()
    page = visit(make_user("admin", Role.ADMIN), viewport={"width": 390, "height": 740}).page("/studies/")
    site = page.url.partition("/studies/")[0]
    start = study.get_absolute_url()
    addresses = ["/studies/", start, f"{start}questions/", f"{start}labelers/", f"{start}findings/", "/passages/"]
    for address in [*addresses, f"/passages/{passage.pk}/", f"/onboarding/{study.public_id}/write/"]:
        page.goto(site + address)
        assert page.locator("h1").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address


def test_the_first_load_of_the_desk_is_at_most_120_kilobytes(visit: Visits) -> None:
    work = desk(assisted=True)
    profile = visit(work.labeler.user)
    answers: list[Response] = []

    def keep(answer: Response) -> None:
        answers.append(answer)

    profile.context.on("response", keep)
    profile.page(work.get_absolute_url()).wait_for_load_state("networkidle")
    sizes = {answer.url: len(answer.body()) for answer in answers}
    assert len(sizes) > 8
    assert sum(sizes.values()) <= 120 * KILOBYTE, sizes


def test_the_policy_forbids_what_no_page_needs(visit: Visits) -> None:
    page = visit().page("/sign-in/")
    answer = page.goto(page.url)
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
