"""Two admins do the same at the same moment, on PostgreSQL: no error, nothing twice, and each is told how it went."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.servers import wait_until
from tests.services.sites import CHECKOUT, Site

ROUNDS = 4


@pytest.fixture
def site(new_database: str, tmp_path: Path) -> Site:
    made = Site(new_database, "filesystem://localhost", tmp_path)
    made.run("manage.py", "migrate", "-v0")
    return made


def at_once(site: Site, *acts: str) -> list[dict[str, list[int]]]:
    """Each act in a process of its own, round after round, all beginning each round together."""
    names = [f"{number}" for number, _ in enumerate(acts)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.services.admins", act, name, str(len(acts)), str(ROUNDS), str(site.folder)],
            env=site.env, cwd=CHECKOUT, stdout=subprocess.PIPE,
        )
        for act, name in zip(acts, names, strict=True)
    ]  # fmt: skip
    answers = [process.communicate(timeout=240)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(acts)
    told: list[dict[str, list[int]]] = [json.loads(answer.splitlines()[-1]) for answer in answers]
    return told


def statuses(told: list[dict[str, list[int]]]) -> set[int]:
    return {status for one in told for status in one["statuses"]}


def prepare(site: Site, how: str) -> None:
    site.run("-m", "tests.services.admins", "prepare", how, "0", str(ROUNDS), str(site.folder))


def test_the_same_study_name(site: Site) -> None:
    prepare(site, "names")
    told = at_once(site, *["name"] * 3)
    rounds = list(zip(*(one["statuses"] for one in told), strict=True))
    assert [sorted(one) for one in rounds] == [[302, 422, 422]] * ROUNDS, "one wins, the others read that it is taken"
    assert site.one("select count(*) from labeling_study where name like 'Round %'") == ROUNDS


def test_the_same_questions(site: Site) -> None:
    prepare(site, "questions")
    assert statuses(at_once(site, *["add"] * 3)) == {302}
    assert site.rows(
        "select study_id, count(*), count(distinct question_id), max(position) from labeling_studyquestion "
        "group by study_id having count(*) <> 16 or count(distinct question_id) <> 16 or max(position) <> 15"
    ) == []  # fmt: skip
    assert site.one("select count(*) from labeling_slot") == ROUNDS * 16 * 3


def test_the_same_file(site: Site) -> None:
    prepare(site, "names")
    assert statuses(at_once(site, *["upload"] * 3)) == {302}
    for table in ("passage", "question", "answer"):
        assert site.one(f"select count(*) from labeling_{table}") == ROUNDS


def test_dealing_beside_dealing_and_beside_labelers_who_claim(site: Site) -> None:
    prepare(site, "claims")
    told = at_once(site, "deal", "deal", "claim", "claim")
    assert statuses(told) == {302}
    live = "select slot_id from labeling_assignment where state <> 'released' group by slot_id"
    assert len(site.rows(live)) == site.one("select count(*) from labeling_slot"), "all slots are given out"
    assert site.rows(f"{live} having count(*) > 1") == []


def test_reassigning_the_same_cell(site: Site) -> None:
    prepare(site, "cells")
    told = at_once(site, "reassign", "reassign", "claim", "deal")
    assert statuses(told) <= {200, 302, 410, 422}, "200: the form again, for that person is not free any more"
    live = "select slot_id from labeling_assignment where state <> 'released' group by slot_id having count(*) > 1"
    assert site.rows(live) == []


def test_the_same_round_over_a_study(site: Site) -> None:
    prepare(site, "rounds")
    told = at_once(site, "compare", "compare", "activity", "activity")
    assert statuses(told) == {302}
    assert site.rows(
        "select study_id, first_id, second_id from labeling_pairtocompare group by 1, 2, 3 having count(*) > 1"
    ) == []  # fmt: skip
    wait_until(lambda: site.one("select count(*) from labeling_study where name like '%: comparing'") == ROUNDS, 1, "")
