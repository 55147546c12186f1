"""What was typed into a form that could not be taken, for the page that says so: nobody types it twice."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qsl

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from django.http.request import RawPostDataException

#: Of the form's body, in bytes.
MOST_READ_AGAIN = 2**20
#: What pages send by themselves.
NOT_TYPED = {"csrfmiddlewaretoken", "base_revision", "client_key", "seen", "compare", "active_ms", "confirmed"}


def typed(request: HttpRequest) -> list[tuple[str, str]]:
    """What a form's single fields held: not its many boxes, nothing secret. Empty for a form with files."""
    if request.content_type != "application/x-www-form-urlencoded":
        return []
    try:
        body = request.body[:MOST_READ_AGAIN].decode("utf-8", "replace").replace("\0", "")
    except (RawPostDataException, RequestDataTooBig, UnreadablePostError):
        return []
    fields = parse_qsl(body)
    times = Counter(name for name, _ in fields)
    return [
        (name.replace("_", " ").capitalize(), value)
        for name, value in fields
        if times[name] == 1 and "password" not in name and name not in NOT_TYPED
    ]
