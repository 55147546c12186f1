"""Refining answers, in the browser."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import path

from labeling.actions import refining
from labeling.enums import Activity
from labeling.forms.refining import RefineForm
from labeling.models import Assignment, Refinement
from labeling.views.access import LabelerRequest
from labeling.views.desk import Desk, PartOnPage, answer_part
from labeling.visibility.frame import frame_of, last_save
from labeling.visibility.refining import RefiningPart, refining_part, refining_parts


def page(assignment: Assignment) -> dict[str, Any]:
    """Answers, each with what the labeler makes of it."""
    sitting = refining.prepare(assignment)
    parts = refining_parts(sitting)
    saved_at = last_save(assignment, [part.saved_at for part in parts])
    return {"sheet": frame_of(assignment, sitting), "parts": parts, "saved_at": saved_at}


desk = Desk(Activity.REFINING, page, refining.submit)


def own_refinement(assignment: Assignment, client_key: uuid.UUID) -> Refinement:
    """A refinement of this very assignment."""
    for row in refining.refinements_of(assignment.sitting):
        if row.client_key == client_key:
            return row
    raise Http404


@desk.view
def part(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """What the labeler makes of one answer."""
    row = own_refinement(assignment, client_key)

    def stored() -> RefiningPart:
        return refining_part(own_refinement(assignment, client_key))

    def write(form: RefineForm) -> Refinement:
        return refining.refine(labeler=request.labeler, row=row, **form.cleaned_data)

    form = partial(RefineForm, row=row)
    return answer_part(request, assignment, PartOnPage(stored, form, write, "refining/_part.html"))


urlpatterns = desk.urls(path("<slug:public_id>/parts/<uuid:client_key>/", part, name="part"))
