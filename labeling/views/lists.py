"""Lists that are searched and paged: by the address, so that a form on such a page posts to what it shows."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

LONGEST_SEARCH = 200


def searched(request: HttpRequest) -> str:
    """What is looked for, of a length and of characters that a database can look for."""
    return request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]


def page_of(request: HttpRequest, rows: QuerySet[Any], length: int, **told: Any) -> Page[Any]:
    """The page that the address names; the nearest there is.

    What is `told` of each row (a count) is asked of the page's rows alone: a database that passes over the rows of the
    pages before would count for each of them.
    """
    page = Paginator(rows, length).get_page(request.GET.get("page"))
    if told:
        on_page = [row.pk for row in page]
        page.object_list = rows.filter(pk__in=on_page).annotate(**told)
    return page
