"""Real servers, started once; and each kind of site, empty, for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import redis

from tests.conftest import leave_out
from tests.models_service.tiny_models import make
from tests.services.servers import PostgreSQL, postgresql, postgresql_program, redis_program, redis_server
from tests.services.sites import Site


def need_postgresql() -> None:
    if postgresql_program("initdb") is None:
        leave_out("everything on PostgreSQL, because it is not installed (on Debian: apt-get install postgresql)")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    need_postgresql()
    with postgresql() as server:
        yield server.url


@pytest.fixture
def own_postgresql() -> Iterator[PostgreSQL]:
    """A server of its own for a test that stops it in the middle."""
    need_postgresql()
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    if redis_program() is None:
        leave_out("everything on Redis, because it is not installed (on Debian: apt-get install redis-server)")
    with redis_server() as url:
        yield url


@pytest.fixture
def new_database(postgresql_url: str) -> str:
    """A database of its own for a test."""
    name = f"site_{uuid.uuid4().hex}"
    with closing(psycopg2.connect(f"{postgresql_url}/postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"create database {name}")
    return f"{postgresql_url}/{name}"


@pytest.fixture(scope="session")
def critic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A critic with random weights: what it says means nothing, how it comes about is real."""
    return make(tmp_path_factory.mktemp("critic"))


@pytest.fixture(params=["embedded", "services"])
def site(request: pytest.FixtureRequest, tmp_path: Path, critic: Path) -> Site:
    """The two ways to run it: SQLite and files for a broker, or PostgreSQL and Redis. The same code and tests."""
    if request.param == "embedded":
        database, broker = f"sqlite:///{tmp_path / 'site.sqlite3'}", "filesystem://localhost"
    else:
        database, broker = request.getfixturevalue("new_database"), request.getfixturevalue("redis_url")
        with redis.Redis.from_url(broker) as client:
            client.flushall()
    made = Site(database, broker, tmp_path, critic)
    made.run("manage.py", "migrate", "-v0")
    return made
