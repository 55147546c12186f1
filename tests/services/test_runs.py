"""Suggestions survive the death of whoever was writing them, and the loss of the message that asked for them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import redis

from tests.services.servers import free_port, wait_until
from tests.services.sites import SWEEPER, WORKER, Site, kill_all

QUESTIONS = 2
#: One for each kind of answer.
ANSWERS = 3 * QUESTIONS


def check_everything_came_once(site: Site) -> None:
    """One bundle of eight samples for each answer, and every question open."""
    assert (
        site.rows("select answer_id, count(*) from labeling_assistancebundle group by answer_id having count(*) > 1")
        == []
    )
    assert site.one("select count(*) from labeling_assistancebundle") == ANSWERS
    assert site.one("select count(*) from labeling_suggestion") == 8 * ANSWERS
    assert site.one("select count(*) from labeling_studyquestion where ready_at is null") == 0
    assert site.one("select count(*) from labeling_assignment where state = 'offered'") == 6 * QUESTIONS


def all_done(site: Site) -> bool:
    states = dict(site.rows("select state, count(*) from assist_run group by state"))
    assert "failed" not in states, site.rows("select error from assist_run")
    return states == {"done": ANSWERS}


def test_a_run_whose_worker_is_killed_is_done_by_the_next_one(site: Site) -> None:
    with site.process(*WORKER) as first:
        site.act("make_study", QUESTIONS, 6, "assisted")
        wait_until(lambda: site.rows("select 1 from assist_run where state = 'running'"), 60, "the worker to begin")
        kill_all(first)
    assert site.one("select count(*) from assist_run where state = 'running'") > 0, "killed in the middle"
    assert site.one("select count(*) from labeling_studyquestion where ready_at is null") > 0

    with site.process(*WORKER), site.process(*SWEEPER):
        wait_until(lambda: all_done(site), 90, "the sweeper and a second worker to make good")
    check_everything_came_once(site)
    assert site.one("select max(attempts) from assist_run") == 2


def test_a_run_whose_message_is_lost_is_called_for_again(site: Site) -> None:
    site.act("make_study", QUESTIONS, 6, "assisted")
    lose_all_messages(site)
    assert site.one("select count(*) from assist_run where state = 'queued'") == ANSWERS
    forget_the_calls(site)

    with site.process(*WORKER), site.process(*SWEEPER):
        wait_until(lambda: all_done(site), 90, "the sweeper to call again")
    check_everything_came_once(site)


def test_a_study_opens_although_the_broker_is_away(new_database: str, tmp_path: Path, critic: Path) -> None:
    site = Site(new_database, f"redis://127.0.0.1:{free_port()}/0", tmp_path, critic)
    site.run("manage.py", "migrate", "-v0")
    site.act("make_study", QUESTIONS, 6, "assisted")
    assert site.one("select count(*) from assist_run where state = 'queued'") == ANSWERS
    assert "called=" in site.run("manage.py", "sweep"), "and the sweeper goes on"


def lose_all_messages(site: Site) -> None:
    if site.broker_url.startswith("redis"):
        with redis.Redis.from_url(site.broker_url) as client:
            assert client.llen("assist") > 0
            client.flushall()
        return
    messages = site.folder / "broker" / "messages"
    assert os.listdir(messages)
    shutil.rmtree(messages)
    messages.mkdir()


def forget_the_calls(site: Site) -> None:
    """As if half a minute had passed since the messages were sent."""
    site.run("manage.py", "shell", "-c", "from assist.models import Run; Run.objects.update(last_enqueued_at=None)")
