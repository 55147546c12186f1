"""Choosing what is in a study: some of a page, or all that a search finds, however many these are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.views.decorators.http import require_http_methods

from labeling.actions import members, rounds, studies
from labeling.forms.rounds import PassagesForm
from labeling.forms.studies import LabelersForm, QuestionsForm
from labeling.models import Labeler, Passage, Question, Study
from labeling.models.querysets import count_of
from labeling.refusals import Refused
from labeling.views.access import SiteRequest, for_admins, get_study
from labeling.views.desk import checked
from labeling.views.lists import page_of, searched

CHOICES_A_PAGE = 100
#: Of the keys of rows at the most.
DIGITS = 19


Row = TypeVar("Row", Question, Passage, Labeler)


def chosen_of(request: SiteRequest, form: Form, field: str, choices: QuerySet[Row]) -> QuerySet[Row]:
    """All that the page's search finds, or what was chosen on the page. Refuses nothing, and what is gone."""
    if request.POST.get("all"):
        return choices
    rows: QuerySet[Row] = checked(form).cleaned_data[field]
    return rows


@require_http_methods(["GET", "POST"])
@for_admins
def choose_questions(request: SiteRequest, public_id: str) -> HttpResponse:
    study, search = get_study(public_id), searched(request)
    choices = studies.questions_to_choose(study, search)
    refused = None
    if request.method == "POST":
        form = QuestionsForm(request.POST, queryset=choices)
        try:
            added = studies.add_questions(study, chosen_of(request, form, "questions", choices))
        except Refused as refusal:
            refused = refusal
        else:
            messages.success(request, f"{added} question{pluralize(added)} added.")
            return redirect(study)
    return answer_with_choices(request, "studies/questions.html", study, choices, "questions", refused)


@require_http_methods(["GET", "POST"])
@for_admins
def choose_passages(request: SiteRequest, public_id: str) -> HttpResponse:
    """Which passages labelers write questions about."""
    study, search = get_study(public_id), searched(request)
    choices = rounds.passages_to_choose(study, search)
    refused = None
    if request.method == "POST":
        form = PassagesForm(request.POST, queryset=choices)
        try:
            added = rounds.add_passages(study, chosen_of(request, form, "passages", choices))
        except Refused as refusal:
            refused = refusal
        else:
            messages.success(request, f"{added} passage{pluralize(added)} added. Deal out to give them to labelers.")
            return redirect(study)
    return answer_with_choices(
        request,
        "studies/passages.html",
        study,
        choices,
        "passages",
        refused,
        number_of_questions=count_of(Question.objects.all(), "passage"),
    )


@require_http_methods(["GET", "POST"])
@for_admins
def choose_labelers(request: SiteRequest, public_id: str) -> HttpResponse:
    """Who works in a study: ticked page by page, or all at once that a search finds."""
    study, search = get_study(public_id), searched(request)
    people = members.labelers_to_choose(study, search)
    refused = None
    if request.method == "POST":
        try:
            report = members.change_labelers(study, **changes(request, study, people), actor=request.user)
        except Refused as refusal:
            refused = refusal
        else:
            messages.success(request, told(report))
            return redirect(request.get_full_path())
    return answer_with_choices(request, "studies/labelers.html", study, people, "labelers", refused)


def changes(request: SiteRequest, study: Study, people: QuerySet[Labeler]) -> dict[str, Iterable[Labeler]]:
    """Who joins and who leaves."""
    if request.POST.get("all"):
        return {"joining": people.exclude(studies=study)}
    if request.POST.get("none"):
        return {"leaving": people.filter(studies=study)}
    return {**checked(LabelersForm(request.POST, people=people)).changes()}


def told(report: members.MembersReport) -> str:
    text = f"{report.joined} joined, {report.left} left. Deal out to give work to those who joined."
    if report.taken_back:
        text += f" {report.taken_back} cell{pluralize(report.taken_back)} not begun went back to the pool."
    return text


def answer_with_choices(
    request: SiteRequest,
    template: str,
    study: Study,
    choices: QuerySet[Row],
    field: str,
    refused: Refused | None,
    **told: Any,
) -> HttpResponse:
    """The page of the list, with what is told of each row. After a refusal with its reason, and all ticks kept."""
    context = {
        "study": study,
        "search": searched(request),
        "page": page_of(request, choices, CHOICES_A_PAGE, **told),
        "refused": refused,
        "ticked": {int(pk) for pk in request.POST.getlist(field) if pk.isdecimal() and len(pk) < DIGITS},
    }
    return render(request, template, context, status=refused.status if refused else 200)
