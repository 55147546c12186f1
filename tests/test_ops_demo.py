"""`make demo`'s second half as a person meets it: real processes, a real port, and nothing left behind."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.servers import free_port, wait_until

CHECKOUT = Path(__file__).parents[1]


class Demo:
    """The demo as a process, with what it has said so far."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self.log = folder, port, folder.with_suffix(".log")
        kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            env=kept | {"VAR_DIR": str(folder)}, cwd=CHECKOUT, start_new_session=True,
            stdout=self.log.open("wb"), stderr=subprocess.STDOUT,
        )  # fmt: skip

    @property
    def said(self) -> str:
        return self.log.read_text()

    def wait_for(self, line: str, seconds: float = 120) -> None:
        wait_until(lambda: line in self.said or self.process.poll() is not None, seconds, f"{line}\n{self.said}")
        assert line in self.said, self.said

    def processes(self) -> set[int]:
        """Every process of this demo, whoever its parent is: they all carry its folder in their environment."""
        mark = f"VAR_DIR={self.folder}\0".encode()
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    environment = (entry / "environ").read_bytes()
                except (OSError, PermissionError):
                    continue
                if mark in environment:
                    found.add(int(entry.name))
        return found

    def end(self) -> None:
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    demos: list[Demo] = []

    def start_demo(port: int | None = None) -> Demo:
        demos.append(Demo(tmp_path / "var", port or free_port()))
        return demos[-1]

    yield start_demo
    for demo in demos:
        demo.end()


def get(port: int, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    response = connection.getresponse()
    response.body = response.read().decode()  # type: ignore[attr-defined]
    connection.close()
    return response


def test_it_starts_with_nothing_and_stops_without_a_trace(start) -> None:  # type: ignore[no-untyped-def]
    demo = start()
    demo.wait_for(f"Ready: http://127.0.0.1:{demo.port}/\n")
    accounts = demo.folder / "accounts.txt"
    demo.wait_for("Ctrl-C stops everything.")
    assert stat.S_IMODE(accounts.stat().st_mode) == 0o600
    passwords = dict(line.split() for line in accounts.read_text().splitlines())
    assert list(passwords) == [*(f"labeler{n}" for n in range(1, 7)), "researcher", "admin"]
    assert all(re.search(rf"{name} +{password}\n", demo.said) for name, password in passwords.items())

    root = get(demo.port, "/")
    assert root.status == 302
    sign_in = get(demo.port, root.headers["Location"])
    assert sign_in.status == 200
    sheets = re.findall(r'href="(/static/[^"]+\.css)"', sign_in.body)
    assert sheets, "the page has its style"
    assert all(re.search(r"\.[0-9a-f]{12}\.css$", sheet) for sheet in sheets), "under a name that changes with it"
    assert all(get(demo.port, sheet).status == 200 for sheet in sheets)

    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(30) == 0
    assert demo.processes() == set()
    assert "Traceback" not in demo.said

    # Again: what is there is used, and a supervisor that is killed outright takes everything along.
    again = start()
    again.wait_for("Ctrl-C stops everything.")
    assert dict(line.split() for line in accounts.read_text().splitlines()) == passwords
    assert len(again.processes()) >= 4, "supervisor, web server with its workers, worker"
    again.process.kill()
    wait_until(lambda: not again.processes(), 30, "the orphans to end")


def test_a_web_server_or_worker_that_dies_is_started_again(start) -> None:  # type: ignore[no-untyped-def]
    demo = start()
    demo.wait_for("Ctrl-C stops everything.")
    for name, program in (("web server", "gunicorn"), ("worker", "celery")):
        (leader,) = (pid for pid in demo.processes() if is_leader(pid) and program in command(pid))
        os.killpg(leader, signal.SIGKILL)
        demo.wait_for(f"The {name} ended (signal 9); starting it again")
        wait_until(
            lambda program=program, leader=leader: any(
                program in command(pid) and is_leader(pid) and pid != leader for pid in demo.processes()
            ),
            30,
            f"the {name} to be there again",
        )
    wait_until(lambda: answers(demo.port), 30, "the web server to answer again")


def is_leader(pid: int) -> bool:
    return os.getpgid(pid) == pid


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def answers(port: int) -> bool:
    try:
        return get(port, "/").status == 302
    except OSError:
        return False


def test_a_port_in_use_is_told_before_anything_is_made(start) -> None:  # type: ignore[no-untyped-def]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        demo = start(taken.getsockname()[1])
        assert demo.process.wait(60) != 0
    assert f"Port {demo.port} of 127.0.0.1 cannot be used" in demo.said
    assert "Traceback" not in demo.said
    assert not (demo.folder / "accounts.txt").exists()
    assert not (demo.folder / "second_reader.sqlite3").exists()
