"""Passages, their questions and answers: looked at, and added from a file."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from labeling.exchange.uploads import UploadProblems, add_passages
from labeling.forms.studies import UploadForm
from labeling.models import Answer, Passage, Question
from labeling.models.querysets import about, count_of, finished
from labeling.views.access import for_admins, for_researchers
from labeling.views.lists import page_of, searched

PASSAGES_A_PAGE = 50


def answer_with_list(request: HttpRequest, form: UploadForm, problems: list[str] | None = None) -> HttpResponse:
    search = searched(request)
    passages = (
        Passage.objects.filter(finished())
        .defer("text")
        .select_related("import_batch")
        .annotate(
            number_of_questions=count_of(Question.objects.all(), "passage"),
            number_of_answers=count_of(Answer.objects.all(), "question__passage"),
        )
        .order_by("-pk")
    )
    page = page_of(request, passages.filter(about(search)) if search else passages, PASSAGES_A_PAGE)
    context = {"page": page, "search": search, "form": form, "problems": problems}
    return render(request, "passages/list.html", context, status=422 if problems or form.errors else 200)


@require_GET
@for_researchers
def passage_list(request: HttpRequest) -> HttpResponse:
    return answer_with_list(request, UploadForm())


@require_POST
@for_admins
def upload(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return answer_with_list(request, form)
    file = form.cleaned_data["file"]
    try:
        report = add_passages(file, file.name)
    except UploadProblems as problems:
        return answer_with_list(request, form, problems.lines)
    messages.success(request, str(report))
    if report.without_account:
        messages.info(request, report.without_account)
    return redirect("passages:list")


@require_GET
@for_researchers
def passage_page(request: HttpRequest, pk: int) -> HttpResponse:
    passage = get_object_or_404(Passage.objects.filter(finished()), pk=pk)
    questions = passage.questions.prefetch_related("answers__author__user", "answers__critiques__intended")
    return render(request, "passages/passage.html", {"passage": passage, "questions": questions})
