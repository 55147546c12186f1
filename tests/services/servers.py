"""A PostgreSQL and a Redis of our own, on free ports, in folders that are thrown away."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
import redis

START_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(true: Callable[[], object], seconds: float, what: str) -> None:
    """Poll until it is so. Raises with `what` was waited for if it never is."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(0.05)


def postgresql_program(name: str) -> str | None:
    """Debian keeps the server's programs off the PATH."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return shutil.which(name) or (str(installed[-1]) if installed else None)


def redis_program() -> str | None:
    return shutil.which("redis-server")


@dataclass
class PostgreSQL:
    """A server that can be stopped and started again in the middle of things."""

    url: str
    """Its address, without a database's name."""
    command: Sequence[object]
    folder: Path
    user: str | None
    running: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        self.running.enter_context(_process(self.command, self.folder, self.user, signal.SIGINT))
        wait_until(lambda: _accepts(f"{self.url}/postgres"), START_SECONDS, "PostgreSQL to start")

    def stop(self) -> None:
        """A fast shutdown: every connection is ended, as by `systemctl restart postgresql`."""
        self.running.close()


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Start a new, empty PostgreSQL."""
    initdb, postgres = postgresql_program("initdb"), postgresql_program("postgres")
    assert initdb is not None
    assert postgres is not None
    port = free_port()
    with _folder() as (folder, user):
        data = folder / "data"
        subprocess.run(
            [initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            user=user, check=True, stdout=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "fsync": "off"}
        command: list[object] = [postgres, "-D", data, *(f"--{name}={value}" for name, value in options.items())]
        server = PostgreSQL(f"postgres://postgres@127.0.0.1:{port}", command, folder, user)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def redis_server() -> Iterator[str]:
    """Start a new, empty Redis, without any file; its address."""
    program = redis_program()
    assert program is not None
    port = free_port()
    with _folder() as (folder, user):
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        with _process(command, folder, user, signal.SIGTERM):
            wait_until(lambda: _pongs(port), START_SECONDS, "Redis to start")
            yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def _folder() -> Iterator[tuple[Path, str | None]]:
    """A folder for a server, and the user it runs as: PostgreSQL refuses to be root."""
    user = None
    with tempfile.TemporaryDirectory(prefix="second-reader-") as name:
        if os.getuid() == 0:
            user = next(entry.pw_name for entry in pwd.getpwall() if entry.pw_name in {"postgres", "nobody"})
            shutil.chown(name, user)
        yield Path(name), user


@contextmanager
def _process(command: Sequence[object], folder: Path, user: str | None, ending: signal.Signals) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(word) for word in command], user=user, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield
    except TimeoutError as error:
        raise TimeoutError(f"{error}\n{(folder / 'log').read_text()}") from error
    finally:
        process.send_signal(ending)
        process.wait()


def _accepts(url: str) -> bool:
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True


def _pongs(port: int) -> bool:
    try:
        with redis.Redis(port=port) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False
