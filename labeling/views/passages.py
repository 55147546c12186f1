"""Passages, their questions and answers: looked at, and added from a file."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from labeling.actions import texts
from labeling.exchange.uploads import UploadProblems, add_passages
from labeling.forms.parts import as_typed, kept_as_stored
from labeling.forms.studies import UploadForm
from labeling.forms.texts import WordingForm
from labeling.models import Answer, Passage, Question
from labeling.models.querysets import about, count_of, finished
from labeling.views.access import SiteRequest, for_admins, for_researchers
from labeling.views.desk import checked
from labeling.views.lists import page_of, searched

PASSAGES_A_PAGE = 50


def answer_with_list(request: HttpRequest, form: UploadForm, problems: list[str] | None = None) -> HttpResponse:
    search = searched(request)
    passages = Passage.objects.filter(finished()).defer("text").select_related("import_batch").order_by("-pk")
    page = page_of(
        request,
        passages.filter(about(search)) if search else passages,
        PASSAGES_A_PAGE,
        number_of_questions=count_of(Question.objects.all(), "passage"),
        number_of_answers=count_of(Answer.objects.all(), "question__passage"),
    )
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


@require_POST
@for_admins
def mend(request: SiteRequest, pk: int, kind: str, text_pk: int) -> HttpResponse:
    """Other words for the passage, or for a question or answer of it."""
    text = _text_of(pk, kind, text_pk)
    wording = as_typed(checked(WordingForm(request.POST)).cleaned_data["wording"])
    texts.mend(text, kept_as_stored(wording, text.text), actor=request.user)
    messages.success(request, f"The {kind} is mended.")
    return redirect("passages:passage", pk)


@require_POST
@for_admins
def remove(request: SiteRequest, pk: int, kind: str, text_pk: int) -> HttpResponse:
    """Without the passage, or without one of its questions."""
    text = _text_of(pk, kind, text_pk)
    if isinstance(text, Answer):
        raise Http404
    texts.remove(text, actor=request.user)
    messages.success(request, f"The {kind} is removed.")
    return redirect("passages:list") if kind == "passage" else redirect("passages:passage", pk)


def _text_of(passage_pk: int, kind: str, pk: int) -> Passage | Question | Answer:
    passage = get_object_or_404(Passage.objects.filter(finished()), pk=passage_pk)
    if kind == "passage" and pk == passage.pk:
        return passage
    if kind == "question":
        return get_object_or_404(Question, passage=passage, pk=pk)
    if kind == "answer":
        return get_object_or_404(Answer, question__passage=passage, pk=pk)
    raise Http404
