"""What all tests share: which part a test belongs to, and what happens when a part cannot run here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# How long an example takes says how busy the machine is, nothing about the promise.
settings.register_profile("second-reader", deadline=None)
settings.load_profile("second-reader")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

LEFT_OUT = "LEFT OUT: "
PARTS = {"browser", "services"}


def leave_out(reason: str) -> NoReturn:
    """Skip a test whose program is absent, loudly. With CI=true nothing may be left out, so it fails."""
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(f"{LEFT_OUT}{reason} (CI=true allows no part to be left out)", pytrace=False)
    pytest.skip(f"{LEFT_OUT}{reason}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One real Chromium for the whole run: Playwright starts only once in a process."""
    if CHROMIUM is None:
        leave_out("browser tests, because no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in browser/ and services/ belong to those parts, without each saying so."""
    for item in items:
        folder = Path(item.path).parent.name
        if folder in PARTS:
            item.add_marker(getattr(pytest.mark, folder))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was left out, and why, where nobody overlooks it."""
    reasons = {
        report.longrepr[2].partition(LEFT_OUT)[2]
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and LEFT_OUT in report.longrepr[2]
    }
    for reason in sorted(reasons):
        terminalreporter.section("LEFT OUT", red=True, bold=True)
        terminalreporter.line(reason)
