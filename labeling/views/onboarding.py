"""Before the first assignment: what a labeler agrees to, and the quiz. And the pages on which both are written."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from labeling.actions import onboarding as actions
from labeling.enums import Activity
from labeling.forms.onboarding import AttemptForm, ConsentForm, InstructionsForm, QuizForm, as_written
from labeling.models import Assignment, QuizAttempt, Study
from labeling.rules.onboarding import has_agreed, has_passed, newest_instruction, newest_quiz
from labeling.views.access import LabelerRequest, SiteRequest, for_admins, for_labelers, get_study
from labeling.views.desk import checked


def own_study(request: LabelerRequest, public_id: str) -> Study:
    """A study that this labeler works in. Any other is as absent as one that never was."""
    study = get_object_or_404(Study, public_id=public_id)
    works_in = study.labelers.filter(pk=request.labeler.pk).exists()
    if not works_in and not Assignment.objects.live().of(request.labeler).filter(slot__study=study).exists():
        raise Http404
    return study


@for_labelers
@require_http_methods(["GET", "POST"])
def consent(request: LabelerRequest, public_id: str) -> HttpResponse:
    """The instructions and what is agreed to; agreeing leads home, where the work starts."""
    study = own_study(request, public_id)
    instruction = newest_instruction(study)
    if instruction is None or not instruction.consent:
        raise Http404
    if request.method == "POST":
        read = get_object_or_404(study.instruction_versions, **checked(ConsentForm(request.POST)).cleaned_data)
        actions.agree(labeler=request.labeler, instruction=read)
        return redirect("home")
    context = {"instruction": instruction, "agreed": has_agreed(request.labeler, instruction)}
    return render(request, "onboarding/consent.html", context)


@for_labelers
@require_http_methods(["GET", "POST"])
def quiz(request: LabelerRequest, public_id: str, activity: str) -> HttpResponse:
    """The quiz of an activity; once answered, how it went, question by question."""
    study = own_study(request, public_id)
    found = newest_quiz(study, activity)
    if found is None:
        raise Http404
    form = AttemptForm(request.POST or None, quiz=found)
    attempt: QuizAttempt | None = None
    if request.method == "POST" and form.is_valid():
        attempt = actions.take_quiz(labeler=request.labeler, quiz=found, chosen=form.chosen)
    instruction = newest_instruction(study)
    context = {
        "title": Activity(activity).label,
        "instructions": instruction.text if instruction is not None else study.instructions,
        "form": form,
        "attempt": attempt,
        "feedback": _feedback(form, attempt) if attempt is not None else [],
        "passed": has_passed(request.labeler, found),
        "quiz": found,
    }
    return render(request, "onboarding/quiz.html", context, status=422 if form.errors else 200)


def _feedback(form: AttemptForm, attempt: QuizAttempt) -> list[dict[str, object]]:
    """What was chosen, whether it was right, and why. The right choice is told only by its explanation."""
    return [
        {
            "text": question.text,
            "chosen": question.choices[choice],
            "is_right": choice == question.right,
            "feedback": question.feedback,
        }
        for question, choice in zip(form.questions, attempt.chosen, strict=True)
    ]


@for_admins
@require_http_methods(["GET", "POST"])
def write(request: SiteRequest, public_id: str) -> HttpResponse:
    """Instructions, consent and quizzes of a study, for whoever runs it."""
    study = get_study(public_id)
    newest = newest_instruction(study)
    initial = {"text": study.instructions, "consent": newest.consent if newest is not None else ""}
    form = InstructionsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        version = actions.publish_instructions(study, **form.cleaned_data)
        messages.success(request, f"Version {version.version} is in force for all that is opened from now on.")
        return redirect("onboarding:write", study.public_id)
    quizzes = [(one, QuizForm(initial=_initial(study, one), auto_id=f"{one}-%s")) for one in _activities(study)]
    context = {"study": study, "form": form, "newest": newest, "quizzes": quizzes}
    return render(request, "onboarding/write.html", context, status=422 if form.errors else 200)


def _activities(study: Study) -> list[Activity]:
    """What the study asks of labelers."""
    asked = [Activity(one) for one in study.activities.values_list("activity", flat=True)]
    return ([Activity.CRITIQUING] if study.conditions.exists() else []) + asked


def _initial(study: Study, activity: Activity) -> dict[str, object]:
    found = newest_quiz(study, activity)
    if found is None:
        return {"activity": activity.value, "pass_mark": 0, "questions": ""}
    return {"activity": activity.value, "pass_mark": found.pass_mark, "questions": as_written(found)}


@for_admins
@require_POST
def write_quiz(request: SiteRequest, public_id: str) -> HttpResponse:
    """Put a new version of a quiz in force."""
    study = get_study(public_id)
    data = checked(QuizForm(request.POST)).cleaned_data
    found = actions.publish_quiz(study, data["activity"], questions=data["questions"], pass_mark=data["pass_mark"])
    messages.success(
        request, f"The quiz before “{found.get_activity_display()}” has {found.questions.count()} questions."
    )
    return redirect("onboarding:write", study.public_id)
