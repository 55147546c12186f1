"""PostgreSQL restarted in the middle: no run fails for it, and the sweeper goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.services.servers import PostgreSQL, free_port, wait_until
from tests.services.sites import CHECKOUT, SWEEPER, WORKER, Site
from tests.services.test_runs import QUESTIONS, all_done, check_everything_came_once


@pytest.fixture
def site(own_postgresql: PostgreSQL, redis_url: str, tmp_path: Path, critic: Path) -> Site:
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    made = Site(f"{own_postgresql.url}/postgres", redis_url, tmp_path, critic)
    made.run("manage.py", "migrate", "-v0")
    return made


@pytest.fixture
def asked(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    """A worker's process that has claimed runs and is about to ask the engine; go on by touching the site's go."""
    site.act("make_study", QUESTIONS, 6, "assisted")
    go = site.folder / "go"
    command = [sys.executable, "-m", "tests.services.acts", "critique", str(go)]
    worker = subprocess.Popen(command, env=site.env, cwd=CHECKOUT, stdout=subprocess.PIPE)
    wait_until(Path(f"{go}.asked").exists, 60, "the worker to claim")
    yield worker
    worker.kill()
    worker.wait()


def restart(server: PostgreSQL, away: float = 1.5) -> None:
    server.stop()
    time.sleep(away)
    server.start()


def test_runs_in_flight_are_begun_again_as_if_nothing_had_been(
    site: Site, own_postgresql: PostgreSQL, asked: subprocess.Popen[bytes]
) -> None:
    restart(own_postgresql)
    (site.folder / "go").touch()
    assert json.loads(asked.communicate(timeout=60)[0]) == {"state": "queued"}
    assert site.rows("select attempts, lease_owner, error from assist_run where state <> 'queued'") == []
    assert site.one("select max(attempts) from assist_run") == 0, "no attempt was spent"
    with site.process(*WORKER), site.process(*SWEEPER):
        wait_until(lambda: all_done(site), 90, "the sweeper to call and a worker to begin again")
    check_everything_came_once(site)


def test_a_worker_that_is_done_while_the_database_is_still_away_waits_for_it(
    site: Site, own_postgresql: PostgreSQL, asked: subprocess.Popen[bytes]
) -> None:
    own_postgresql.stop()
    (site.folder / "go").touch()
    time.sleep(3)
    assert asked.poll() is None, "it waits"
    own_postgresql.start()
    assert json.loads(asked.communicate(timeout=60)[0]) == {"state": "queued"}


def test_the_lease_is_kept_over_a_restart(
    site: Site, own_postgresql: PostgreSQL, asked: subprocess.Popen[bytes]
) -> None:
    restart(own_postgresql)
    until = "select max(lease_until) from assist_run where state = 'running'"
    before = site.one(until)
    wait_until(lambda: site.one(until) > before, 30, "the lease to be extended by the worker that is still at it")
    assert asked.poll() is None


def test_the_sweeper_outlives_the_database(site: Site, own_postgresql: PostgreSQL) -> None:
    with site.process(*SWEEPER) as sweeper:
        time.sleep(3)
        for _ in range(3):
            restart(own_postgresql)
            time.sleep(0.5)
        assert sweeper.poll() is None
        away = Site(site.database_url, f"redis://127.0.0.1:{free_port()}/0", site.folder, site.critic)
        away.act("make_study", QUESTIONS, 6, "assisted")
        site.run("manage.py", "shell", "-c", "from assist.models import Run; Run.objects.all().delete()")
        wait_until(lambda: site.one("select count(*) from assist_run"), 30, "it to sweep again")
        assert sweeper.poll() is None


def test_restarts_while_the_worker_works_lose_nothing(site: Site, own_postgresql: PostgreSQL) -> None:
    with site.process(*WORKER), site.process(*SWEEPER) as sweeper:
        site.act("make_study", QUESTIONS, 6, "assisted")
        for _ in range(3):
            restart(own_postgresql, away=0.2)
            time.sleep(1)
        wait_until(lambda: all_done(site), 90, "all to be done")
        assert sweeper.poll() is None
    check_everything_came_once(site)
