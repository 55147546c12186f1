"""What the pages of all activities do alike: check a form, answer with a fragment, tell the time, give back."""

from __future__ import annotations

from typing import TypeVar

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from labeling.actions.sittings import note_active_time
from labeling.enums import Activity, Category, ReleaseReason, Severity
from labeling.forms.working import ActiveTimeForm, GiveBackForm, HandInForm
from labeling.models import Assignment
from labeling.refusals import Refused, Stale
from labeling.releasing import release
from labeling.views.access import LabelerRequest, View, for_labelers, go_to, own_assignment

#: What every template that draws a critique needs to draw its choices.
CHOICES = {"categories": list(Category), "severities": list(Severity)}
F = TypeVar("F", bound=Form)
H = TypeVar("H", bound=HandInForm)


def checked(form: F) -> F:
    """The form, valid; or its first error as a refusal."""
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise Refused(str(errors[0]), field=field)
    return form


def answer(request: LabelerRequest, assignment: Assignment, template: str, **context: object) -> HttpResponse:
    """The fragment that was asked for; without htmx, the page."""
    if not request.htmx:
        return go_to(request, assignment)
    return render(request, template, {"public_id": assignment.public_id, **CHOICES, **context})


def conflict(
    request: LabelerRequest, assignment: Assignment, template: str, stale: Stale, **context: object
) -> HttpResponse:
    """Both texts, and the choice between them. The labeler's typing stays in the form around this answer."""
    response = answer(request, assignment, template, refused=stale, **context)
    if request.htmx:
        response.status_code = stale.status
    return response


def active_time(activity: Activity) -> View:
    """The view that notes how long a page of this activity has been worked on."""

    @for_labelers
    @require_POST
    def view(request: LabelerRequest, public_id: str) -> HttpResponse:
        assignment = own_assignment(request, public_id, activity)
        form = checked(ActiveTimeForm(request.POST))
        note_active_time(labeler=request.labeler, assignment=assignment, **form.cleaned_data)
        return HttpResponse(status=204)

    return view


def handing_in(request: LabelerRequest, assignment: Assignment, form: H) -> H:
    """What the page shows as it hands in. The active time that came along is noted; without JavaScript none does."""
    active_ms = checked(form).cleaned_data["active_ms"]
    if active_ms is not None:
        note_active_time(labeler=request.labeler, assignment=assignment, active_ms=active_ms)
    return form


def give_back(activity: Activity) -> View:
    """The view that releases an assignment of this activity for one of the labeler's reasons."""

    @for_labelers
    @require_POST
    def view(request: LabelerRequest, public_id: str) -> HttpResponse:
        assignment = own_assignment(request, public_id, activity)
        form = checked(GiveBackForm(request.POST))
        release(assignment, ReleaseReason(form.cleaned_data["reason"]), actor=request.user)
        return go_to(request, "home")

    return view
