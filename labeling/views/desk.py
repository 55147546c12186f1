"""What the pages of every activity do alike, and their addresses.

An activity makes its Desk, which gives each view the labeler's own assignment, and hands over what is its own: what
its page shows, and the action that hands its draft in. Parts that save themselves are views of a PartOnPage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.forms import Form
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from labeling.actions.releasing import release
from labeling.actions.sittings import note_active_time
from labeling.enums import Activity, AssignmentState, Category, Confidence, ReleaseReason, Severity
from labeling.forms.parts import GIVE_BACK_REASONS, ActiveTimeForm, GiveBackForm, HandInForm
from labeling.models import Assignment, Sitting
from labeling.refusals import Refused, Stale
from labeling.rules.permissions import check_can_work_on
from labeling.views.access import LabelerRequest, View, for_labelers, go_to, own_assignment

#: What every template that draws a critique or a choice needs to draw its choices.
CHOICES = {"categories": list(Category), "severities": list(Severity), "confidences": list(Confidence)}
F = TypeVar("F", bound=Form)
P = ParamSpec("P")
#: A view that is given the labeler's own assignment, and what else its address holds.
AssignmentView = Callable[Concatenate[LabelerRequest, Assignment, P], HttpResponse]


@dataclass(frozen=True)
class Desk:
    """The pages of one activity."""

    activity: Activity
    page: Callable[[Assignment], Mapping[str, Any]]
    """What the page of an opened assignment shows; `sheet` among it."""
    submit: Callable[..., Sitting]
    """The action that hands a draft in."""
    hand_in_form: type[HandInForm] = HandInForm

    def view(self, body: AssignmentView[P]) -> View:
        """Let a labeler in to an assignment of their own; to anybody else it does not exist."""

        @for_labelers
        @wraps(body)
        def guarded(request: LabelerRequest, public_id: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            return body(request, own_assignment(request, public_id, self.activity), *args, **kwargs)

        return guarded

    def post(self, body: AssignmentView[P]) -> View:
        """The same, for what changes something."""
        return self.view(require_POST(body))

    def urls(self, *own: URLPattern) -> list[URLPattern]:
        """The addresses that every activity has, and those of its own; all begin with the assignment's public id."""
        return [
            path("<slug:public_id>/", self.view(require_safe(self._show)), name="page"),
            *own,
            path("<slug:public_id>/active-time/", self.post(_note_active_time), name="active-time"),
            path("<slug:public_id>/submit/", self.post(self._submit), name="submit"),
            path("<slug:public_id>/give-back/", self.post(_give_back), name="give-back"),
        ]

    def _show(self, request: LabelerRequest, assignment: Assignment) -> HttpResponse:
        """The work itself; once submitted, a quiet word and the way to the next one."""
        return self._work(request, assignment)

    def _work(self, request: LabelerRequest, assignment: Assignment, refused: Refused | None = None) -> HttpResponse:
        """The page; where it could not be handed in, with the reason beside its Submit button."""
        if assignment.state == AssignmentState.SUBMITTED:
            return render(request, "submitted.html", {"submitted_at": assignment.sitting.submitted_at})
        check_can_work_on(request.labeler, assignment)
        always = {
            "activity": self.activity,
            "public_id": assignment.public_id,
            "saved_at": assignment.last_seen_at,
            "give_back_reasons": GIVE_BACK_REASONS,
            "refused": refused,
        }
        context = always | CHOICES | dict(self.page(assignment))
        return render(request, f"{self.activity}/page.html", context, status=refused.status if refused else 200)

    def _submit(self, request: LabelerRequest, assignment: Assignment) -> HttpResponse:
        """Hand in the draft. The active time that came along is noted; without JavaScript none does."""
        form = checked(self.hand_in_form(request.POST))
        active_ms = form.cleaned_data["active_ms"]
        if active_ms is not None:
            note_active_time(labeler=request.labeler, assignment=assignment, active_ms=active_ms)
        try:
            self.submit(labeler=request.labeler, assignment=assignment, **form.handed_in())
        except Refused as refused:
            if request.htmx:
                raise
            return self._work(request, assignment, refused)
        return go_to(request, assignment)


def _note_active_time(request: LabelerRequest, assignment: Assignment) -> HttpResponse:
    """How long the page has been worked on."""
    form = checked(ActiveTimeForm(request.POST))
    note_active_time(labeler=request.labeler, assignment=assignment, **form.cleaned_data)
    return HttpResponse(status=204)


def _give_back(request: LabelerRequest, assignment: Assignment) -> HttpResponse:
    """Release the assignment for one of the labeler's reasons."""
    form = checked(GiveBackForm(request.POST))
    release(assignment, ReleaseReason(form.cleaned_data["reason"]), actor=request.user)
    return go_to(request, "home")


def checked(form: F) -> F:
    """The form, valid; or its first error as a refusal."""
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise Refused(str(errors[0]), field=field)
    return form


def check_begun(part: object | None, base_revision: int) -> None:
    """A part that was never saved has no revision that a page could have seen: such a page means another's part."""
    if part is None and base_revision:
        raise Http404


def answer(request: LabelerRequest, assignment: Assignment, template: str, **context: object) -> HttpResponse:
    """The fragment that was asked for; without htmx, the page."""
    if not request.htmx:
        return go_to(request, assignment)
    always = {"activity": assignment.activity, "public_id": assignment.public_id}
    return render(request, template, {**always, **CHOICES, **context})


def conflict(
    request: LabelerRequest,
    assignment: Assignment,
    stale: Stale,
    template: str = "components/conflict.html",
    **context: object,
) -> HttpResponse:
    """Both texts, and the choice between them. The labeler's typing stays in the form around this answer."""
    response = answer(request, assignment, template, refused=stale, take=request.path, **context)
    if request.htmx:
        response.status_code = stale.status
    return response


@dataclass(frozen=True)
class Save:
    """Which save of which part a page has now."""

    client_key: UUID
    revision: int
    saved_at: datetime


@dataclass(frozen=True)
class PartOnPage:
    """A part of a page that saves itself: how it stands, and how a form changes it."""

    stored: Callable[[], Any]
    """The part as it is stored now, as a record for its template; `in_words` among it."""
    form: Callable[[QueryDict], Form]
    write: Callable[[Any], Any]
    """Saves what the valid form says. Returns the row, with its key and revision."""
    template: str
    around: str = "closest form"
    """What the other tab's version replaces."""
    swap: str = "outerHTML"
    context: Mapping[str, Any] | None = None


def show_part(request: LabelerRequest, assignment: Assignment, part: PartOnPage) -> HttpResponse:
    """The fragment with a part as it is stored."""
    found = part.stored()
    return answer(request, assignment, part.template, part=found, found=found, **(part.context or {}))


def answer_part(request: LabelerRequest, assignment: Assignment, part: PartOnPage) -> HttpResponse:
    """Save a part. Read, it is the part as it is stored; where another tab was first, the choice between the two."""
    if request.method != "POST":
        return show_part(request, assignment, part)
    form = checked(part.form(request.POST))
    try:
        row = part.write(form)
    except Stale as stale:
        if not request.htmx:
            raise
        found = part.stored()
        other = {"other": found.in_words, "around": part.around, "swap": part.swap}
        return conflict(request, assignment, stale, found=found, **other)
    save = Save(row.client_key, row.revision, timezone.now())
    return answer(request, assignment, "components/saved_revision.html", found=save)
