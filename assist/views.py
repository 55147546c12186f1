"""What researchers see of the worker: which critic writes, how far it is, what failed and why, and retry."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assist.critics import critic_card, critic_cards
from assist.forms import TrialForm
from assist.models import Run, RunState, Trial
from assist.runs import degenerate_of, retry, runs_of, want_runs
from assist.tasks import call_for_trials, enqueue
from assist.trials import ask
from labeling.actions.assisting import answers_to_assist
from labeling.models import Study
from labeling.views.access import SiteRequest, for_admins, for_researchers, get_study

FAILURES_SHOWN = 20


@require_GET
@for_researchers
def runs(request: HttpRequest, public_id: str) -> HttpResponse:
    return answer_with_runs(request, get_study(public_id))


@require_GET
@for_researchers
def critics(request: HttpRequest) -> HttpResponse:
    return render(request, "assist/critics.html", {"cards": critic_cards()})


@require_http_methods(["GET", "POST"])
@for_researchers
def try_critic(request: SiteRequest) -> HttpResponse:
    """A passage, a question and an answer of one's own, and what the critic says of them."""
    mine = Trial.objects.filter(user=request.user).first()
    form = TrialForm(request.POST or None, initial=_filled(mine))
    if request.method == "POST" and form.is_valid():
        ask(request.user, **form.cleaned_data)
        call_for_trials()
        return redirect(f"{reverse('assist:try')}#said")
    context = {"form": form, "trial": mine, "heard": _suggestions_of(mine)}
    return render(request, "assist/try.html", context, status=422 if form.errors else 200)


@require_GET
@for_researchers
def trial(request: SiteRequest) -> HttpResponse:
    """How far one's trial is, for the page to ask again and again."""
    mine = Trial.objects.filter(user=request.user).first()
    return render(request, "assist/_trial.html", {"trial": mine, "heard": _suggestions_of(mine)})


def _filled(mine: Trial | None) -> dict[str, str]:
    if mine is None:
        return {"critic": settings.DEFAULT_CRITIC}
    return {name: getattr(mine, name) for name in TrialForm.base_fields}


def _suggestions_of(mine: Trial | None) -> list[dict[str, Any]]:
    """All of them, those first that labelers would be shown, in their order."""
    said = mine.said["suggestions"] if mine is not None and mine.said is not None else []
    return sorted(said, key=lambda one: (one["rank"] is None, one["rank"], one["sample_index"]))


@require_POST
@for_admins
def retry_failed(request: HttpRequest, public_id: str) -> HttpResponse:
    study = get_study(public_id)
    failed = list(runs_of(study).filter(state=RunState.FAILED))
    retry(failed)
    enqueue([*failed, *want_runs(study)])
    return answer_with_runs(request, study)


def answer_with_runs(request: HttpRequest, study: Study) -> HttpResponse:
    counts = Counter(runs_of(study).values_list("state", flat=True))
    failed = newest_failures(study)
    context = {
        "study": study,
        "card": critic_card(study.critic) if study.critic in settings.CRITICS else None,
        "counts": {state.label: counts[state] for state in RunState},
        "failed": failed[:FAILURES_SHOWN],
        "failed_in_all": len(failed),
        "unfinished": counts[RunState.QUEUED] + counts[RunState.RUNNING],
        "lacking": answers_to_assist(study).count() if study.critic else 0,
        "degenerate": degenerate_of(study).count(),
    }
    return render(request, "assist/_runs.html", context)


def newest_failures(study: Study) -> list[Run]:
    """Failed runs whose answer still lacks suggestions."""
    return list(
        runs_of(study).filter(state=RunState.FAILED, answer__in=answers_to_assist(study)).order_by("-finished_at")
    )
