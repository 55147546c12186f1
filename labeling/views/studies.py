"""Pages of those who run and read studies: list, progress, dealing out, reassigning, closing."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import pluralize
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from labeling.actions import calibrating, dealing
from labeling.actions import studies as actions
from labeling.actions.releasing import put_back
from labeling.exchange.downloads import download
from labeling.exchange.kinds import dataset_records
from labeling.forms.studies import CalibrationForm, ReassignForm, StudyForm
from labeling.models import Slot, Study
from labeling.reading.findings import scored
from labeling.reading.progress import (
    condition_progress,
    labeler_progress,
    labelers_at_work,
    labelers_free_for,
    question_rows,
    study_progress,
)
from labeling.refusals import Refused
from labeling.views.access import SiteRequest, for_admins, for_researchers, get_study
from labeling.views.lists import page_of, searched

QUESTIONS_A_PAGE = 25
#: On the study's page; all of them stand on the page where they are chosen.
LABELERS_SHOWN = 100


@require_GET
@for_researchers
def study_list(request: SiteRequest) -> HttpResponse:
    page = page_of(request, Study.objects.readable(), 30)
    studies = [(study, study_progress(study)) for study in page]
    return render(request, "studies/list.html", {"studies": studies, "page": page})


@require_http_methods(["GET", "POST"])
@for_admins
def new_study(request: SiteRequest) -> HttpResponse:
    form = StudyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            study = actions.create_study(**form.cleaned_data)
        except Refused as refused:
            form.add_error(refused.field, refused.reason)
        else:
            messages.success(request, f"“{study.name}” is set up. Now choose its questions.")
            return redirect("studies:questions", study.public_id)
    return render(request, "studies/new.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
@for_researchers
def study_page(request: SiteRequest, public_id: str) -> HttpResponse:
    study = get_study(public_id)
    questions = study.study_questions.select_related("question__passage").defer("question__passage__text")
    page = page_of(request, questions, QUESTIONS_A_PAGE)
    labelers = labelers_at_work(study)
    context = {
        "study": study,
        "progress": study_progress(study),
        "conditions": condition_progress(study),
        "labelers": labeler_progress(study, labelers[:LABELERS_SHOWN]),
        "number_of_labelers": labelers.count(),
        "rows": question_rows(study, list(page)),
        "page": page,
        "calibration_form": CalibrationForm(study=study),
    }
    template = "studies/_progress.html" if request.htmx else "studies/study.html"
    return render(request, template, context)


@require_GET
@for_researchers
def export(request: SiteRequest, public_id: str) -> HttpResponseBase:
    """assistance.jsonl of the study, streamed; with ?extended=1 also what the released schema has no place for."""
    study = get_study(public_id)
    extended = request.GET.get("extended") == "1"
    rows = dataset_records("assistance", study=study.name, extended=extended)
    name = f"assistance-{slugify(study.name) or study.public_id}"
    return download(rows, f"{name}-extended" if extended else name)


@require_POST
@for_admins
def deal_out(request: SiteRequest, public_id: str) -> HttpResponse:
    study = get_study(public_id)
    report = dealing.deal_study(study, actor=request.user)
    text = f"{report.dealt} cells dealt. Counts per condition differ by at most {report.spread} between labelers."
    if report.undealt:
        text += (
            f" {report.undealt} cells found nobody: every labeler has met the text, or has another cell of it. "
            "Add labelers, then deal out again."
        )
    if report.unable:
        text += f" {report.unable} labeler{pluralize(report.unable)} of the study got nothing: their account is closed."
    messages.success(request, text)
    return redirect(study)


@require_POST
@for_admins
def calibrate(request: SiteRequest, public_id: str) -> HttpResponse:
    study = get_study(public_id)
    form = CalibrationForm(request.POST, study=study)
    if not form.is_valid():
        raise Refused("Choose a study whose suggestions by this critic were judged, and a method.")
    source = form.cleaned_data["source"]
    if source is None:
        calibrating.show_own_scores(study)
    else:
        calibrating.calibrate(study, source=source, verdicts=scored(source), method=form.cleaned_data["method"])
    messages.success(
        request, "Labelers will be shown " + ("calibrated scores." if source else "the critic's own scores.")
    )
    return redirect(study)


@require_POST
@for_admins
def open_study(request: SiteRequest, public_id: str) -> HttpResponse:
    study = get_study(public_id)
    actions.open_study(study, actor=request.user, though_unreadable="confirmed" in request.POST)
    messages.success(request, "The study is open.")
    return redirect(study)


@require_POST
@for_admins
def close_study(request: SiteRequest, public_id: str) -> HttpResponse:
    study = get_study(public_id)
    actions.close_study(study, actor=request.user)
    messages.success(request, "The study is closed. Nothing in it can be changed any more.")
    return redirect(study)


@require_http_methods(["GET", "POST"])
@for_admins
def reassign(request: SiteRequest, public_id: str, slot_id: int) -> HttpResponse:
    study = get_study(public_id)
    slot = get_object_or_404(Slot.objects.select_related("passage", "answer"), study=study, pk=slot_id)
    if "pool" in request.POST:
        put_back(slot, actor=request.user)
        messages.success(request, "The cell is back in the pool.")
        return redirect(study)
    search = searched(request)
    form = ReassignForm(request.POST or None, free=labelers_free_for(slot), search=search)
    if request.method == "POST" and form.is_valid():
        assignment = dealing.reassign(slot, form.cleaned_data["labeler"], actor=request.user)
        messages.success(request, f"The cell is now with {assignment.labeler}.")
        return redirect(study)
    current = slot.assignments.live().select_related("labeler__user").first()
    context = {"study": study, "slot": slot, "current": current, "form": form, "search": search}
    return render(request, "studies/reassign.html", context)
