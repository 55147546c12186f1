"""Checking what was found, in the browser."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import path

from labeling.actions import checking
from labeling.enums import Activity
from labeling.forms.checking import CheckedForm
from labeling.models import Assignment, CheckedCritique
from labeling.views.access import LabelerRequest
from labeling.views.desk import Desk, PartOnPage, answer_part
from labeling.visibility.checking import FoundPart, checked_answers, found_part, intended_of
from labeling.visibility.frame import frame_of


def page(assignment: Assignment) -> dict[str, Any]:
    """Misleading answers with all that was found in them."""
    sitting = checking.prepare(assignment)
    return {"sheet": frame_of(assignment, sitting), "parts": checked_answers(sitting)}


desk = Desk(Activity.CHECKING, page, checking.submit)


def own_part(assignment: Assignment, client_key: uuid.UUID) -> list[CheckedCritique]:
    """The verdicts that one part of this very assignment's page stands for."""
    rows = checking.part_of(assignment.sitting, client_key)
    if rows is None:
        raise Http404
    return rows


@desk.view
def part(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """The verdict on one found critique."""
    intended = intended_of(own_part(assignment, client_key)[0].found.critique.answer_id)

    def stored() -> FoundPart:
        return found_part(own_part(assignment, client_key), intended)

    def write(form: CheckedForm) -> CheckedCritique:
        sitting = assignment.sitting
        return checking.check(labeler=request.labeler, sitting=sitting, client_key=client_key, **form.cleaned_data)[0]

    form = partial(CheckedForm, intended=intended)
    return answer_part(request, assignment, PartOnPage(stored, form, write, "checking/_part.html"))


urlpatterns = desk.urls(path("<slug:public_id>/parts/<uuid:client_key>/", part, name="part"))
