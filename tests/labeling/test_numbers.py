"""No number that people set is without bounds: in forms, in commands, in the database."""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from django import forms as django_forms
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from labeling import forms
from labeling.enums import Role
from labeling.limits import LARGEST_NUMBER, LONGEST_IDLE_HOURS
from labeling.models import Study
from tests.factories import make_user
from tests.services.sites import Site

#: The migration before the one that sets bounds.
BEFORE = "0013_end_one_sitting"


def number_fields() -> Iterator[tuple[str, django_forms.IntegerField]]:
    for module in pkgutil.iter_modules(forms.__path__, f"{forms.__name__}."):
        for form in vars(importlib.import_module(module.name)).values():
            if isinstance(form, type) and issubclass(form, django_forms.Form):
                for name, field in form.base_fields.items():
                    if isinstance(field, django_forms.IntegerField):  # decimals and floats are such, too
                        yield f"{form.__name__}.{name}", field


def test_every_number_of_every_form_has_a_least_and_a_largest() -> None:
    fields = dict(number_fields())
    assert "StudyForm.seed" in fields
    unbounded = {name for name, field in fields.items() if field.min_value is None or field.max_value is None}
    assert unbounded == set()


@pytest.mark.parametrize("written", ["1.000", "1,000", "1.0", "1 000", "1e0"])
def test_a_thousand_as_others_write_it_is_never_read_as_one(written: str) -> None:
    read = {}
    for name, field in number_fields():
        with suppress(django_forms.ValidationError):
            read[name] = field.clean(written)
    assert read == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("idle_release_hours", value) for value in ("0", "-1", "8761", "99999999", "9" * 30, "9" * 5000, "nan")),
        *(("seed", value) for value in ("-1", str(2**63), "9" * 30, "1e3")),
    ],
)
def test_a_study_is_not_made_with_a_number_that_breaks_it(field: str, value: str) -> None:
    admin = Client()
    admin.force_login(make_user("admin", Role.ADMIN))
    sent = {"name": "A study", "conditions": "Model/0", "seed": "0", "idle_release_hours": "24", field: value}
    answered = admin.post("/studies/new/", sent)
    assert answered.status_code == 422
    assert field in answered.context["form"].errors
    assert not Study.objects.exists()
    limits = {"seed": str(LARGEST_NUMBER), "idle_release_hours": str(LONGEST_IDLE_HOURS)}
    assert admin.post("/studies/new/", sent | limits).status_code == 302, "and the largest of both are taken"
    assert (Study.objects.get().seed, Study.objects.get().idle_release_hours) == (LARGEST_NUMBER, LONGEST_IDLE_HOURS)


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"idle_release_hours": 0}, {"idle_release_hours": 8761}, {"seed": -1}])
def test_the_database_refuses_them_too(wrong: dict[str, int]) -> None:
    study = Study.objects.create(name="A study")
    with pytest.raises(IntegrityError), transaction.atomic():
        Study.objects.filter(pk=study.pk).update(**wrong)


@pytest.mark.parametrize(
    "arguments",
    [
        ["sample_answers", "--critic", "reports", "--study", "A study", "--n", "0"],
        ["sample_answers", "--critic", "reports", "--study", "A study", "--seed", str(2**63)],
        ["sample_answers", "--critic", "reports", "--study", "A study", "--temperature", "nan"],
        ["sample_answers", "--critic", "reports", "--questions", "9" * 30],
        ["sample_refinements", "--critic", "reports", "--study", "A study", "--max-new-tokens", "-1"],
        ["load_demo", "--seed", "-1"],
        ["load_demo", "--reports", "9" * 30],
    ],
)
def test_commands_refuse_them_by_name(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=f"{arguments[-2]}: .* is not between"):
        call_command(*arguments)


def test_a_database_that_holds_such_numbers_is_brought_inside(tmp_path: Path) -> None:
    site = Site(f"sqlite:///{tmp_path / 'old.sqlite3'}", "filesystem://localhost", tmp_path)
    site.run("manage.py", "migrate", "labeling", BEFORE, "-v0")
    with closing(sqlite3.connect(tmp_path / "old.sqlite3")) as old, old:
        for name, hours, seed in [("For ever", 99_999_999, -1), ("At once", 0, -(2**63)), ("Sound", 24, 7)]:
            old.execute(
                "insert into labeling_study (public_id, name, instructions, notes, state, seed, critic, temperatures, "
                "idle_release_hours, created_at) values (?, ?, '', '', 'preparing', ?, '', '[]', ?, '2026-11-01')",
                (name, name, seed, hours),
            )
    site.run("manage.py", "migrate", "-v0")
    assert site.rows("select name, idle_release_hours, seed from labeling_study order by id") == [
        ("For ever", LONGEST_IDLE_HOURS, LARGEST_NUMBER),
        ("At once", 1, 0),
        ("Sound", 24, 7),
    ]
