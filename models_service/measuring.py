"""Time and peak memory of a piece of work, on a CPU or a GPU."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Meter:
    """`with Meter(device) as meter: …` then `seconds` and `peak_bytes` above what was held before.

    On a CPU process time, all threads, and the kernel's high-water mark of resident memory (Linux; None on
    systems that keep none); on a GPU the time between two events and torch's own peak.
    """

    def __init__(self, device: str, held: int | None = None) -> None:
        """`held`: on a GPU, the bytes above which the peak is told, instead of what is held at the beginning."""
        self._held_before = held
        self._cuda = device.startswith("cuda")
        self.seconds = 0.0
        self.peak_bytes: int | None = None

    def __enter__(self) -> Meter:
        gc.collect()
        if self._cuda:
            self._start_cuda()
        else:
            self._before = _reset_high_water() if sys.platform == "linux" else None
            self._started = time.process_time()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._cuda:
            self._stop_cuda()
        else:
            self.seconds = time.process_time() - self._started
            if self._before is not None:
                self.peak_bytes = _status("VmHWM") - self._before

    def _start_cuda(self) -> None:
        import torch

        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        self._held = torch.cuda.memory_allocated() if self._held_before is None else self._held_before
        event: Any = torch.cuda.Event
        self._events = [event(enable_timing=True) for _ in range(2)]
        self._events[0].record()

    def _stop_cuda(self) -> None:
        import torch

        self._events[1].record()
        torch.cuda.synchronize()
        self.seconds = self._events[0].elapsed_time(self._events[1]) / 1000
        self.peak_bytes = torch.cuda.max_memory_allocated() - self._held


def _reset_high_water() -> int:
    """What this process holds now, in bytes; the high-water mark begins here."""
    # Freed memory that the allocator still holds would hide what the work needs.
    ctypes.CDLL(None).malloc_trim(0)
    _CLEAR.write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    """A memory figure of this process, in bytes."""
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{_STATUS} has no {name}")
