"""One place turns a refusal into an answer: a page, a fragment or JSON, each with the same sentence."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views import defaults

from labeling.refusals import Refused
from labeling.views.oversized import answer_too_many_fields


class RefusalMiddleware:
    """Answers any Refused that a view lets through."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refused):
            return None
        return answer_refusal(request, exception)


def answer_refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The refusal's own status, and its reason in the form that was asked for."""
    context = {"refused": refused}
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": refused.reason, "field": refused.field}, status=refused.status)
    if getattr(request, "htmx", False):
        return render(request, "components/refusal.html", context, status=refused.status)
    return render(request, "refused.html", context, status=refused.status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The site's page for a request that cannot be read."""
    if isinstance(exception, TooManyFieldsSent):
        return answer_too_many_fields(request)
    return defaults.bad_request(request, exception)
