"""What holds on SQLite holds on PostgreSQL: the tests of the records themselves, once more, on the other database."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.services.sites import CHECKOUT

#: What writes records, and what the database refuses. Pages and the API stand on these, on any database. The state
#: machine of test_assignment_life.py stays out: Hypothesis replays it, and PostgreSQL numbers rows on where SQLite
#: begins again, so that the same choices would mean other rows.
FILES = [
    "tests/assist",
    *("tests/labeling/test_opening.py", "tests/labeling/test_releasing.py"),
    *("tests/labeling/test_critiquing.py", "tests/labeling/test_database_refuses.py"),
    *("tests/labeling/test_exchange_assistance.py", "tests/labeling/test_exchange_own_study.py"),
    *("tests/labeling/test_exchange_sittings.py", "tests/labeling/test_exchange_uploads.py"),
    "tests/labeling/test_hostile_requests.py",
]


@pytest.mark.timeout(600)
def test_the_database_refuses_and_counts_alike(new_database: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *FILES, "-q", "-n", "2", "-p", "no:cacheprovider"],
        env=inherited | {"DATABASE_URL": new_database}, cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-2000:]}"
    assert " passed" in done.stdout
