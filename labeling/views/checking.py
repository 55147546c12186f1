"""Checking what was found, in the browser: get with right, check the form, call one action, answer."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from labeling.actions import checking
from labeling.enums import Activity
from labeling.forms.checking import CheckedForm
from labeling.models import CheckedCritique, Sitting
from labeling.views import sittings
from labeling.views.access import LabelerRequest, for_labelers, own_assignment
from labeling.views.working import checked
from labeling.visibility.checking import FoundPart, checked_answers, found_part, intended_of


@for_labelers
@require_safe
def page(request: LabelerRequest, public_id: str) -> HttpResponse:
    """Misleading answers with all that was found in them."""
    return sittings.show(request, public_id, Activity.CHECKING, checking.prepare, checked_answers)


@for_labelers
def part(request: LabelerRequest, public_id: str, client_key: uuid.UUID) -> HttpResponse:
    """Save the verdict on one found critique. Read, it is the verdict as it stands here."""
    assignment = own_assignment(request, public_id, Activity.CHECKING)
    sitting = get_object_or_404(Sitting.objects.select_related("assignment"), assignment=assignment)

    def own_part() -> list[CheckedCritique]:
        rows = checking.part_of(sitting, client_key)
        if rows is None:
            raise Http404
        return rows

    intended = intended_of(own_part()[0].found.critique.answer_id)

    def stored() -> FoundPart:
        return found_part(own_part(), intended)

    if request.method != "POST":
        return sittings.show_part(request, assignment, stored())
    form = checked(CheckedForm(request.POST, intended=intended))

    def write() -> CheckedCritique:
        return checking.check(labeler=request.labeler, sitting=sitting, client_key=client_key, **form.cleaned_data)[0]

    return sittings.save(request, assignment, write, stored)
