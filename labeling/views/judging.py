"""Judging critiques, in the browser."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path

from labeling.actions import judging
from labeling.enums import Activity
from labeling.forms.judging import JudgedForm
from labeling.models import Assignment, JudgedQuestion
from labeling.views.access import LabelerRequest
from labeling.views.desk import Desk, PartOnPage, answer_part
from labeling.visibility.frame import frame_of
from labeling.visibility.judging import AnswerPart, answer_parts, answer_record


def page(assignment: Assignment) -> dict[str, Any]:
    """Answers with their critiques."""
    sitting = judging.prepare(assignment)
    return {"sheet": frame_of(assignment, sitting), "parts": answer_parts(sitting)}


desk = Desk(Activity.JUDGING, page, judging.submit)


def own_judged(assignment: Assignment, client_key: uuid.UUID) -> JudgedQuestion:
    """An answer of this very assignment."""
    rows = JudgedQuestion.objects.filter(sitting__assignment=assignment).select_related(
        "answer__question", "sitting__assignment", "sitting__study", "better_critique__critique"
    )
    return get_object_or_404(rows, client_key=client_key)


@desk.view
def part(request: LabelerRequest, assignment: Assignment, client_key: uuid.UUID) -> HttpResponse:
    """What is said about one answer's critiques."""
    judged = own_judged(assignment, client_key)

    def stored() -> AnswerPart:
        return answer_record(own_judged(assignment, client_key), judging.asks_of(judged.sitting.study))

    def write(form: JudgedForm) -> JudgedQuestion:
        base = form.cleaned_data["base_revision"]
        return judging.judge(labeler=request.labeler, judged=judged, base_revision=base, said=form.said())

    form = partial(JudgedForm, critiques=judged.judgements.count())
    return answer_part(request, assignment, PartOnPage(stored, form, write, "judging/_part.html"))


urlpatterns = desk.urls(path("<slug:public_id>/parts/<uuid:client_key>/", part, name="part"))
