"""Look things up: every table, read-only, because what people do is written by actions alone.

A list shows a row's own short columns. Of the rows it refers to, studies and people are named, fetched with the
list; the others stand there as links, so that no list asks once a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator

from labeling.models import Labeler, Study, User

#: What is named in lists, with what its name needs besides itself and how it is searched.
NAMED: dict[type[models.Model], tuple[str, str]] = {
    Study: ("", "name"),
    User: ("", "username"),
    Labeler: ("__user", "user__username"),
}
Column = str | Callable[[Any], str]


class LookUp(admin.ModelAdmin):  # type: ignore[type-arg]
    """One table to be looked at: nothing is added, changed or deleted here."""

    ordering = ("pk",)
    list_per_page = 50
    show_full_result_count = False
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True  # the site lets nobody in but admins

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _options(model: type[models.Model]) -> dict[str, Any]:
    own = [field for field in model._meta.concrete_fields if field.name != "password"]
    named = {field.name: NAMED[field.related_model] for field in own if field.related_model in NAMED}
    texts = [field.name for field in own if isinstance(field, (models.CharField, models.TextField))]
    return {
        "list_display": ["pk", *(_column(field) for field in own if not field.primary_key)],
        "list_select_related": [f"{name}{needs}" for name, (needs, _) in named.items()] or False,
        "list_filter": [field.name for field in own if field.choices],
        "search_fields": [_by_number(model), *texts, *(f"{name}__{by}" for name, (_, by) in named.items())],
        "exclude": ["password", *(field.name for field in model._meta.many_to_many)],
    }


def _by_number(model: type[models.Model]) -> str:
    """Rows are found by their number; some tables are numbered like the row they belong to."""
    key = model._meta.pk
    return f"={key.name}__id" if key.is_relation else f"={key.name}"


def _column(field: models.Field[Any, Any]) -> Column:
    """How a column is listed: a reference as a link, unless it is named; a long value shortened."""
    if field.is_relation and field.related_model not in NAMED:
        return _described(field, lambda row: _link(field, getattr(row, field.attname)))
    if isinstance(field, (models.TextField, models.JSONField)):
        return _described(field, lambda row: Truncator(getattr(row, field.attname)).chars(80))
    return field.name


def _described(field: models.Field[Any, Any], show: Callable[[Any], str]) -> Column:
    return admin.display(description=str(field.verbose_name), ordering=field.attname)(show)


def _link(field: models.Field[Any, Any], pk: int | None) -> str:
    if pk is None:
        return "–"
    to = field.related_model._meta  # type: ignore[union-attr]
    return format_html(
        '<a href="{}">{} {}</a>',
        reverse(f"admin:{to.app_label}_{to.model_name}_change", args=[pk]),
        to.verbose_name,
        pk,
    )


def register_all(tables: Iterable[type[models.Model]]) -> None:
    for table in tables:
        admin.site.register(table, LookUp, **_options(table))


admin.site.unregister(Group)  # roles say who may do what
register_all(apps.get_app_config("labeling").get_models())
