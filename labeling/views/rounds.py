"""What a study asks besides finding critiques, and the rounds that go over its work."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from labeling.actions import checking, comparing, judging, rounds
from labeling.enums import Activity
from labeling.exchange.downloads import download
from labeling.exchange.kinds import EXCHANGES, dataset_records, kinds_of
from labeling.forms.rounds import (
    AddActivityForm,
    CheckingForm,
    ComparingForm,
    JudgingForm,
    RefinementsForm,
)
from labeling.reading.progress import activity_progress
from labeling.rules.helpfulness import Asks
from labeling.views.access import SiteRequest, for_admins, for_researchers, get_study
from labeling.views.desk import checked

#: Activities that make refinements.
REFINING = (Activity.REFINING, Activity.DEMONSTRATING)


@require_http_methods(["GET", "POST"])
@for_researchers
def activities(request: SiteRequest, public_id: str) -> HttpResponseBase:
    """The section of the study's page. Sent a form, it adds an activity."""
    if request.method == "POST":
        return add_activity(request, public_id)
    study = get_study(public_id)
    context = {
        "study": study,
        "activities": [(row, kinds_of(Activity(row.activity.activity))) for row in activity_progress(study)],
        "can_add": study.can_change,
        "asks_questions": study.activities.filter(activity=Activity.ANSWERING).exists(),
        "has_labels": study.conditions.exists(),
        "add": AddActivityForm(auto_id="add-%s"),
        "judging": JudgingForm(auto_id="judging-%s"),
        "checking": CheckingForm(auto_id="checking-%s"),
        "comparing": ComparingForm(auto_id="comparing-%s"),
        "has_refinements": study.activities.filter(activity__in=REFINING).exists(),
        "refinements": RefinementsForm(auto_id="refinements-%s"),
    }
    return render(request, "studies/_activities.html", context)


@for_admins
def add_activity(request: SiteRequest, public_id: str) -> HttpResponseBase:
    study = get_study(public_id)
    form = checked(AddActivityForm(request.POST))
    row = rounds.add_activity(study, **form.cleaned_data)
    messages.success(request, f"“{row.get_activity_display()}” is part of the study. Deal out to give it to labelers.")
    return redirect(study)


@require_POST
@for_admins
def send_to_judging(request: SiteRequest, public_id: str) -> HttpResponse:
    source = get_study(public_id)
    asked = checked(JudgingForm(request.POST)).cleaned_data
    each = asked.pop("labelers_each")
    study = judging.judge_shown(source, labelers_each=each, asks=Asks(**asked))
    messages.success(
        request,
        f"{study.answers_to_judge.count()} answers with their suggestions are to be judged here. "
        "Choose labelers who have not met the texts, deal out, and open.",
    )
    return redirect(study)


@require_POST
@for_admins
def send_to_checking(request: SiteRequest, public_id: str) -> HttpResponse:
    source = get_study(public_id)
    report = checking.ask_checks(source, **checked(CheckingForm(request.POST)).cleaned_data)
    text = f"{report.labels} labels more are to be checked here; {report.assigned} sittings were given out."
    if report.unfinished:
        text += f" {report.unfinished} answers wait until all their labels are in: ask again then."
    if report.nobody:
        text += f" {report.nobody} texts have nobody to check them: choose somebody who has not met them."
    messages.success(request, text)
    return redirect(report.study)


@require_POST
@for_admins
def send_to_comparing(request: SiteRequest, public_id: str) -> HttpResponse:
    source = get_study(public_id)
    asked = checked(ComparingForm(request.POST)).cleaned_data
    study = comparing.compare_kinds(
        source,
        (asked["first"], asked["second"]),
        labelers_each=asked["labelers_each"],
        critiques=asked["critiques"],
    )
    messages.success(
        request,
        f"{study.pairs_to_compare.count()} pairs are to be compared here. "
        "Choose labelers who have not met the texts, deal out, and open.",
    )
    return redirect(study)


@require_POST
@for_admins
def send_refinements(request: SiteRequest, public_id: str) -> HttpResponse:
    source = get_study(public_id)
    study = comparing.compare_refinements(source, **checked(RefinementsForm(request.POST)).cleaned_data)
    messages.success(
        request,
        f"{study.pairs_to_compare.count()} refinements are to be judged here, blind. "
        "Choose labelers who have not met the texts, deal out, and open.",
    )
    return redirect(study)


@require_GET
@for_researchers
def export(request: SiteRequest, public_id: str, kind: str) -> HttpResponseBase:
    """The study's rows of one kind, streamed."""
    if kind not in EXCHANGES:
        raise Http404
    study = get_study(public_id)
    rows = dataset_records(kind, study=study.name)
    return download(rows, f"{kind}-{slugify(study.name) or study.public_id}")
