"""Judging critiques, in the browser: get with right, check the form, call one action, answer."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from labeling.actions import judging
from labeling.enums import Activity
from labeling.forms.judging import JudgedForm
from labeling.models import Assignment, JudgedQuestion
from labeling.views import sittings
from labeling.views.access import LabelerRequest, for_labelers, own_assignment
from labeling.views.working import checked
from labeling.visibility.judging import AnswerPart, answer_part, answer_parts


def own_judged(assignment: Assignment, client_key: uuid.UUID) -> JudgedQuestion:
    """An answer of this very assignment."""
    rows = JudgedQuestion.objects.filter(sitting__assignment=assignment).select_related(
        "answer__question", "sitting__assignment", "sitting__study", "better_critique__critique"
    )
    return get_object_or_404(rows, client_key=client_key)


@for_labelers
@require_safe
def page(request: LabelerRequest, public_id: str) -> HttpResponse:
    """Answers with their critiques."""
    return sittings.show(request, public_id, Activity.JUDGING, judging.prepare, answer_parts)


@for_labelers
def part(request: LabelerRequest, public_id: str, client_key: uuid.UUID) -> HttpResponse:
    """Save what stands in the page about one answer. Read, it is the answer as it stands here."""
    assignment = own_assignment(request, public_id, Activity.JUDGING)
    judged = own_judged(assignment, client_key)

    def stored() -> AnswerPart:
        return answer_part(own_judged(assignment, client_key), judging.asks_of(judged.sitting.study))

    if request.method != "POST":
        return sittings.show_part(request, assignment, stored())
    form = checked(JudgedForm(request.POST, critiques=judged.judgements.count()))

    def write() -> JudgedQuestion:
        base = form.cleaned_data["base_revision"]
        return judging.judge(labeler=request.labeler, judged=judged, base_revision=base, said=form.said())

    return sittings.save(request, assignment, write, stored)
