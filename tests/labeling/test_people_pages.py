"""Accounts, as admins look after them in the browser; and who else may."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin as django_admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.authtoken.models import Token

from labeling.actions import critiquing, people
from labeling.actions.opening import open_next
from labeling.admin import LookUp
from labeling.enums import EventKind, Role
from labeling.models import Event, Labeler, Study, User
from labeling.refusals import Refused
from tests.factories import PASSWORD, make_labelers, make_question, make_study, make_user

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "an entirely new password"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def ada() -> User:
    return make_user("ada", Role.ADMIN)


@pytest.fixture
def admin(ada: User) -> Client:
    return signed_in(ada)


@pytest.fixture
def nora() -> User:
    return make_user("nora")


def page_of(user: User, name: str = "person") -> str:
    return reverse(f"people:{name}", args=[user.pk])


def link_in(page: str) -> str:
    found = re.search(r'value="(http[^"]+/password/[^"]+)"', page)
    assert found, page
    return found[1].removeprefix("http://testserver")


def choose_password(link: str) -> str:
    """Follow the link as its receiver, in a browser of their own. Returns the last page."""
    stranger = Client()
    form = stranger.get(link, follow=True)
    at = form.redirect_chain[-1][0] if form.redirect_chain else link
    chosen = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    return stranger.post(at, chosen, follow=True).content.decode()


def can_sign_in(name: str, password: str) -> bool:
    Client().post(reverse("sign-in"), {"username": name, "password": password})
    return Client().post(reverse("sign-in"), {"username": name, "password": password}).status_code == 302


def kinds(user: User) -> list[str]:
    return list(Event.objects.filter(account=user).values_list("kind", flat=True))


def test_an_admin_makes_an_account_and_its_owner_alone_chooses_the_password(admin: Client, ada: User) -> None:
    made = admin.post(reverse("people:new"), {"username": "mara", "role": "labeler"}, follow=True)
    mara = User.objects.get(username="mara")
    assert Labeler.objects.filter(user=mara).exists()
    link = link_in(made.content.decode())
    assert link not in admin.get(page_of(mara)).content.decode(), "shown once"
    assert "Your password is set" in choose_password(link)
    assert can_sign_in("mara", NEW_PASSWORD)
    assert "no longer works" in choose_password(link), "it works once"
    assert kinds(mara) == [EventKind.ACCOUNT_MADE, EventKind.PASSWORD_SET]
    assert Event.objects.get(kind=EventKind.ACCOUNT_MADE).actor == ada


@pytest.mark.parametrize("name", ["nora", "two words", ""])
def test_a_name_that_is_taken_or_impossible_is_refused_at_the_field(admin: Client, nora: User, name: str) -> None:
    refused = admin.post(reverse("people:new"), {"username": name, "role": "labeler"})
    assert refused.status_code == 422
    assert 'class="refusal"' in refused.content.decode()
    assert User.objects.count() == 2


def test_two_admins_who_make_the_same_account_at_once_make_one(nora: User) -> None:
    with pytest.raises(Refused, match="an account named “nora” already"):
        people.create_account(username="nora", role=Role.LABELER)
    assert Event.objects.count() == 0


def test_a_new_password_ends_the_old_one_and_every_session_with_it(admin: Client, nora: User) -> None:
    hers = signed_in(nora)
    page = admin.post(page_of(nora, "password"), follow=True).content.decode()
    assert hers.get("/").status_code == 302
    assert not can_sign_in("nora", PASSWORD)
    choose_password(link_in(page))
    assert can_sign_in("nora", NEW_PASSWORD)


def test_an_admin_who_resets_their_own_password_goes_on_to_choose_it(admin: Client, ada: User) -> None:
    sent = admin.post(page_of(ada, "password"))
    assert "Your password is set" in choose_password(sent["Location"].removeprefix("http://testserver"))


def test_closing_ends_the_session_and_the_token_at_once_and_reopening_lets_in_again(
    admin: Client, nora: User, ada: User
) -> None:
    hers = signed_in(nora)
    token = {"Authorization": f"Token {Token.objects.create(user=nora)}"}
    assert hers.get("/").status_code == 200
    admin.post(page_of(nora, "close"))
    assert hers.get("/").status_code == 302
    assert Client().get("/api/me/", headers=token).status_code in {401, 403}
    assert not can_sign_in("nora", PASSWORD)
    admin.post(page_of(nora, "close"))
    admin.post(page_of(nora, "reopen"))
    admin.post(page_of(nora, "reopen"))
    assert can_sign_in("nora", PASSWORD)
    assert kinds(nora) == [EventKind.ACCOUNT_CLOSED, EventKind.ACCOUNT_REOPENED]


def test_a_change_of_role_changes_what_is_open_at_once(admin: Client, nora: User) -> None:
    hers = signed_in(nora)
    assert hers.get(reverse("studies:list")).status_code == 403
    admin.post(page_of(nora, "role"), {"role": "researcher"})
    assert hers.get(reverse("studies:list")).status_code == 200
    admin.post(page_of(nora, "role"), {"role": "admin"})
    assert hers.get(reverse("people:list")).status_code == 200
    assert hers.get(reverse("admin:index")).status_code == 200
    admin.post(page_of(nora, "role"), {"role": "labeler"})
    assert hers.get(reverse("people:list")).status_code == 403
    assert hers.get(reverse("admin:index")).status_code == 302


@pytest.mark.parametrize(("name", "data"), [("close", {}), ("role", {"role": "labeler"})])
def test_the_last_admin_stays_one(admin: Client, ada: User, name: str, data: dict[str, str]) -> None:
    other = make_user("bea", Role.ADMIN)
    admin.post(page_of(other, "close"))
    refused = admin.post(page_of(ada, name), data)
    assert refused.status_code == 422
    assert "ada is the last admin" in refused.content.decode()
    ada.refresh_from_db()
    assert ada.is_admin
    assert ada.is_active
    admin.post(page_of(other, "reopen"))
    assert admin.post(page_of(ada, name), data).status_code == 302


PAGES = ["people:list", "people:new"]
ACTS = ["role", "password", "close", "reopen"]


@pytest.mark.parametrize("role", [Role.LABELER, Role.RESEARCHER, None], ids=str)
def test_only_admins_see_or_change_accounts(ada: User, nora: User, role: Role | None) -> None:
    client = Client() if role is None else signed_in(make_user("other", role))
    no = {302} if role is None else {403}
    for page in [*(reverse(name) for name in PAGES), page_of(nora)]:
        answer = client.get(page)
        assert answer.status_code in no
        assert b"nora" not in answer.content
    for name in ACTS:
        assert client.post(page_of(nora, name), {"role": "admin"}).status_code in no
    assert client.post(reverse("people:new"), {"username": "x", "role": "admin"}).status_code in no
    nora.refresh_from_db()
    assert (nora.role, nora.is_active, nora.has_usable_password()) == (Role.LABELER, True, True)
    assert client.get(reverse("admin:labeling_answer_changelist")).status_code == 302
    assert not Event.objects.exists()


def test_the_list_finds_by_name_role_and_state_and_has_pages(admin: Client) -> None:
    make_labelers(60, "worker")
    User.objects.filter(username="worker7").update(is_active=False)

    def listed(**query: str) -> list[str]:
        return re.findall(r'href="/people/\d+/">([^<]+)<', admin.get(reverse("people:list"), query).content.decode())

    assert len(listed()) == 50
    assert len(listed(page="2")) == 11
    assert listed(name="WORKER7") == ["worker7"]
    assert listed(role="admin") == ["ada"]
    assert listed(state="closed") == ["worker7"]
    second = admin.get(reverse("people:list"), {"name": "worker"}).content.decode()
    assert "?name=worker&amp;page=2" in second


def test_the_list_of_people_asks_no_more_for_many_than_for_few(admin: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            admin.get(reverse("people:list"))
        return len(asked)

    study = Study.objects.create(name="One")
    study.labelers.set(make_labelers(3, "few"))
    few = queries()
    study.labelers.set(make_labelers(40, "many"))
    assert queries() == few


TABLES = [model for model, options in django_admin.site._registry.items() if isinstance(options, LookUp)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table._meta.model_name)
def test_every_table_can_be_looked_up_searched_and_not_changed(admin: Client, table: type) -> None:
    name = f"admin:{table._meta.app_label}_{table._meta.model_name}"
    study = make_study(2)
    for labeler in study.labelers.all()[:2]:
        work = open_next(labeler)
        assert work is not None
        critiquing.rate(labeler=labeler, assignment=work, rating=7)
    address = reverse(f"{name}_changelist")
    assert admin.get(address).status_code == 200
    assert admin.get(address, {"q": "harbour"}).status_code == 200
    assert admin.get(address, {"q": "1"}).status_code == 200
    assert admin.get(reverse(f"{name}_add")).status_code == 403
    row = table.objects.first()
    if row is not None:
        one = reverse(f"{name}_change", args=[row.pk])
        assert admin.get(one).status_code == 200
        assert admin.post(one, {}).status_code == 403
        assert admin.post(reverse(f"{name}_delete", args=[row.pk])).status_code == 403


def test_no_list_asks_once_a_row(admin: Client) -> None:
    def queries() -> dict[str, int]:
        return {table._meta.model_name: _queries(admin, table) for table in TABLES}

    make_study(1, name="One")
    few = queries()
    make_study([make_question(7), make_question(8)], labelers=make_labelers(6, "more"), name="Two")
    assert queries() == few


def _queries(admin: Client, table: type) -> int:
    with CaptureQueriesContext(connection) as asked:
        admin.get(reverse(f"admin:{table._meta.app_label}_{table._meta.model_name}_changelist"))
    return len(asked)


def test_a_token_is_made_for_an_account_found_by_name() -> None:
    ada = people.create_account(username="ada", role=Role.ADMIN)
    page, find = "/admin/authtoken/tokenproxy/add/", {"app_label": "authtoken", "model_name": "tokenproxy"}
    admin = signed_in(ada)
    assert b"ada" in admin.get("/admin/autocomplete/", find | {"field_name": "user", "term": "ad"}).content
    assert admin.post(page, {"user": ada.pk}).status_code == 302
    assert Token.objects.get().user == ada
