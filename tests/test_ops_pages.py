"""Pages and files that must keep saying what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from labeling.enums import ASSIGNMENT_MOVES
from labeling.management.commands.draw_assignment_states import PAGE, draw

CHECKOUT = Path(__file__).parents[1]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def test_the_life_of_an_assignment_is_drawn_from_the_code() -> None:
    assert PAGE.read_text() == draw()
    for state, following in ASSIGNMENT_MOVES.items():
        for after in following:
            assert f"    {state.value} --> {after.value}\n" in draw()


def test_pages_link_to_what_is_there() -> None:
    broken = [
        f"{page.relative_to(CHECKOUT)}: {target}"
        for page in [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")]
        for target in LINK.findall(page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_setting_that_is_read_from_the_environment_is_explained() -> None:
    read = set()
    for source in (CHECKOUT / "config").glob("*.py"):
        text = source.read_text()
        read |= set(re.findall(r'(?:environ(?:\.get)?[\[(]|env_bool\(|env_list\(|secret\()"([A-Z_]+)"', text))
    page = (CHECKOUT / "docs" / "operations.md").read_text()
    assert sorted(name for name in read - {"DJANGO_SETTINGS_MODULE"} if f"`{name}`" not in page) == []


def test_every_package_that_is_installed_has_its_notice() -> None:
    notices = (CHECKOUT / "THIRD_PARTY_NOTICES.md").read_text()
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)==", (CHECKOUT / "requirements" / "demo.txt").read_text(), re.MULTILINE)
    assert [name for name in pinned if f"| {name} |" not in notices] == []
