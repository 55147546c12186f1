"""What the documentation tells people to type is there: targets, scripts, commands and their flags."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

CHECKOUT = Path(__file__).parents[1]
PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(
    r"(?:^|\s)(make [a-z][a-z-]*|(?:\.venv/bin/|exec )?(?:python3? )?"
    r"(?:manage\.py|-m (?:findings|models_service)) [^#]*|scripts/\S+)"
)


def commands() -> Iterator[tuple[str, str]]:
    """Every page's commands: in a block, or quoted in the text."""
    for page in PAGES:
        text = page.read_text()
        lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
        for quoted in [*lines, *QUOTED.findall(BLOCK.sub("", text))]:
            match = COMMAND.match(quoted.strip()) or COMMAND.search(quoted.strip())
            if match:
                yield page.name, match[1].strip()


ALL = sorted(set(commands()))


@cache
def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*(?: [a-z-]+)*):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))


@cache
def help_of(*arguments: str) -> str | None:
    """What `python -m ARGUMENTS --help` prints; null where it does not work."""
    command = [sys.executable, "-m", *arguments, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT, env=os.environ)
    return done.stdout if done.returncode == 0 else None


def flags(command: str) -> set[str]:
    return set(re.findall(r"(?<!\S)--[a-z][a-z-]*", command))


def check_django(command: str) -> None:
    name, *_ = command.split("manage.py ", 1)[1].split()
    assert name in get_commands(), f"there is no command {name}"
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    known = {option for action in parser._actions for option in action.option_strings}
    assert flags(command) <= known


def check_module(command: str) -> None:
    """Its subcommands, as far as it has some, and the flags of the last of them."""
    words = command.split("-m ", 1)[1].split()
    path = words[:1]
    shown = help_of(*path)
    assert shown is not None, f"python -m {path[0]} does not work"
    for word in words[1:]:
        further = help_of(*path, word) if re.fullmatch(r"[a-z][a-z-]+", word) else None
        if further is None or further == shown:
            break
        path, shown = [*path, word], further
    assert not {flag for flag in flags(command) if flag not in shown}, f"python -m {' '.join(path)} lacks a flag"


@pytest.mark.parametrize(("page", "command"), ALL, ids=[f"{page}: {command}"[:90] for page, command in ALL])
def test_a_command_that_is_quoted_is_there(page: str, command: str) -> None:
    if command.startswith("make "):
        known = {target for group in targets() for target in group.split()}
        assert command.split()[1] in known
    elif command.startswith("scripts/"):
        assert os.access(CHECKOUT / command.split(maxsplit=1)[0].rstrip(".,:"), os.X_OK)
    elif "manage.py " in command:
        check_django(command)
    else:
        check_module(command)


def test_the_pages_quote_commands_at_all() -> None:
    assert len(ALL) > 40
