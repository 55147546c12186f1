"""Child processes that are kept running, and that do not outlive the one who looks after them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

PR_SET_PDEATHSIG = 1
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
#: A child that lived this long is restarted at once; one that did not waits twice as long as the last time.
STEADY_SECONDS = 20.0


@dataclass
class Child:
    """One process, restarted when it ends, with growing pauses while it keeps failing.

    It gets a session of its own, so that Ctrl-C in a terminal reaches only the supervisor, which then stops
    its children in order. If the supervisor is killed outright, the kernel sends `if_orphaned`.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    if_orphaned: signal.Signals
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    due: float | None = None

    def start(self) -> None:
        """Call from the main thread: the kernel's promise ends with the thread that started the child."""
        self.process = subprocess.Popen(  # noqa: S603 - the demo's own commands
            self.command,
            env=dict(self.env),
            start_new_session=True,
            preexec_fn=_ends_with(os.getpid(), self.if_orphaned),  # noqa: PLW1509 - the supervisor has one thread
        )
        self.started, self.due = time.monotonic(), None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def tend(self, say: Callable[[str], object]) -> None:
        """Start it again if it has ended and its pause is over."""
        now = time.monotonic()
        if self.is_running:
            return
        if self.due is None:
            assert self.process is not None
            steady = now - self.started > STEADY_SECONDS
            self.pause = FIRST_PAUSE if steady else min(self.pause * 2, LONGEST_PAUSE)
            self.due = now + self.pause
            say(f"The {self.name} ended ({_how(self.process.returncode)}); starting it again in {self.pause:g} s.")
        elif now >= self.due:
            self.start()

    def ask_to_stop(self) -> None:
        if self.process is not None and self.is_running:
            self.process.terminate()

    def kill(self) -> None:
        """End it and everything it started, at once."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def stop(children: Sequence[Child], grace: float) -> None:
    """Ask all to stop, wait for at most `grace` seconds, then end what is left and all that it started.

    A signal that arrives meanwhile (as KeyboardInterrupt) ends the wait, not the stopping.
    """
    try:
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + grace
        while any(child.is_running for child in children) and time.monotonic() < deadline:
            time.sleep(0.05)
    except KeyboardInterrupt:
        pass
    finally:
        for child in children:
            child.kill()


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def _ends_with(parent: int, last_word: signal.Signals) -> Callable[[], None]:
    """What the child does before it becomes its program: ask the kernel for a signal when its parent dies."""
    if sys.platform != "linux":
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(last_word))
        if os.getppid() != parent:  # it died before the kernel was asked
            os._exit(1)

    return prepare
