"""docs/architecture.md says what the tree is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PACKAGES = ("labeling", "assist", "models_service", "findings")
#: What every package of its kind has, and no room is needed for.
UNNAMED = {"__init__.py", "__main__.py", "apps.py", "migrations", "__pycache__"}


def rooms() -> set[str]:
    """The paths in the first column of the rooms table. After the first of a row they begin in its top folder."""
    text = (CHECKOUT / "docs" / "architecture.md").read_text()
    table = text.split("\n## Rooms\n")[1].split("\n## ")[0]
    return {room for line in table.splitlines() if line.startswith("| `") for room in _rooms_of(line)}


def _rooms_of(line: str) -> Iterator[str]:
    first, *others = re.findall(r"`([^`]+)`", line.split("|")[1])
    yield first
    top = first.split("/")[0]
    yield from (other if (CHECKOUT / other.split("/")[0]).is_dir() else f"{top}/{other}" for other in others)


def test_every_room_in_the_table_is_there() -> None:
    for room in rooms():
        path = CHECKOUT / room
        assert path.is_dir() if room.endswith("/") else path.is_file(), f"there is no {room}"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_and_folder_of_a_package_is_in_the_table(package: str) -> None:
    named = {room.rstrip("/") for room in rooms()}
    files = {path for path in (CHECKOUT / package).iterdir() if path.name not in UNNAMED}
    missing = {f"{package}/{path.name}" for path in files} - named
    assert not missing, f"the rooms table of docs/architecture.md lacks {sorted(missing)}"


def test_each_decision_has_a_number_of_its_own() -> None:
    decisions = sorted((CHECKOUT / "docs" / "decisions").glob("*.md"))
    numbers = [path.name[:4] for path in decisions]
    assert len(set(numbers)) == len(numbers), "two decisions share a number"
    for path in decisions:
        assert path.read_text().startswith(f"# {int(path.name[:4])}. "), f"{path.name} does not begin with its number"
