"""docker-compose.yml without Docker: it is read, and each of its commands is run as it stands, with real servers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import redis
import yaml

from tests.services.servers import free_port, redis_program, wait_until
from tests.services.sites import CHECKOUT, Site

COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
#: What .env holds in this test.
DOT_ENV = {
    "SECRET_KEY": "k" * 60,
    "PSEUDONYM_SALT": "s" * 60,
    "ALLOWED_HOSTS": "site.example",
    "POSTGRES_PASSWORD": "unused-here",
}


def interpolated(text: str) -> str:
    """As Compose does it: ${NAME}, ${NAME:-default}, ${NAME:?why it must be set}."""

    def value(match: re.Match[str]) -> str:
        name, sign, rest = match.groups()
        if name in DOT_ENV:
            return DOT_ENV[name]
        assert sign == "-", f"{name} must be in .env: {rest}"
        return str(rest)

    return VARIABLE.sub(value, text)


@pytest.fixture
def environment(new_database: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """A service's own environment, with our servers in place of its neighbours."""
    service = {name: interpolated(value) for name, value in COMPOSE["services"]["web"]["environment"].items()}
    assert service["DATABASE_URL"] == "postgres://site:unused-here@postgres:5432/site"
    programs = f"{Path(os.sys.executable).parent}:{os.environ['PATH']}"  # type: ignore[attr-defined]
    return service | {
        "PATH": programs,
        "DATABASE_URL": new_database,
        "BROKER_URL": redis_url,
        "VAR_DIR": str(tmp_path),
        "STATIC_ROOT": str(tmp_path / "static"),
    }


def command(service: str) -> list[str]:
    return [interpolated(word) for word in COMPOSE["services"][service]["command"]]


def run(words: list[str], environment: dict[str, str]) -> None:
    subprocess.run(words, env=environment, cwd=CHECKOUT, check=True)


@pytest.fixture
def background(environment: dict[str, str]) -> Iterator[Any]:
    started: list[subprocess.Popen[bytes]] = []

    def start(words: list[str]) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(words, env=environment, cwd=CHECKOUT, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_it_names_the_services_of_a_site_and_what_must_be_kept() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"web", "worker", "sweeper", "migrate", "postgres", "redis"}
    assert services["worker"]["environment"] == services["web"]["environment"]
    assert services["postgres"]["volumes"][0].split(":")[0] in COMPOSE["volumes"]
    targets = {service["build"]["target"] for service in services.values() if "build" in service}
    assert targets == {"web", "worker"}
    assert all(f" AS {target}\n" in DOCKERFILE for target in targets)
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"], "reached through a proxy only"


def test_migrate_and_web_answer_as_a_site(environment: dict[str, str], background: Any) -> None:
    run(command("migrate"), environment)
    run(["python", "manage.py", "collectstatic", "--no-input", "-v0"], environment)
    port = free_port()
    background([word.replace("0.0.0.0:8000", f"127.0.0.1:{port}") for word in command("web")])

    import http.client

    def ask() -> http.client.HTTPResponse | None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/", headers={"Host": "site.example", "X-Forwarded-Proto": "https"})
            return connection.getresponse()
        except OSError:
            return None

    wait_until(ask, 60, "the web server to answer")
    answer = ask()
    assert answer is not None
    assert answer.status == 302
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_worker_and_sweeper_run(environment: dict[str, str], background: Any) -> None:
    run(command("migrate"), environment)
    worker = background([*command("worker")])
    sweeper = background(command("sweeper"))
    with redis.Redis.from_url(environment["BROKER_URL"]) as client:
        wait_until(lambda: client.exists("_kombu.binding.assist"), 60, "the worker to listen")
    wait_until(lambda: _connections(environment["DATABASE_URL"]) > 0, 60, "the sweeper to look into the database")
    assert worker.poll() is None
    assert sweeper.poll() is None
    worker.terminate()
    assert worker.wait(30) == 0, "stops when asked"


def _connections(url: str) -> int:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("select count(*) - 1 from pg_stat_activity where datname = current_database()")
            return int(cursor.fetchone()[0])  # type: ignore[index]
    finally:
        connection.close()


@pytest.mark.usefixtures("redis_url")
def test_redis_keeps_its_messages_on_disk(tmp_path: Path, background: Any) -> None:
    port = free_port()
    program, *options = command("redis")
    assert program == "redis-server"
    background([str(redis_program()), *options, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)])
    with redis.Redis(port=port) as client:

        def is_there() -> bool:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

        wait_until(is_there, 30, "Redis to start")
        assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_the_web_process_knows_no_model_library(site: Site) -> None:
    seen = site.run(
        "-c",
        "import sys, config.wsgi; from django.urls import get_resolver; get_resolver().url_patterns;"
        "print([name for name in ('torch', 'transformers', 'tokenizers', 'safetensors') if name in sys.modules])",
    )
    assert seen.strip() == "[]"
