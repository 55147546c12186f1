"""Comparing two answers, in the browser."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path

from labeling.actions import comparing
from labeling.enums import Activity
from labeling.forms.comparing import ComparedForm
from labeling.models import Assignment, Comparison
from labeling.views.access import LabelerRequest
from labeling.views.desk import Desk, PartOnPage, answer_part
from labeling.visibility.comparing import PairPart, pair_part, pair_parts
from labeling.visibility.frame import frame_of


def page(assignment: Assignment) -> dict[str, Any]:
    """Two answers side by side, pair after pair."""
    sitting = comparing.prepare(assignment)
    return {"sheet": frame_of(assignment, sitting), "parts": pair_parts(sitting)}


desk = Desk(Activity.COMPARING, page, comparing.submit)


def own_comparison(assignment: Assignment, client_key: uuid.UUID) -> Comparison:
    """A pair of this very assignment."""
    rows = Comparison.objects.filter(sitting__assignment=assignment).select_related(
        "pair__first__question", "pair__second", "sitting__assignment"
    )
    return get_object_or_404(rows, client_key=client_key)


@desk.view
def part(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """The choice within one pair."""
    comparison = own_comparison(assignment, client_key)

    def stored() -> PairPart:
        return pair_part(own_comparison(assignment, client_key))

    def write(form: ComparedForm) -> Comparison:
        return comparing.compare(labeler=request.labeler, comparison=comparison, **form.cleaned_data)

    form = partial(ComparedForm, is_swapped=comparison.is_swapped)
    return answer_part(request, assignment, PartOnPage(stored, form, write, "comparing/_part.html"))


urlpatterns = desk.urls(path("<slug:public_id>/parts/<uuid:client_key>/", part, name="part"))
