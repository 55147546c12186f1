"""Enter in a field presses its form's first submit button. On every page, all that this ever does is save."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from labeling.models import Study
from tests.labeling.every_page import DESKS, guarded_study, pages_before_work, pages_of_staff, pages_of_work

pytestmark = pytest.mark.django_db
#: What an address that takes something away ends with.
DESTRUCTIVE = ("/remove/", "/remove-flaw/", "/close/", "/give-back/", "/release/", "/sign-out/")


@dataclass
class Form:
    """A form, whether one can press Enter in it, and its submit buttons in the page's order."""

    address: str
    has_fields: bool = False
    buttons: list[tuple[str, bool]] = field(default_factory=list)
    """Where each leads, and whether it is there only without JavaScript."""

    def defaults(self) -> Iterator[str]:
        """Where Enter leads, with JavaScript and without."""
        for scripted in (True, False):
            there = [leads_to for leads_to, is_unscripted in self.buttons if not (scripted and is_unscripted)]
            yield there[0] if there else self.address


class Forms(HTMLParser):
    """The forms of a page or fragment. A button or field may name its form by `form`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.named: dict[str, Form] = {}
        self.open: Form | None = None
        self.unscripted = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "noscript":
            self.unscripted = True
        elif tag == "form":
            self.open = Form(values.get("action") or values.get("hx-post", ""))
            self.forms.append(self.open)
            self.named[values.get("id", "")] = self.open
        elif tag in {"input", "select"} and values.get("type") != "hidden" and (form := self._owner(values)):
            form.has_fields = True
        elif tag == "button" and values.get("type", "submit") == "submit" and (form := self._owner(values)):
            leads_to = values.get("formaction") or values.get("hx-post") or form.address
            form.buttons.append((leads_to, self.unscripted))

    def _owner(self, values: dict[str, str]) -> Form | None:
        return self.named.get(values["form"]) if "form" in values else self.open

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "noscript":
            self.unscripted = False


def dangers(text: str) -> list[str]:
    """The forms with fields in which Enter leads elsewhere than the form, or the form itself takes something away."""
    return [
        f"Enter in the form of {form.address} leads to {leads_to}"
        for form in Forms(text).forms
        if form.has_fields
        for leads_to in form.defaults()
        if leads_to != form.address or leads_to.endswith(DESTRUCTIVE)
    ]


@pytest.mark.parametrize("activity", DESKS)
def test_enter_on_a_desk_only_saves(activity: str) -> None:
    seen = pages_of_work(DESKS[activity]())
    forms = [form for page in seen for form in Forms(page.body).forms if form.has_fields]
    assert len(forms) > 1
    assert [danger for page in seen for danger in dangers(page.body)] == []


def test_enter_before_any_work_only_goes_on() -> None:
    seen = pages_before_work(guarded_study())
    assert [page.status for page in seen] == [200, 200, 200]
    assert [danger for page in seen for danger in dangers(page.body)] == []


def test_enter_on_the_pages_of_those_who_run_studies_only_saves() -> None:
    DESKS["critiquing"]()
    DESKS["answering"]()
    seen = pages_of_staff()
    visited = {page.address for page in seen if page.status == 200}
    for study in Study.objects.all():
        for page in ("", "labelers/", "questions/"):
            assert f"/studies/{study.public_id}/{page}" in visited
    assert [danger for page in seen for danger in dangers(page.body)] == []


@pytest.mark.parametrize(
    "inside",
    [
        '<input name="about"><button formaction="/x/remove/">Remove</button>',
        '<input name="about"><noscript><button>Save</button></noscript><button hx-post="/x/remove/">Remove</button>',
        '<select name="who"></select><button formaction="/studies/x/close/">Close</button><button>Save</button>',
    ],
)
def test_a_form_whose_enter_takes_something_away_is_noticed(inside: str) -> None:
    assert dangers(f'<form action="/x/">{inside}</form>') != []


def test_a_button_of_another_form_is_not_pressed_by_enter() -> None:
    elsewhere = '<form id="elsewhere"></form>'
    button = '<button form="elsewhere" formaction="/x/remove/">Remove</button>'
    assert dangers(f'{elsewhere}<form action="/x/"><input name="about">{button}</form>') == []
