"""Signing in, home, refusals, and the files every page is built on."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from labeling.actions import critiquing
from labeling.actions.opening import open_next
from labeling.actions.releasing import release
from labeling.actions.studies import close_study, create_study
from labeling.enums import AnswerKind, ReleaseReason, Role
from labeling.models import Assignment, Labeler
from tests.factories import PASSWORD, make_study, make_user

pytestmark = pytest.mark.django_db
VENDOR = Path(settings.BASE_DIR) / "static" / "js" / "vendor"
FRAGMENT = {"HX-Request": "true"}


def signed_in(labeler: Labeler) -> Client:
    client = Client()
    assert labeler.user is not None
    client.force_login(labeler.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def me() -> Labeler:
    make_study(2)
    return Labeler.objects.get(user__username="labeler1")


@pytest.fixture
def opened(me: Labeler) -> Assignment:
    assignment = open_next(me)
    assert assignment is not None
    return assignment


def test_every_vendored_file_is_what_its_list_says() -> None:
    listed = json.loads((VENDOR / "VENDOR.json").read_text())
    for entry in listed:
        content = (VENDOR / entry["file"]).read_bytes()
        assert base64.b64encode(hashlib.sha384(content).digest()).decode() == entry["sha384"]
        assert b"sourceMappingURL" not in content
        assert (VENDOR / entry["file"]).with_name("LICENSE").exists()
    assert {VENDOR / entry["file"] for entry in listed} == set(VENDOR.glob("*/*.js"))


def test_the_front_page_leads_strangers_to_sign_in_and_labelers_home() -> None:
    client = Client()
    asked = client.get("/", follow=True)
    assert asked.redirect_chain[-1][0].startswith("/sign-in/")
    make_user("ada")
    answered = client.post("/sign-in/", {"username": "ada", "password": PASSWORD}, follow=True)
    assert answered.redirect_chain[-1][0] == "/"
    assert b"Your work" in answered.content


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.ADMIN])
def test_the_front_page_leads_researchers_to_the_studies(role: Role) -> None:
    client = Client()
    client.force_login(make_user("grace", role), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/").headers["Location"] == "/studies/"


def test_signing_out_needs_more_than_a_link(me: Labeler) -> None:
    client = signed_in(me)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert client.get("/").status_code == 302


def test_a_password_cannot_be_guessed_for_long() -> None:
    make_user("ada")
    client = Client()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answered = client.post("/sign-in/", {"username": "ada", "password": "wrong"})
    assert answered.status_code == 429
    assert b"Too many attempts" in answered.content
    assert client.post("/sign-in/", {"username": "ada", "password": PASSWORD}).status_code == 429


def test_sign_in_leads_nowhere_else() -> None:
    make_user("ada")
    form = {"username": "ada", "password": PASSWORD, "next": "https://example.org/"}
    assert Client().post("/sign-in/", form).headers["Location"] == "/"


def test_home_tells_what_is_next_what_is_done_and_what_is_closed_and_why(me: Labeler) -> None:
    client = signed_in(me)
    assert "2 texts are ready for you." in client.get("/").content.decode()
    first = client.post("/next/", follow=True)
    assert first.status_code == 200
    assignment = Assignment.objects.of(me).get(state="opened")
    assert (
        f'You are in the middle of <strong dir="auto">{assignment.slot.passage.title}'
        in client.get("/").content.decode()
    )
    assert client.post("/next/").headers["Location"] == assignment.get_absolute_url()
    critiquing.rate(labeler=me, assignment=assignment, rating=7)
    critiquing.submit(labeler=me, assignment=assignment, confirmed=True)
    second = open_next(me)
    assert second is not None
    release(second, ReleaseReason.BROKEN_TEXT)
    home = client.get("/").content.decode()
    assert "You have finished it." in home
    assert "You reported that it is broken." in home
    assert home.count("<tr><td") == 1


def test_home_does_not_say_why_texts_are_not_ready() -> None:
    make_study(1, assisted=False)
    for labeler in Labeler.objects.filter(user__isnull=False):
        home = signed_in(labeler).get("/").content.decode()
        assert "More texts are being prepared for you." in home
        assert "uggestion" not in home


def test_home_says_that_texts_are_prepared_only_while_their_study_is_open() -> None:
    study = make_study(1, assisted=False)
    close_study(study)
    for labeler in Labeler.objects.filter(user__isnull=False):
        assert "being prepared" not in signed_in(labeler).get("/").content.decode()


def test_nothing_left_leads_home_again(me: Labeler) -> None:
    client = signed_in(me)
    for assignment in Assignment.objects.of(me):
        release(assignment, ReleaseReason.REASSIGNED)
    while (assignment := open_next(me)) is not None:
        critiquing.rate(labeler=me, assignment=assignment, rating=7)
        critiquing.submit(labeler=me, assignment=assignment, confirmed=True)
    assert client.post("/next/").headers["Location"] == "/"


def test_a_page_asks_strangers_to_sign_in_and_brings_them_back(opened: Assignment) -> None:
    asked = Client().get(opened.get_absolute_url())
    assert asked.headers["Location"] == f"/sign-in/?next={opened.get_absolute_url()}"


def test_a_fragment_tells_strangers_in_place(opened: Assignment) -> None:
    asked = Client().post(f"{opened.get_absolute_url()}rating/", {"rating": 3}, headers=FRAGMENT)
    assert (asked.status_code, asked.headers["HX-Retarget"]) == (401, "#notice")
    assert b"<html" not in asked.content


def test_a_refusal_is_a_page_to_a_page_and_a_fragment_to_a_fragment(me: Labeler, opened: Assignment) -> None:
    client, address = signed_in(me), f"{opened.get_absolute_url()}submit/"
    page, fragment = client.post(address), client.post(address, headers=FRAGMENT)
    assert page.status_code == fragment.status_code == 422
    reason = b"Rate the answer from 1 to 7"
    assert reason in page.content
    assert reason in fragment.content
    assert b"<html" in page.content
    assert b"<html" not in fragment.content


@pytest.mark.parametrize("reason", ["timed_out", "reassigned", "", "nonsense"])
def test_a_labeler_cannot_give_back_for_the_sites_own_reasons(me: Labeler, opened: Assignment, reason: str) -> None:
    answered = signed_in(me).post(f"{opened.get_absolute_url()}give-back/", {"reason": reason})
    assert answered.status_code == 422
    opened.refresh_from_db()
    assert opened.state == "opened"


def test_what_was_given_back_says_so(me: Labeler, opened: Assignment) -> None:
    release(opened, ReleaseReason.TIMED_OUT)
    answered = signed_in(me).get(opened.get_absolute_url())
    assert answered.status_code == 410
    assert b"has been given back" in answered.content


def test_private_pages_are_kept_by_no_cache(me: Labeler, opened: Assignment) -> None:
    client = signed_in(me)
    for address in ("/", opened.get_absolute_url()):
        assert "no-store" in client.get(address).headers["Cache-Control"]


def test_a_form_of_another_site_is_refused_with_a_way_on(me: Labeler, opened: Assignment) -> None:
    client = Client(enforce_csrf_checks=True)
    assert me.user is not None
    client.force_login(me.user, backend="django.contrib.auth.backends.ModelBackend")
    answered = client.post(f"{opened.get_absolute_url()}rating/", {"rating": 3})
    assert answered.status_code == 403
    assert b"This page is too old" in answered.content
    assert b"style=" not in answered.content


def test_a_browser_whose_cookies_are_gone_is_asked_to_sign_in_and_keeps_what_was_typed(opened: Assignment) -> None:
    client = Client(enforce_csrf_checks=True)
    address = f"{opened.get_absolute_url()}critiques/"
    fragment = client.post(address, {"text": "A long thought."}, headers={"HX-Request": "true"})
    assert fragment.status_code == 401
    assert "What you typed is still in this page" in fragment.content.decode()
    form = "text=A+long+%3Cthought%3E.&base_revision=3&password=secret+enough"
    page = client.post(address, form, content_type="application/x-www-form-urlencoded").content.decode()
    assert "A long &lt;thought&gt;." in page
    assert "Base revision" not in page
    assert "secret enough" not in page


def test_the_page_of_a_refusal_keeps_what_was_typed() -> None:
    admin = Client()
    admin.force_login(make_user("ada", Role.ADMIN), backend="django.contrib.auth.backends.ModelBackend")
    study = create_study(name="Source", conditions=[(AnswerKind.HUMAN, False)])
    form = "third_parties=nora%0D%0Amarit&by_authors=on"
    sent = admin.post(f"/studies/{study.public_id}/checking/", form, content_type="application/x-www-form-urlencoded")
    page = sent.content.decode()
    assert sent.status_code == 422
    assert "There is no labeler named “nora” who can work." in page
    assert "nora\r\nmarit</textarea>" in page
