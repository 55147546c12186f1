"""The ids by which rows are known: a row comes in once, and leaves once."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Any

from django.db.models import QuerySet

from labeling.models import Study
from labeling.refusals import Refused

#: Of some studies, every id that their rows of one kind have, each with its study's name.
Ids = Callable[[QuerySet[Study]], Iterable[tuple[str, str]]]


def ids_of(rows: Callable[[QuerySet[Study]], QuerySet[Any]], *, study: str, named: str = "public_id") -> Ids:
    """The ids of rows that keep theirs in one field."""

    def ids(studies: QuerySet[Study]) -> Iterable[tuple[str, str]]:
        return rows(studies).order_by().prefetch_related(None).values_list(named, f"{study}__name")

    return ids


def studies_with(wanted: Container[object], ids: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Of the wanted ids those that are here, each with its study's name."""
    return {one: study for one, study in ids if one in wanted}


def check_in_one_study(ids: Iterable[tuple[str, str]]) -> None:
    """Refuse rows of several studies that share an id: they are one row that came in twice."""
    homes: dict[str, str] = {}
    for one, study in ids:
        other = homes.setdefault(one, study)
        if other != study:
            raise Refused(
                f"The row “{one}” is in two studies, “{other}” and “{study}”: export one study at a time.",
                field="study",
            )
