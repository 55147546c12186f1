"""The whole study on one machine: prepares what is missing, then runs and looks after the web server and the worker."""

from __future__ import annotations

import http.client
import io
import logging
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from assist.demo.accounts import DEMO_ACCOUNTS, ensure_accounts
from assist.demo.processes import Child, stop
from assist.models import Run, RunState
from assist.sweeping import sweep

HOST = "127.0.0.1"
SWEEP_EVERY = 5.0
#: How long the web server may take to answer for the first time.
START_SECONDS = 60.0
#: How long children may take to finish what they are at when the demo is stopped.
STOP_SECONDS = 10.0

WEB = shlex.split(
    "-m gunicorn config.wsgi:application --worker-class gthread --workers 2 --threads 4 "
    "--no-control-socket --graceful-timeout 5 --log-level warning --bind"
)
# On somebody's own machine, and in a container, the demo may run as root: Celery's warning would be noise.
WORKER = shlex.split(
    """-W "ignore:You're running the worker with superuser privileges" """
    "-m celery --quiet -A config worker -P prefork -c 1 -Q assist "
    "--without-gossip --without-mingle --without-heartbeat --loglevel WARNING"
)


class Command(BaseCommand):
    help = "Run the demo study: web server, assist worker and sweeper, until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--small", action="store_true", help="leave out the critic “english” and its study")
        parser.add_argument(
            "--stop-with-parent", action="store_true", help="stop when whoever started this is gone (for make)"
        )

    def handle(self, *args: Any, port: int, small: bool, stop_with_parent: bool, **options: Any) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)  # in a pipe too, what is said comes out when it is said
        # SIGINT too: a shell that starts this in the background has it ignored.
        for stopping in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(stopping, signal.default_int_handler)
        self.parent = os.getppid() if stop_with_parent else None
        self.children: list[Child] = []
        self.progress = ""
        logging.getLogger("assist").setLevel(logging.WARNING)
        try:
            check_port_is_free(port)
            passwords = self.prepare(small)
            self.start(port)
            self.announce(port, passwords)
            self.look_after()
        except KeyboardInterrupt:
            self.say("Stopping.")
        finally:
            stop(self.children, STOP_SECONDS)

    def say(self, text: str) -> None:
        self.stdout.write(text)

    def prepare(self, small: bool) -> dict[str, str]:
        """Make what is not there yet: tables, static files, accounts, the studies. Returns the known passwords."""
        self.say("Preparing the database.")
        call_command("migrate", interactive=False)
        self.say("Preparing the static files.")
        subprocess.run(
            [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"],
            cwd=settings.BASE_DIR,
            env=child_env(),
            check=True,
        )
        self.say("Preparing the accounts and the studies.")
        passwords = ensure_accounts(settings.VAR_DIR / "accounts.txt")
        call_command("load_demo", small=small)
        return passwords

    def start(self, port: int) -> None:
        """Start the children, and wait until the web server answers."""
        self.children = [
            Child("web server", [sys.executable, *WEB, f"{HOST}:{port}"], child_env(), signal.SIGTERM),
            # SIGKILL: an orphaned worker lets its task go, which the run's lease makes good. Asked by SIGQUIT, Celery's
            # main process at times waits for its pool for ever; killed, its pool ends by itself.
            Child("worker", [sys.executable, *WORKER], child_env(), signal.SIGKILL),
        ]
        for child in self.children:
            child.start()
        web = self.children[0]
        deadline = time.monotonic() + START_SECONDS
        while not answers(port):
            if not web.is_running or time.monotonic() > deadline:
                raise CommandError("The web server did not start. What it said stands above.")
            time.sleep(0.1)

    def announce(self, port: int, passwords: dict[str, str]) -> None:
        self.say(f"Ready: http://{HOST}:{port}/")
        self.say(f"Accounts (also in {settings.VAR_DIR / 'accounts.txt'}):")
        for username in DEMO_ACCOUNTS:
            unknown = f"(not in the file; set one: manage.py changepassword {username})"
            self.say(f"  {username:<12}{passwords.get(username, unknown)}")
        self.say("Ctrl-C stops everything.")

    def look_after(self) -> None:
        """Restart what ends, sweep up what was lost, and tell how far the suggestions are. Ends by a signal."""
        swept = 0.0
        while self.parent is None or os.getppid() == self.parent:
            for child in self.children:
                child.tend(self.say)
            if time.monotonic() - swept >= SWEEP_EVERY:
                self.sweep_up()
                swept = time.monotonic()
            time.sleep(0.2)

    def sweep_up(self) -> None:
        """A sweep that fails (a lost database, a full disk) is told and tried again; the site goes on."""
        try:
            swept = sweep()
            if swept.failed:
                self.say(f"{swept.failed} studies could not be swept. What was wrong stands above.")
            self.tell_progress(suggestions_progress())
        except Exception as error:
            self.say(f"A sweep failed and will be tried again: {type(error).__name__}: {error}")
        finally:
            close_old_connections()

    def tell_progress(self, progress: str) -> None:
        """Say how far the suggestions are, where that is news."""
        if progress != self.progress:
            self.say(progress)
        self.progress = progress


def child_env() -> dict[str, str]:
    """Hashed static files, and one thread for each model: on few shared cores more are slower."""
    defaults = {"OMP_NUM_THREADS": "1", "LOG_LEVEL": "WARNING"}
    return defaults | os.environ | {"HASHED_STATIC": "1"}


def check_port_is_free(port: int) -> None:
    """Say that the port is taken before anything is made or started."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Port {port} of {HOST} cannot be used ({error}). Is a demo running already? "
                f"Another one: PORT={8001 if port == 8000 else 8000} make demo"
            ) from None


def answers(port: int) -> bool:
    """Whether somebody speaks HTTP there. Straight to this machine, whatever proxies the environment names."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def suggestions_progress() -> str:
    """How many answers have their suggestions, in one line; empty where none were asked for."""
    counts = Counter(Run.objects.values_list("state", flat=True))
    if not counts:
        return ""
    done, failed = counts[RunState.DONE], counts[RunState.FAILED]
    line = f"Suggestions: {done} of {sum(counts.values())} answers"
    return f"{line}, {failed} failed (the researcher's page says why)" if failed else line
