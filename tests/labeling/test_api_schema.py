"""Whatever the schema allows to be sent is answered as the schema says, and never with an error of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from rest_framework.authtoken.models import Token
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from config.wsgi import application
from labeling.enums import AnswerKind, Role
from labeling.models import User
from tests.labeling.own_study import hand_in, opened, question_with_answers, started_study

PATHS = [
    "/api/exports/{kind}/",
    "/api/me/",
    "/api/passages/",
    "/api/passages/{id}/",
    "/api/studies/",
    "/api/studies/{public_id}/",
    "/api/studies/{public_id}/assignments/",
    "/api/studies/{public_id}/progress/",
]


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """Keep the test's own connection open after a request, as Django's test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def api(db: None, _one_connection: None) -> Any:
    study = started_study([question_with_answers(*AnswerKind)])
    hand_in(opened(study, AnswerKind.MODEL, assisted=True), rating=7)
    token = Token.objects.create(user=User.objects.create_user("robot", role=Role.ADMIN))
    headers = {"Authorization": f"Token {token.key}"}
    return schemathesis.openapi.from_wsgi("/api/schema/?format=json", application, headers=headers)


@pytest.mark.parametrize("path", PATHS)
def test_every_endpoint_keeps_to_the_schema(api: Any, path: str) -> None:
    for operation in api[path].values():

        @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            case.call_and_validate(checks=[not_a_server_error, response_schema_conformance])

        check()


def test_no_endpoint_is_left_out(api: Any) -> None:
    assert set(PATHS) == {result.ok().path for result in api.get_all_operations()}
