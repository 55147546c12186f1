"""One place turns a refusal into an answer: a page, a fragment or JSON, each with the same sentence."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import TooManyFieldsSent
from django.db import DataError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import defaults

from labeling.refusals import Refused, Unreadable
from labeling.views.oversized import answer_too_many_fields
from labeling.views.typed import typed

log = logging.getLogger(__name__)
#: What PostgreSQL calls a number that is too large (numeric_value_out_of_range).
OUT_OF_RANGE = "22003"


class RefusalMiddleware:
    """Answers any Refused that a view lets through."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if is_no_number(exception):
            log.warning("%s %s: %.200s", request.method, request.path, exception)
            return answer_refusal(request, Refused("A number in this is none, or larger than any that is kept here."))
        if isinstance(exception, Refused):
            return answer_refusal(request, exception)
        return None


def is_no_number(exception: Exception) -> bool:
    """Whether the database was asked about a number that is none, or that it has no room for.

    Some row's id, then, made up by who asks: Django's own pages look such up as they come.
    """
    if isinstance(exception, OverflowError):
        return "SQLite" in str(exception)
    if type(exception) is ValueError:
        return "expected a number but got" in str(exception)
    return isinstance(exception, DataError) and getattr(exception.__cause__, "pgcode", None) == OUT_OF_RANGE


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django found the request wrong: its host, a cookie, a form. `str(exception)` may tell too much."""
    if isinstance(exception, TooManyFieldsSent):
        return answer_too_many_fields(request)
    return answer_refusal(request, Unreadable("This request could not be read."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return JsonResponse({"detail": "There is no such address."}, status=404)
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """An error of ours. It stands in the log; the page needs neither the database nor anything else to work."""
    if is_api(request):
        return JsonResponse({"detail": "The server could not do this."}, status=500)
    return defaults.server_error(request)


def answer_refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The refusal's own status, and its reason in the form that was asked for."""
    context: dict[str, Any] = {"refused": refused}
    if is_api(request):
        return JsonResponse({"detail": refused.reason, "field": refused.field}, status=refused.status)
    if getattr(request, "htmx", False):
        return render(request, "components/refusal.html", context, status=refused.status)
    context |= {"came_from": came_from(request), "typed": typed(request)}
    return render(request, "refused.html", context, status=refused.status)


def came_from(request: HttpRequest) -> str | None:
    """The page of ours whose form was refused, so that nobody without JavaScript ends here."""
    address = request.META.get("HTTP_REFERER", "")
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if request.method == "POST" and is_ours else None
