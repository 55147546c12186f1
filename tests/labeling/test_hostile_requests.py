"""Whatever is sent, the site answers: no error of its own, and from the API always JSON."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory

from config.wsgi import application
from labeling.actions.onboarding import publish_instructions
from labeling.enums import AnswerKind, Role
from labeling.models import LabelerCritique, Passage, Study, User
from tests.factories import make_user
from tests.labeling.own_study import opened, question_with_answers, started_study, write_critique

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'
CHARSETS = ["utf-16", "utf-7", "latin-1", "idna", "unicode_escape", "rot13", "hex", "zip", "klingon"]
HUGE = ["9" * 30, str(2**63), "-1", "9" * 5000]
ODD = [*HUGE, "NaN", "1e5", "%00", ""]
STUDY_PAGES = [
    *("", "questions/", "labelers/", "deal/", "open/", "close/", "calibrate/", "activities/", "passages/", "judging/"),
    *("checking/", "comparing/", "refinements/", "runs/", "runs/retry/", "findings/", "findings.json", "cells/1/"),
    *("assistance.jsonl", "export/assistance.jsonl", f"cells/{'9' * 30}/"),
]


class Site:
    """A study with work in it, and those who ask: each request on its own, and none may be answered with a 5xx."""

    def __init__(self) -> None:
        self.study = started_study([question_with_answers(*AnswerKind)])
        self.assignment = opened(self.study, AnswerKind.MODEL, assisted=True)
        write_critique(self.assignment, "found")
        publish_instructions(self.study, text="Read.", consent="I agree.")
        admin = make_user("admin", Role.ADMIN)
        User.objects.filter(pk=admin.pk).update(is_staff=True, is_superuser=True)
        self.users = {"admin": admin, "labeler": self.assignment.labeler.user, "nobody": None}

    def ask(self, who: str, method: str, address: str, body: str | bytes = b"", **how: object) -> HttpResponseBase:
        """Through the whole site, CSRF protection included where the form carries no token."""
        client = Client(raise_request_exception=False, enforce_csrf_checks=bool(how.pop("csrf", False)))
        user = self.users[who]
        if user is not None:
            client.force_login(user)
        for name, value in how.pop("cookies", {}).items():  # type: ignore[attr-defined]
            client.cookies[name] = value
        content = body.encode() if isinstance(body, str) else body
        how = {"content_type": FORM, **how}
        with transaction.atomic():  # on PostgreSQL an error would end the test's own transaction
            answer: HttpResponseBase = client.generic(method, address, content, **how)  # type: ignore[arg-type]
        assert answer.status_code < 500, f"{answer.status_code}: {who} {method} {address[:100]} {content[:100]!r}"
        speaks_json = not any(other in address for other in ("docs", "schema"))
        if address.startswith("/api/") and answer.status_code >= 400 and speaks_json:
            assert "json" in answer["Content-Type"], f"{method} {address[:100]}: {answer['Content-Type']}"
        return answer


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.mark.parametrize(
    ("who", "address"),
    [
        *(("nobody", "/sign-in/"), ("nobody", "/nowhere/"), ("nobody", "/admin/login/"), ("labeler", "/next/")),
        *(("admin", "/studies/new/"), ("admin", "/api/passages/")),
    ],
)
def test_forms_in_another_charset_are_refused_and_broken_ones_too(site: Site, who: str, address: str) -> None:
    for charset in CHARSETS:
        for content_type, body in ((f"{FORM}; charset={charset}", b"a=b"), (f"{PARTS}; charset={charset}", PART)):
            answer = site.ask(who, "POST", address, body, content_type=content_type, csrf=True)
            assert answer.status_code == 415, (charset, content_type)
    for name in ("UTF8", "utf_8"):
        site.ask(who, "POST", address, b"a=b", content_type=f"{FORM}; charset={name}", csrf=True)
    for broken, body in ((PARTS, b"--x"), ("multipart/form-data", PART), (f"{PARTS}{'y' * 300}", PART)):
        site.ask(who, "POST", address, body, content_type=broken, csrf=True)


@pytest.mark.parametrize("charset", [*CHARSETS, "\0"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_web_process_refuses_them_before_it_reads_an_address_in_them(charset: str, method: str) -> None:
    told: list[str] = []
    environ = {
        **RequestFactory()._base_environ(),
        "REQUEST_METHOD": method,
        "PATH_INFO": "/sign-in/",
        "QUERY_STRING": "a=b",
        "CONTENT_TYPE": f"{FORM}; charset={charset}",
        "CONTENT_LENGTH": "3",
        "wsgi.input": BytesIO(b"a=b"),
    }
    application(environ, lambda status, headers: told.append(status))
    assert told == ["415 Unsupported Media Type"]


def test_utf_8_goes_by_all_of_its_names(site: Site) -> None:
    sent = {"name": "A name with ø", "conditions": "Model/0", "seed": "0", "idle_release_hours": "24"}
    site.ask("admin", "POST", "/studies/new/", urlencode(sent), content_type=f"{FORM}; charset=UTF8")
    assert Study.objects.filter(name="A name with ø").exists()


@pytest.mark.parametrize("page", STUDY_PAGES)
def test_addresses_with_nul_or_invalid_utf_8_are_nowhere(site: Site, page: str) -> None:
    for who in ("admin", "labeler", "nobody"):
        for method in ("GET", "POST"):
            assert site.ask(who, method, f"/studies/a%00b/{page}").status_code == 400
            for name in ("%ff%fe", "%ed%a0%80", "a" * 5000):
                site.ask(who, method, f"/studies/{name}/{page}")
    for odd in (*HUGE, "NaN", "%00", "%ff"):
        site.ask("admin", "GET", f"/studies/{site.study.public_id}/{page}?page={odd}&extended={odd}")


@pytest.mark.parametrize("version", ODD)
def test_consent_to_a_version_that_is_none_is_refused(site: Site, version: str) -> None:
    answer = site.ask("labeler", "POST", f"/onboarding/{site.study.public_id}/consent/", f"version={version}")
    assert answer.status_code == 422


@pytest.mark.parametrize("address", ["/sign-in/", "/admin/login/"])
def test_signing_in_with_what_is_no_name(site: Site, address: str) -> None:
    for length in (151, 256, 100_000):
        answer = site.ask("nobody", "POST", address, urlencode({"username": "n" * length, "password": "x"}))
        assert answer.status_code == 200
    for fields in ("username=a%00b&password=x", "user%00name=a&password=x", "username=a&password=%00"):
        assert site.ask("nobody", "POST", address, fields).status_code == 422
    long = {"User-Agent": "u" * 5000, "Accept": "u" * 50_000}
    site.ask("nobody", "POST", f"{address}?{'q' * 5000}", "username=a&password=x&next=http://[", headers=long)


def test_cookies_and_tokens_with_nul(site: Site) -> None:
    for name in ("sessionid", "csrftoken", "messages"):
        for value in ("a\0b", "x" * 5000):
            site.ask("nobody", "POST", "/sign-in/", "username=a", cookies={name: value}, csrf=True)
    for token in ("Token a\0b", "Token", "Token " + "x" * 10_000, "Token a b", "Basic !"):
        site.ask("nobody", "GET", "/api/me/", headers={"Authorization": token})


API = ["me", "studies", "studies/{study}", "studies/{study}/progress", "studies/{study}/assignments", "passages"]
API += ["passages/1", f"passages/{'9' * 30}", "exports/assistance", "exports/nothing", "schema", "docs", "nowhere"]


@pytest.mark.parametrize("path", API)
def test_the_api_answers_every_method_and_parameter(site: Site, path: str) -> None:
    address = f"/api/{path.format(study=site.study.public_id)}/"
    for method in ("OPTIONS", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "FOO", "POST"):
        site.ask("admin", method, address, b"{}", content_type="application/json")
    for name in ("limit", "offset", "version", "format", "lang", "study", "extended", "script"):
        for odd in ODD:
            site.ask("admin", "GET", f"{address}?{name}={odd}")
            site.ask("nobody", "GET", f"{address}?{name}={odd}")
    for accept in ("text/html", "application/yaml", "x", "////,;;;=," * 3000, "text/html;q=" + "9" * 10_000):
        site.ask("admin", "GET", address, headers={"Accept": accept})


def test_no_limit_makes_a_page_longer_than_a_thousand(site: Site) -> None:
    Passage.objects.bulk_create(Passage(text=f"Text {n}", text_digest=str(n)) for n in range(1001))
    for limit in ("1000000", str(2**63), "9" * 21):
        page = site.ask("admin", "GET", f"/api/passages/?limit={limit}").json()  # type: ignore[attr-defined]
        assert len(page["results"]) == 1000
        assert "offset=1000" in page["next"]


JSON = {
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"text":' * 100_000 + b"1" + b"}" * 100_000,
    "never closed": b"[" * 100_000,
    "nearly too deep": b'{"text":"t","questions":' + b"[" * 900 + b"]" * 900 + b"}",
    "NaN": b'{"text": NaN}',
    "Infinity": b'{"text":"t","questions":[{"question":"q","model_answer":{"text":"a","temperature":Infinity}}]}',
    "1e999": b'{"text":"t","questions":[{"question":"q","model_answer":{"text":"a","temperature":1e999}}]}',
    "5,000 digits": b'{"text":' + b"9" * 5000 + b"}",
    "lone surrogate": b'{"text":"a\\ud800b"}',
    "lone surrogate in an id": b'{"text":"t","id":"\\ud800"}',
    "lone surrogate in a question": b'{"text":"t","questions":[{"question":"\\udfff"}]}',
    "lone surrogate in a key": b'{"a\\ud800b":1}',
    "NUL": b'{"text":"a\\u0000b"}',
    "NUL in an author": b'{"text":"t","author":"\\u0000","questions":[{"question":"q"}]}',
    "NUL in a model": b'{"text":"t","questions":[{"question":"q","model_answer":{"text":"a","model":"\\u0000"}}]}',
    "long id": b'{"text":"t","id":"' + b"i" * 10_000 + b'"}',
    "UTF-16": '{"text":"a"}'.encode("utf-16"),
    "invalid UTF-8": b'{"text":"\xff"}',
    "20 MB": b'{"text":"' + b"x" * 20_000_000 + b'"}',
    **{what: what.encode() for what in ("", "null", "[]", '"a"', "1", "{")},
}


@pytest.mark.parametrize("what", JSON)
def test_json_that_is_no_passage_is_refused_in_json(site: Site, what: str) -> None:
    before = Passage.objects.count()
    answer = site.ask("admin", "POST", "/api/passages/", JSON[what], content_type="application/json")
    assert answer.status_code in {400, 413, 422}
    assert Passage.objects.count() == before


@pytest.mark.parametrize("what", [what for what in JSON if what != "20 MB"])
@pytest.mark.parametrize("name", ["p.jsonl", "p.csv", "p.jsonl.gz"])
def test_files_that_hold_no_passage_are_refused(site: Site, what: str, name: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(site.users["admin"])  # type: ignore[arg-type]
    assert client.post("/passages/upload/", {"file": SimpleUploadedFile(name, JSON[what])}).status_code == 422


def test_a_desk_refuses_what_it_cannot_keep_and_names_the_field(site: Site) -> None:
    key = LabelerCritique.objects.get().client_key
    desk = f"/critiquing/{site.assignment.public_id}"
    sound = {"base_revision": "0", "text": "x", "category": "", "severity": ""}
    for field, values in {
        "base_revision": [*HUGE, "NaN"],
        "text": ["a\0b", "x" * 10_000_000],
        "severity": [*HUGE, "NaN", "\0"],
        "category": ["\0", "x" * 10_000],
        "category_text": ["\0"],
    }.items():
        for value in values:
            answer = site.ask(
                "labeler", "POST", f"{desk}/critiques/{key}/", urlencode(sound | {field: value}),
                headers={"HX-Request": "true"},
            )  # fmt: skip
            assert answer.status_code == 422, (field, value[:10])
            assert f'data-field="{field}"' in answer.content.decode()  # type: ignore[attr-defined]
    for odd in ODD:
        site.ask("labeler", "POST", f"{desk}/rating/", f"rating={odd}")
        site.ask("labeler", "POST", f"{desk}/active-time/", f"active_ms={odd}")
        site.ask("labeler", "POST", f"{desk}/submit/", f"active_ms={odd}&rating={odd}&seen={key}:{odd}&compare=1")
        site.ask("labeler", "POST", f"{desk}/suggestions/{odd}/use/", f"client_key={odd}")
        site.ask("labeler", "POST", f"{desk}/critiques/{odd}/", "base_revision=0")
        site.ask("labeler", "POST", f"{desk}/critiques/", f"client_key={odd}")
    site.ask("labeler", "POST", f"{desk}/critiques/{key}/", b"base_revision=0&text=%ed%a0%80%ff")
    site.ask("labeler", "POST", f"{desk}/critiques/{key}/", "&".join(f"a{n}=1" for n in range(5000)))


@pytest.mark.parametrize("odd", ODD)
def test_the_forms_of_those_who_run_studies(site: Site, odd: str) -> None:
    study = f"/studies/{site.study.public_id}"
    for field in ("seed", "idle_release_hours", "labelers", "name", "critic", "conditions", "activities"):
        sound = "name=N&conditions=Model/0&seed=0&idle_release_hours=24"
        site.ask("admin", "POST", "/studies/new/", f"{field}={odd}&{sound}&{field}={odd}")
    for page, field in (
        *(("questions", "questions"), ("labelers", "labelers"), ("passages", "passages"), ("calibrate", "source")),
        *(("judging", "labelers_each"), ("checking", "third_parties"), ("comparing", "labelers_each")),
        *(("refinements", "labelers_each"), ("activities", "labelers_each"), ("activities", "answers_each")),
        (f"cells/{site.study.slots.all()[0].pk}", "labeler"),
    ):
        site.ask("admin", "POST", f"{study}/{page}/", f"{field}={odd}&activity=answering&method=isotonic&by_authors=on")
    quiz = f"activity=critiquing&pass_mark={odd}&questions=Q%0a- a%0a* b"
    site.ask("admin", "POST", f"/onboarding/{site.study.public_id}/write/quiz/", quiz)


@pytest.mark.parametrize("table", ["authtoken/tokenproxy", "axes/accessattempt", "axes/accesslog", "auth/group"])
def test_djangos_own_admin(site: Site, table: str) -> None:
    for odd in ODD:
        for name in ("q", "o", "p", "id", "username", "username__exact", "user__id", "attempt_time__gte", "e"):
            site.ask("admin", "GET", f"/admin/{table}/?{name}={odd}")
        site.ask("admin", "GET", f"/admin/{table}/{odd}/change/")
        site.ask("admin", "POST", f"/admin/{table}/", f"action=delete_selected&_selected_action={odd}&user={odd}")


def test_a_study_whose_critic_the_site_has_no_more_is_still_shown(site: Site) -> None:
    Study.objects.filter(pk=site.study.pk).update(critic="gone")
    answer = site.ask("admin", "GET", f"/studies/{site.study.public_id}/runs/")
    assert "no critic named “gone”" in answer.content.decode()  # type: ignore[attr-defined]
