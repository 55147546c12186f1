"""A labeler's home: what is next, what is done, which texts are closed and why."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from labeling.actions.opening import next_for, open_next, pool_for
from labeling.enums import AssignmentState, StudyState
from labeling.models import Assignment, Labeler
from labeling.rules.onboarding import step_before
from labeling.views.access import LabelerRequest, SiteRequest, ask_to_sign_in, for_labelers, go_to, is_signed_in
from labeling.visibility.home import closed_to, done_by


@require_safe
def front(request: SiteRequest) -> HttpResponseBase:
    """`/`: everybody's way to where their work is."""
    if not is_signed_in(request):
        return ask_to_sign_in(request)
    if request.user.is_researcher:
        return redirect("studies:list")
    return home(request)


@for_labelers
def home(request: LabelerRequest) -> HttpResponse:
    """What is next and what has been."""
    ready = Assignment.objects.to_be_done().of(request.labeler)
    current = ready.filter(state=AssignmentState.OPENED).select_related("slot__passage").first()
    context = {
        "current_title": str(current.slot.passage) if current else None,
        "ready": ready.count(),
        "more": pool_for(request.labeler).exists(),
        "coming": coming_to(request.labeler),
        "done": done_by(request.labeler),
        "closed": closed_to(request.labeler),
    }
    return render(request, "labelers/home.html", context)


def coming_to(labeler: Labeler) -> bool:
    """Whether work of theirs waits for suggestions. In a closed study nothing is waited for any more."""
    waiting = Assignment.objects.of(labeler).filter(state=AssignmentState.WAITING)
    return waiting.filter(slot__study__state=StudyState.OPEN).exists()


@for_labelers
@require_POST
def start_next(request: LabelerRequest) -> HttpResponse:
    """Open the next piece of work, or lead to what stands before it, or say at home that there is none."""
    coming = next_for(request.labeler)
    step = step_before(request.labeler, coming) if coming is not None else None
    return go_to(request, step or open_next(request.labeler) or "home")
