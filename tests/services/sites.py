"""A whole site as its processes see it: a database, a broker, a critic; and what tests do with it from outside."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

CHECKOUT = Path(__file__).parents[2]
WORKER = shlex.split(
    """-W "ignore:You're running the worker" """
    "-m celery --quiet -A config worker -P prefork -c 1 -Q assist --loglevel WARNING"
)
SWEEPER = shlex.split("manage.py sweep --every 0.5")


@dataclass(frozen=True)
class Site:
    """Everything is in the environment of its processes, as in production."""

    database_url: str
    broker_url: str
    folder: Path
    critic: Path | str = "models_service/critic/reports"
    lease_seconds: int = 3

    @property
    def env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": self.database_url,
            "BROKER_URL": self.broker_url,
            "VAR_DIR": str(self.folder),
            "CRITIC_MODEL": str(self.critic),
            "CRITIC_DTYPE": "float32",
            "CRITIC_FORMAT": "finetuned",
            "RUN_LEASE_SECONDS": str(self.lease_seconds),
            "OMP_NUM_THREADS": "1",
            "LOG_LEVEL": "WARNING",
        }

    def run(self, *arguments: str) -> str:
        """Run Python in the checkout as one of the site's processes; what it printed."""
        done = subprocess.run(
            [sys.executable, *arguments], env=self.env, cwd=CHECKOUT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def act(self, name: str, *arguments: object) -> Any:
        """Do one of the acts of acts.py, in a process of its own."""
        return json.loads(self.run("-m", "tests.services.acts", name, *map(str, arguments)).splitlines()[-1])

    @contextmanager
    def process(self, *arguments: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """One of the site's processes in the background, ended with all it started."""
        started = subprocess.Popen(
            [sys.executable, *arguments], env=self.env | (env or {}), cwd=CHECKOUT, start_new_session=True
        )
        try:
            yield started
        finally:
            kill_all(started)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Look into the database from outside."""
        if self.database_url.startswith("sqlite:///"):
            with closing(sqlite3.connect(self.database_url.removeprefix("sqlite:///"), timeout=20)) as connection:
                return connection.execute(query).fetchall()
        with closing(psycopg2.connect(self.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def one(self, query: str) -> Any:
        return self.rows(query)[0][0]


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """kill -9 for the process and everything it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
