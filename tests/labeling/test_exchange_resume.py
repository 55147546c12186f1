"""An import that is killed is seen by nobody and goes on where it ended. Real processes, a real file database."""

from __future__ import annotations

import copy
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from findings import jsonl
from tests.labeling.test_exchange_assistance import ROW

ROWS = 400


@pytest.fixture
def site(tmp_path: Path) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"VAR_DIR": str(tmp_path / "var"), "DJANGO_SETTINGS_MODULE": "config.settings"}
    (tmp_path / "var").mkdir()
    manage(environment, "migrate", "-v0").wait()
    return environment


def manage(environment: dict[str, str], *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "manage.py", *arguments], env=environment, **options)


def rows_done(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        row = connection.execute("select rows_done from labeling_importbatch").fetchone()
    return row[0] if row else 0


def test_a_killed_import_is_invisible_and_goes_on_where_it_ended(site: dict[str, str], tmp_path: Path) -> None:
    rows = []
    for number in range(ROWS):
        row = copy.deepcopy(ROW)
        row["source_id"] = f"source{number}"
        for label in row["labels"]:
            label["id"] += f"-{number}"
        rows.append(row)
    path, out = tmp_path / "rows.jsonl.gz", tmp_path / "out.jsonl"
    jsonl.write(path, rows)
    database = tmp_path / "var" / "second_reader.sqlite3"

    process = manage(site, "import_dataset", "assistance", str(path))
    while process.poll() is None and rows_done(database) == 0:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = rows_done(database)
    assert 0 < done < ROWS

    assert manage(site, "export_dataset", "assistance", str(out)).wait() == 0
    assert list(jsonl.read(out)) == []

    again = manage(site, "import_dataset", "assistance", str(path), stdout=subprocess.PIPE)
    said, _ = again.communicate()
    assert f"Imported {ROWS} rows".encode() in said
    assert manage(site, "export_dataset", "assistance", str(out)).wait() == 0
    assert [line.value for line in jsonl.read(out)] == rows
