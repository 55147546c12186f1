"""Send records out: from the relational rows alone, one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet

from labeling.models import Study
from labeling.refusals import Refused

#: Rows fetched, with all that hangs on them, at a time: what bounds the memory of an export.
ROWS_AT_A_TIME = 20


def studies_to_export(name: str | None = None) -> QuerySet[Study]:
    """All studies, or the one of that name; never one whose import has not finished."""
    studies = Study.objects.readable().order_by("pk")
    if name is None:
        return studies
    named = studies.filter(name=name.replace("\0", ""))  # PostgreSQL cannot look for NUL
    if not named.exists():
        known = ", ".join(f"“{known}”" for known in studies.values_list("name", flat=True)[:20])
        raise Refused(f"There is no study named “{name}”. There is {known or 'none at all'}.", field="study")
    return named


def each(rows: QuerySet[Any]) -> Iterator[Any]:
    """Every row, fetched a few at a time with its prefetches."""
    return rows.iterator(chunk_size=ROWS_AT_A_TIME)


def checked(kind: Any, records: Iterable[Any]) -> Iterator[Any]:
    """Records, each exactly as its format says. Raises RecordError before a wrong one leaves."""
    for record in records:
        yield kind.validate(record)
