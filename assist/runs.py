"""The life of a run: wanted, claimed under a lease, finished behind a fence, swept when its worker is gone.

No broker delivers exactly once, or promptly after a crash; these rows do. The same code runs on SQLite with
files for a broker and on PostgreSQL with Redis.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from assist.critics import model_name
from assist.leases import lease_end
from assist.models import Run, RunState
from labeling.actions.assisting import Sample, answers_to_assist, offer_questions_about, store_bundle
from labeling.actions.batches import write_in_batches
from labeling.actions.dealing import LOOKS
from labeling.actions.locking import locked
from labeling.enums import StudyState
from labeling.models import Answer, AssistanceBundle, Slot, Study, Suggestion
from models_service.types import Bundle

#: So many answers of one passage are computed together at the most.
GROUP_LIMIT = 24
ANSWERS_A_BATCH = 250


def want_runs(study: Study) -> list[Run]:
    """Queue a run for every answer that lacks the study's suggestions and was neither asked for nor failed."""
    wanted: list[Run] = []

    def queue(answers: list[int]) -> int:
        new = _queue_runs(study, answers)
        wanted.extend(new)
        return len(new)

    lacking = answers_to_assist(study).exclude(pk__in=_asked(study).values("answer"))
    write_in_batches(list(lacking.values_list("pk", flat=True)), queue, size=ANSWERS_A_BATCH)
    return wanted


def _asked(study: Study) -> models.QuerySet[Run]:
    return Run.objects.filter(critic=study.critic, state__in=[RunState.QUEUED, RunState.RUNNING, RunState.FAILED])


def _queue_runs(study: Study, answers: list[int]) -> list[Run]:
    """The runs that are new. Looks again if somebody asked for one of them in the same moment."""
    for _ in range(LOOKS):
        asked = set(_asked(study).filter(answer__in=answers).values_list("answer", flat=True))
        with suppress(IntegrityError), transaction.atomic():
            return Run.objects.bulk_create(
                Run(answer_id=pk, critic=study.critic, seed=study.seed, temperatures=study.temperatures)
                for pk in answers
                if pk not in asked
            )
    return []  # the sweeper asks again


@dataclass(frozen=True)
class Claim:
    """The runs one worker holds: answers of one passage, for one critic, asked in one way."""

    owner: str
    runs: tuple[Run, ...]

    @property
    def held(self) -> models.QuerySet[Run]:
        """Those of them that are still this worker's, this attempt's: the fence."""
        mine = Q()
        for run in self.runs:
            mine |= Q(pk=run.pk, attempts=run.attempts)
        return Run.objects.filter(mine, lease_owner=self.owner, state=RunState.RUNNING)

    def extend(self) -> int:
        """Keep the lease. Returns how many runs are still held."""
        return self.held.update(lease_until=lease_end())

    def waiting_beside(self) -> models.QuerySet[Run]:
        """What waits about the same passage and did not fit into this claim."""
        passage = self.runs[0].answer.question.passage_id
        return claimable().filter(answer__question__passage=passage, critic=self.runs[0].critic)


def claimable() -> models.QuerySet[Run]:
    return Run.objects.filter(Q(state=RunState.QUEUED) | Q(state=RunState.RUNNING, lease_until__lt=timezone.now()))


def never_called() -> models.QuerySet[Run]:
    """Runs that wait and for which nobody was called yet."""
    return Run.objects.filter(state=RunState.QUEUED, last_enqueued_at=None).order_by("pk")


def cancel_unwanted() -> int:
    """Take back what waits although no open study shows the answer beside this critic. Returns how many runs.

    A run that waits holds nothing yet, so its row goes; one that a worker is on is finished and stored.
    """
    shown = Slot.objects.filter(
        answer=OuterRef("answer"), assisted=True, study__critic=OuterRef("critic"), study__state=StudyState.OPEN
    )
    return claimable().filter(~Exists(shown)).delete()[0]


