"""The API: researchers read and export, admins add passages, labelers learn only about themselves."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from rest_framework.authtoken.models import Token

from findings.records import ASSISTANCE
from labeling.enums import AnswerKind, Role, StudyState
from labeling.models import Labeler, Passage, Study, User
from tests.labeling.own_study import hand_in, opened, question_with_answers, started_study, write_critique

pytestmark = pytest.mark.django_db
ADDRESSES = [
    "/api/studies/",
    "/api/studies/{study}/",
    "/api/studies/{study}/progress/",
    "/api/studies/{study}/assignments/",
    "/api/passages/",
    "/api/passages/{passage}/",
    "/api/exports/assistance/",
    "/api/schema/",
    "/api/docs/",
]


def client_of(role: Role, name: str | None = None) -> Client:
    user = User.objects.create_user(name or role, password=None, role=role)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def study() -> Study:
    study = started_study([question_with_answers(*AnswerKind)])
    assignment = opened(study, AnswerKind.MODEL, assisted=True)
    write_critique(assignment, "found")
    hand_in(assignment)
    return study


@pytest.fixture
def addresses(study: Study) -> list[str]:
    passage = Passage.objects.get()
    return [address.format(study=study.public_id, passage=passage.pk) for address in ADDRESSES]


def test_researchers_read_everything(addresses: list[str]) -> None:
    client = client_of(Role.RESEARCHER)
    assert {address: client.get(address).status_code for address in addresses} == dict.fromkeys(addresses, 200)


def test_labelers_are_refused_everything_but_themselves(addresses: list[str]) -> None:
    client = client_of(Role.LABELER)
    assert {address: client.get(address).status_code for address in addresses} == dict.fromkeys(addresses, 403)
    assert client.post("/api/passages/", {"text": "T"}, content_type="application/json").status_code == 403
    assert client.get("/api/me/").json() == {"username": "labeler", "role": "labeler", "to_do": 0, "submitted": 0}


def test_who_has_not_signed_in_is_refused_everything(addresses: list[str]) -> None:
    for address in [*addresses, "/api/me/"]:
        assert Client().get(address).status_code == 401


def test_a_token_is_as_good_as_a_session(study: Study) -> None:
    token = Token.objects.create(user=User.objects.create_user("robot", role=Role.RESEARCHER))
    answer = Client().get("/api/studies/", headers={"Authorization": f"Token {token.key}"})
    assert [one["name"] for one in answer.json()["results"]] == [study.name]


def test_answers_are_not_kept_by_browsers(addresses: list[str]) -> None:
    client = client_of(Role.RESEARCHER)
    for address in addresses[:-2]:
        assert "no-store" in client.get(address)["Cache-Control"]


def test_a_labeler_sees_how_much_is_done(study: Study) -> None:
    done = User.objects.get(labeler__assignments__state="submitted")
    client = Client()
    client.force_login(done)
    assert client.get("/api/me/").json()["submitted"] == 1


def test_progress_counts_the_cells_by_state(study: Study) -> None:
    opened(study, AnswerKind.HUMAN, assisted=False)
    progress = client_of(Role.RESEARCHER).get(f"/api/studies/{study.public_id}/progress/").json()
    assert progress["cells"] == {"free": 0, "waiting": 0, "offered": 4, "opened": 1, "submitted": 1}
    assert (progress["questions"], progress["questions_ready"]) == (1, 1)
    by_condition = {(one["answer_source"], one["assisted"]): one["cells"] for one in progress["conditions"]}
    assert by_condition["Model", True]["submitted"] == by_condition["Human", False]["opened"] == 1


def test_assignments_name_labelers_as_the_exports_do(study: Study) -> None:
    client = client_of(Role.RESEARCHER)
    rows = client.get(f"/api/studies/{study.public_id}/assignments/").json()["results"]
    assert len(rows) == 6
    (done,) = (row for row in rows if row["state"] == "submitted")
    assert done["condition"] == {"answer_source": "Model", "assisted": True}
    assert done["labeler"] == Labeler.objects.get(assignments__state="submitted").pseudonym
    assert "our study-" not in json.dumps(rows)


def test_a_passage_is_shown_whole_with_its_intended_critiques(study: Study) -> None:
    passage = client_of(Role.RESEARCHER).get(f"/api/passages/{Passage.objects.get().pk}/").json()
    (question,) = passage["questions"]
    (misleading,) = (one for one in question["answers"] if one["answer_source"] == "Human misleading")
    assert [one["text"] for one in misleading["intended_critiques"]] == ["It never did."]


def test_exports_are_streamed_as_released_rows(study: Study) -> None:
    answer = client_of(Role.RESEARCHER).get("/api/exports/assistance/", {"study": study.name})
    assert answer.streaming
    assert answer["Content-Type"] == "application/jsonl"
    (line,) = io.BytesIO(answer.getvalue()).readlines()
    ASSISTANCE.validate(json.loads(line))


def test_an_extended_export_says_where_things_came_from(study: Study) -> None:
    answer = client_of(Role.RESEARCHER).get("/api/exports/assistance/", {"extended": "true"})
    assert "provenance" in json.loads(answer.getvalue())


def test_an_export_that_cannot_be_made_is_refused_with_its_reason() -> None:
    lacking = started_study([question_with_answers(AnswerKind.MODEL)], conditions=[(AnswerKind.MODEL, False)])
    hand_in(opened(lacking, AnswerKind.MODEL, assisted=False), rating=7)
    client = client_of(Role.RESEARCHER)
    answer = client.get("/api/exports/assistance/")
    assert answer.status_code == 422
    assert "has no answer of kind “Human”" in answer.json()["detail"]
    assert client.get("/api/exports/assistance/", {"study": "none"}).status_code == 422
    assert client.get("/api/exports/tea/").status_code == 404


def test_an_unfinished_import_is_seen_by_nobody(study: Study) -> None:
    Study.objects.update(state=StudyState.IMPORTING)
    client = client_of(Role.RESEARCHER)
    assert client.get("/api/studies/").json()["count"] == 0
    for path in ("", "progress/", "assignments/"):
        assert client.get(f"/api/studies/{study.public_id}/{path}").status_code == 404


def test_an_admin_adds_a_passage_and_a_researcher_may_not() -> None:
    passage = {"id": "new", "text": " T\r\n", "questions": [{"question": "Q?", "model_answer": {"text": "A"}}]}
    assert (
        client_of(Role.RESEARCHER).post("/api/passages/", passage, content_type="application/json").status_code == 403
    )
    answer = client_of(Role.ADMIN).post("/api/passages/", passage, content_type="application/json")
    assert answer.status_code == 201
    assert (answer.json()["source_id"], answer.json()["text"]) == ("new", " T\r\n")
    assert answer.json()["questions"][0]["answers"][0]["text"] == "A"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"text": "One.", "text": "Two."}', "the key 'text' stands twice"),
        (b'{"text": "T", "questions": [{"question": "Q?", "question": "Which?"}]}', "the key 'question' stands twice"),
        (b'{"text": ' + b"[" * 100_000, "not JSON"),
    ],
)
def test_a_request_of_which_a_value_would_be_lost_is_refused(body: bytes, reason: str) -> None:
    answer = client_of(Role.ADMIN).post("/api/passages/", body, content_type="application/json")
    assert answer.status_code == 400
    assert reason in answer.json()["detail"]
    assert not Passage.objects.exists()


@pytest.mark.parametrize(
    ("passage", "problem"),
    [
        ({"text": " "}, "text: is empty"),
        ({"text": "T", "author": " ", "questions": [{"question": "Q?", "human_answer": "A"}]}, "author: is missing"),
        ({"id": "x"}, "text: is missing"),
        (["no passage"], "Input should be"),
        ({"text": "T", "questions": [{"question": "Q?", "human_answer": "A"}]}, "questions[0].author: is missing"),
    ],
)
def test_a_bad_passage_is_refused_with_its_problems(passage: Any, problem: str) -> None:
    answer = client_of(Role.ADMIN).post("/api/passages/", passage, content_type="application/json")
    assert answer.status_code == 422
    assert problem in answer.json()["problems"][0]
    assert not Passage.objects.exists()


def test_the_schema_is_complete_and_valid(tmp_path: Any) -> None:
    out = tmp_path / "schema.yml"
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(out))
    assert "/api/studies/{public_id}/progress/" in out.read_text()


@pytest.mark.parametrize(
    "path",
    [
        "/api/passages/?offset=1000000000000000000000000000000",
        "/api/passages/?limit=1000000000000000000000000000000",
        "/api/passages/99999999999999999999999999/",
        "/api/exports/assistance/?study=%00",
        "/api/exports/helpfulness/?extended=true",
    ],
)
def test_odd_requests_are_no_error_of_ours(path: str) -> None:
    assert client_of(Role.RESEARCHER).get(path).status_code < 500
