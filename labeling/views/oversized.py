"""Forms of more fields than the site takes: refused, with what was typed into them kept."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.shortcuts import render

#: Of the form's body, in bytes.
MOST_READ_AGAIN = 2**20


def answer_too_many_fields(request: HttpRequest) -> HttpResponse:
    """The page that says so, and shows what was typed."""
    context = {"most": settings.DATA_UPLOAD_MAX_NUMBER_FIELDS, "typed": typed(request)}
    return render(request, "too_many_fields.html", context, status=400)


def typed(request: HttpRequest) -> list[tuple[str, str]]:
    """What a form's single fields held: not its many boxes, nothing secret. Empty for a form with files."""
    try:
        body = request.body[:MOST_READ_AGAIN].decode("utf-8", "replace")
    except RawPostDataException:
        return []
    fields = parse_qsl(body)
    times = Counter(name for name, _ in fields)
    return [
        (name.replace("_", " ").capitalize(), value)
        for name, value in fields
        if times[name] == 1 and "password" not in name and name != "csrfmiddlewaretoken"
    ]