def claim(run_id: int, owner: str) -> Claim | None:
    """Take the run, and with it whatever else waits about the same passage. None if it is not to be had."""
    with transaction.atomic():
        first = locked(claimable().filter(pk=run_id), skip=True).select_related("answer__question").first()
        if first is None:
            return None
        together = claimable().filter(
            answer__question__passage=first.answer.question.passage_id,
            critic=first.critic,
            seed=first.seed,
            temperatures=first.temperatures,
        )
        runs = list(locked(together.order_by("pk"), skip=True)[:GROUP_LIMIT])
        spent = [run.pk for run in runs if run.attempts >= settings.RUN_MAX_ATTEMPTS]
        Run.objects.filter(pk__in=spent).update(
            state=RunState.FAILED,
            finished_at=timezone.now(),
            error=f"The worker was lost {settings.RUN_MAX_ATTEMPTS} times while it was on this. Look at its log "
            "(out of memory?), then retry.",
        )
        taken = [run.pk for run in runs if run.pk not in spent]
        Run.objects.filter(pk__in=taken).update(
            state=RunState.RUNNING,
            attempts=F("attempts") + 1,
            lease_owner=owner,
            lease_until=lease_end(),
            started_at=timezone.now(),
            error="",
        )
        held = Run.objects.filter(pk__in=taken).select_related("answer__question__passage").order_by("pk")
        return Claim(owner, tuple(held)) if taken else None


def finish(claim: Claim, run: Run, bundle: Bundle) -> AssistanceBundle | None:
    """Store the bundle and close the run together. None, and nothing stored, if the run is no longer held."""
    with transaction.atomic():
        closed = claim.held.filter(pk=run.pk).update(
            state=RunState.DONE, finished_at=timezone.now(), lease_owner="", lease_until=None
        )
        if not closed:
            return None
        stored = store(run.critic, run.answer, bundle)
        Run.objects.filter(pk=run.pk).update(bundle=stored)
    offer_questions_about(run.answer)
    return stored


def store(critic: str, answer: Answer, bundle: Bundle) -> AssistanceBundle:
    """What the critic said about an answer, with the recipe that would make it say it again.

    Copies of the prompt's worked examples are left out, and counted beside the recipe.
    """
    own = [suggestion for suggestion in bundle.suggestions if not suggestion.copied]
    place = {suggestion.sample_index: index for index, suggestion in enumerate(own)}
    copied = len(bundle.suggestions) - len(own)
    return store_bundle(
        answer=answer,
        critic=critic,
        critiqueability=bundle.critiqueability,
        samples=[
            Sample(
                temperature=suggestion.temperature,
                # A model may say NUL, which PostgreSQL's text cannot hold.
                text=suggestion.text.replace("\0", "\N{REPLACEMENT CHARACTER}"),
                helpfulness=suggestion.helpfulness,
                same_as=None if suggestion.same_as is None else place[suggestion.same_as],
                degenerate=suggestion.degenerate,
            )
            for suggestion in own
        ],
        model_name=model_name(critic),
        model_revision=bundle.model.revision,
        format_name=bundle.model.format_name,
        format_version=bundle.model.format_version,
        engine=bundle.model.engine,
        dtype=bundle.model.dtype,
        device=bundle.model.device,
        seed=bundle.seed,
        grouping={**bundle.grouping, **({"copied_examples": copied} if copied else {})},
    )


def fail(claim: Claim, reason: str) -> int:
    """Leave the reason in the rows that are still held. They stay failed until a person retries."""
    return claim.held.update(
        state=RunState.FAILED, error=reason, finished_at=timezone.now(), lease_owner="", lease_until=None
    )


def put_back(claim: Claim) -> int:
    """Queue the rows that are still held once more, as if this attempt had not been. For the sweeper to find.

    The attempt is taken off again: it was not the answer's fault. The fence holds, for the next owner is another.
    """
    return claim.held.update(
        state=RunState.QUEUED,
        attempts=F("attempts") - 1,
        lease_owner="",
        lease_until=None,
        started_at=None,
        last_enqueued_at=None,
    )


def retry(runs: Iterable[Run]) -> int:
    """Put failed runs back into the queue, with fresh attempts."""
    return Run.objects.filter(pk__in=[run.pk for run in runs], state=RunState.FAILED).update(
        state=RunState.QUEUED, attempts=0, error="", finished_at=None, last_enqueued_at=None
    )


def runs_of(study: Study) -> models.QuerySet[Run]:
    """The runs for the answers that this study shows, of its critic."""
    return Run.objects.filter(
        critic=study.critic, answer__in=study.slots.filter(assisted=True).values("answer")
    ).select_related("answer__question__passage")


def degenerate_of(study: Study) -> models.QuerySet[Suggestion]:
    """What the study's critic said about the answers shown that is no critique, and so is shown to nobody."""
    answers = study.slots.filter(assisted=True).values("answer")
    return Suggestion.objects.filter(degenerate=True, bundle__critic=study.critic, bundle__answer__in=answers)
