"""Who is asking: the guards and right-bearing getters that every view begins with."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget
from django_htmx.middleware import HtmxDetails

from labeling.enums import Activity
from labeling.models import Assignment, Labeler, Study, User
from labeling.rules.permissions import check_can_read_studies, check_can_run_studies
from labeling.views.races import looking_again
from labeling.views.typed import typed


class SiteRequest(HttpRequest):
    """A request as the middleware leaves it, from somebody who has signed in."""

    user: User
    htmx: HtmxDetails


class LabelerRequest(SiteRequest):
    """A request from a labeler."""

    labeler: Labeler


def is_signed_in(request: SiteRequest) -> bool:
    """Asked before anything else: `request.user` is a User only if so."""
    return bool(request.user.is_authenticated)


View = Callable[..., HttpResponseBase]


def for_labelers(view: View) -> View:
    """Let labelers in as `request.labeler`; ask others to sign in. To a researcher the page does not exist."""

    view = looking_again(view)

    @never_cache
    @wraps(view)
    def guarded(request: LabelerRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_signed_in(request):
            return ask_to_sign_in(request)
        if not request.user.is_labeler:
            raise Http404
        request.labeler = Labeler.objects.get_or_create(user=request.user)[0]
        return view(request, *args, **kwargs)

    return guarded


def for_researchers(view: View) -> View:
    """Let researchers and admins in; refuse others."""
    return _for_those_who(check_can_read_studies, view)


def for_admins(view: View) -> View:
    """Let those in who run studies; refuse others."""
    return _for_those_who(check_can_run_studies, view)


def _for_those_who(check: Callable[[User], None], view: View) -> View:
    view = looking_again(view)

    @never_cache
    @wraps(view)
    def guarded(request: SiteRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_signed_in(request):
            return ask_to_sign_in(request)
        check(request.user)
        return view(request, *args, **kwargs)

    return guarded


def get_study(public_id: str) -> Study:
    """A study whose import, if it came from a file, is finished."""
    study: Study = get_object_or_404(Study.objects.readable(), public_id=public_id)
    return study


def ask_to_sign_in(request: SiteRequest) -> HttpResponse:
    """A page leads to sign-in and back. A fragment says so in place: what was typed stays in the page."""
    if request.htmx:
        response = render(request, "components/signed_out.html", status=401)
        return reswap(retarget(response, "#notice"), "innerHTML")
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")


def page_too_old(request: SiteRequest, reason: str = "") -> HttpResponse:
    """A form of a page that does not know this browser: its cookies are gone, or somebody signed in since.

    Django asks here what to answer then. It may have asked before it was known who is signed in, so nobody is.
    """
    if request.htmx:
        return ask_to_sign_in(request)
    return render(request, "403_csrf.html", {"typed": typed(request)}, status=403)


def own_assignment(request: LabelerRequest, public_id: str, activity: Activity = Activity.CRITIQUING) -> Assignment:
    """The labeler's own assignment. Somebody else's is as absent as one that never was."""
    own = Assignment.objects.of(request.labeler).filter(slot__activity=activity)
    assignment: Assignment = get_object_or_404(own.with_texts(), public_id=public_id)
    return assignment


def go_to(request: SiteRequest, where: Any) -> HttpResponseRedirect | HttpResponseClientRedirect:
    """Send the browser to another page, from a page or from a fragment."""
    if request.htmx:
        return HttpResponseClientRedirect(redirect(where).url)
    return redirect(where)
