"""Comparing two answers, in the browser: get with right, check the form, call one action, answer."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from labeling.actions import comparing
from labeling.enums import Activity
from labeling.forms.comparing import ComparedForm
from labeling.models import Assignment, Comparison
from labeling.views import sittings
from labeling.views.access import LabelerRequest, for_labelers, own_assignment
from labeling.views.working import checked
from labeling.visibility.comparing import PairPart, pair_part, pair_parts


def own_comparison(assignment: Assignment, client_key: uuid.UUID) -> Comparison:
    """A pair of this very assignment."""
    rows = Comparison.objects.filter(sitting__assignment=assignment).select_related(
        "pair__first__question", "pair__second", "sitting__assignment"
    )
    return get_object_or_404(rows, client_key=client_key)


@for_labelers
@require_safe
def page(request: LabelerRequest, public_id: str) -> HttpResponse:
    """Two answers side by side, pair after pair."""
    return sittings.show(request, public_id, Activity.COMPARING, comparing.prepare, pair_parts)


@for_labelers
def part(request: LabelerRequest, public_id: str, client_key: uuid.UUID) -> HttpResponse:
    """Save the choice within one pair. Read, it is the pair as it stands here."""
    assignment = own_assignment(request, public_id, Activity.COMPARING)
    comparison = own_comparison(assignment, client_key)

    def stored() -> PairPart:
        return pair_part(own_comparison(assignment, client_key))

    if request.method != "POST":
        return sittings.show_part(request, assignment, stored())
    form = checked(ComparedForm(request.POST, is_swapped=comparison.is_swapped))

    def write() -> Comparison:
        return comparing.compare(labeler=request.labeler, comparison=comparison, **form.cleaned_data)

    return sittings.save(request, assignment, write, stored)
