"""A database of the version before, opened by this one: nothing is lost, and it exports what it did."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests import upgrades


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site whose old database was migrated."""
    folder = tmp_path_factory.mktemp("upgrade")
    upgrades.restore(folder / "second_reader.sqlite3")
    (folder / "pseudonym_salt").write_text(upgrades.SALT)
    manage(folder, "migrate", "-v0")
    return folder


def manage(folder: Path, *arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {
        "VAR_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PSEUDONYM_SALT": upgrades.SALT,
    }
    subprocess.run([sys.executable, "manage.py", *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("kind", ["assistance", "intended_checks"])
def test_an_upgraded_site_exports_what_it_did(upgraded: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out.jsonl"
    extended = ["--extended"] if kind == "assistance" else []
    manage(upgraded, "export_dataset", kind, str(out), *extended)
    assert out.read_text() == upgrades.exported(kind)


def test_drafts_keep_their_critiques_rating_and_time(upgraded: Path) -> None:
    with closing(sqlite3.connect(upgraded / "second_reader.sqlite3")) as connection:
        drafts = connection.execute(
            "select sitting.rating, critique.text, sitting.saved_at from labeling_sitting sitting"
            " join labeling_labelercritique found on found.sitting_id = sitting.id"
            " join labeling_critique critique on critique.id = found.critique_id"
            " where sitting.submitted_at is null"
        ).fetchall()
        begun, opened = connection.execute(
            "select (select count(*) from labeling_sitting where submitted_at is null),"
            " (select count(*) from labeling_assignment where state = 'opened')"
        ).fetchone()
    assert [(rating, text) for rating, text, _ in drafts] == [(5, "A draft of two.")]
    assert all(saved.startswith("2026-11-27 04:44") for *_, saved in drafts)
    assert begun == opened == 3
