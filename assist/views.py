"""What researchers see of the worker: which critic writes, how far it is, what failed and why, and retry."""

from __future__ import annotations

from collections import Counter

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from assist.critics import critic_card, critic_cards
from assist.models import Run, RunState
from assist.runs import degenerate_of, retry, runs_of, want_runs
from assist.tasks import enqueue
from labeling.actions.assisting import answers_to_assist
from labeling.models import Study
from labeling.views.access import for_admins, for_researchers, get_study

FAILURES_SHOWN = 20


@require_GET
@for_researchers
def runs(request: HttpRequest, public_id: str) -> HttpResponse:
    return answer_with_runs(request, get_study(public_id))


@require_GET
@for_researchers
def critics(request: HttpRequest) -> HttpResponse:
    return render(request, "assist/critics.html", {"cards": critic_cards()})


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
