"""Forms of more fields than the site takes: refused, with what was typed into them kept."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from labeling.views.typed import typed


def answer_too_many_fields(request: HttpRequest) -> HttpResponse:
    """The page that says so, and shows what was typed."""
    context = {"most": settings.DATA_UPLOAD_MAX_NUMBER_FIELDS, "typed": typed(request)}
    return render(request, "too_many_fields.html", context, status=400)
