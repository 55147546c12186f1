"""Many labelers at once, each in a process of their own: every slot goes to exactly one of them, and none is left."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from tests.services.sites import CHECKOUT, Site

QUESTIONS, LABELERS = 20, 6


def test_labelers_who_claim_at_once_share_the_slots_without_overlap(site: Site) -> None:
    slots = site.act("make_study", QUESTIONS, LABELERS, "pool")["slots"]
    assert slots == 3 * QUESTIONS
    go = site.folder / "go"
    labelers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.services.acts", "work", f"labeler{n}", str(go)],
            env=site.env, cwd=CHECKOUT, stdout=subprocess.PIPE,
        )
        for n in range(LABELERS)
    ]  # fmt: skip
    while len(list(site.folder.glob("go.*"))) < LABELERS:  # all at once, however long each took to start
        assert all(labeler.poll() is None for labeler in labelers)
        time.sleep(0.01)
    go.touch()
    done = [json.loads(labeler.communicate(timeout=120)[0])["done"] for labeler in labelers]

    assert [labeler.returncode for labeler in labelers] == [0] * LABELERS
    assert sum(done) == slots, "nothing left, nothing done twice"
    taken = "select slot_id from labeling_assignment where state = 'submitted' group by slot_id"
    assert len(site.rows(taken)) == slots
    assert site.rows(f"{taken} having count(*) > 1") == []
    assert site.one("select count(*) from labeling_assignment") == slots, "no claim had to be taken back"
    twice = "select labeler_id from labeling_exposure group by labeler_id, text_digest having count(*) > 1"
    assert site.rows(twice) == []
    if site.database_url.startswith("postgres"):  # SQLite lets whoever asks first go on; it promises nobody a turn
        assert min(done) > 0, "everybody got something"
