"""Texts of any script: each is read in its own direction, on every page, whatever stands around it."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

import pytest

from tests.labeling.every_page import (
    DESKS,
    guarded_study,
    pages_before_work,
    pages_of_staff,
    pages_of_work,
    say_everywhere,
)

pytestmark = pytest.mark.django_db
WORDS = "وصلت العبّارة في الساعة التاسعة. (كان الضباب كثيفًا!)"
#: Elements without an end, and those whose text is no part of a page.
EMPTY = {"input", "br", "link", "meta", "img", "hr"}
NOT_SHOWN = {"title", "script", "style"}


def is_arabic(text: str) -> bool:
    return any(unicodedata.bidirectional(letter) == "AL" for letter in text)


class Lines(HTMLParser):
    """The texts of a page that run the wrong way: Arabic in an element that does not look at what it holds."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.wrong: list[str] = []
        self.right = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        looks = tag == "bdi" or values.get("dir") == "auto"
        if tag == "input" and values.get("type") != "hidden" and is_arabic(values.get("value") or ""):
            self._count(looks, f"<input name={values.get('name')}>")
        if tag not in EMPTY:
            self.open.append((tag, looks))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if is_arabic(data) and not any(tag in NOT_SHOWN for tag, _ in self.open):
            self._count(any(looks for _, looks in self.open), " > ".join(tag for tag, _ in self.open[-4:]))

    def _count(self, looks: bool, where: str) -> None:
        self.right += looks
        if not looks:
            self.wrong.append(where)


@pytest.mark.parametrize("activity", DESKS)
def test_every_text_on_a_desk_is_read_in_its_own_direction(activity: str) -> None:
    work = DESKS[activity]()
    say_everywhere(WORDS)
    seen = pages_of_work(work)
    assert Lines(seen[0].body).right > 1
    assert {(page.address, where) for page in seen for where in Lines(page.body).wrong} == set()


def test_every_text_before_the_work_is_read_in_its_own_direction() -> None:
    study = guarded_study()
    say_everywhere(WORDS)
    seen = pages_before_work(study)
    assert Lines(seen[0].body).right >= 2
    assert {(page.address, where) for page in seen for where in Lines(page.body).wrong} == set()


def test_every_text_on_the_pages_of_those_who_run_studies_is_read_in_its_own_direction() -> None:
    DESKS["critiquing"]()
    DESKS["answering"]()
    say_everywhere(WORDS)
    seen = pages_of_staff()
    assert sum(Lines(page.body).right for page in seen) > 20
    assert {(page.address, where) for page in seen for where in Lines(page.body).wrong} == set()


def test_a_text_without_a_direction_of_its_own_is_noticed() -> None:
    assert Lines(f"<p>{WORDS}</p><input value='{WORDS}'>").wrong == ["p", "<input name=None>"]
    assert Lines(f"<p>By <bdi>{WORDS}</bdi></p><textarea dir='auto'>{WORDS}</textarea>").wrong == []
