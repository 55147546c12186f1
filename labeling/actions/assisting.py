"""What the model said comes in here: bundles are stored, and questions whose bundles are complete open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.db.models import Exists, OuterRef

from labeling.actions.dealing import offer_questions
from labeling.enums import CritiqueOrigin, Provenance, StudyState
from labeling.models import Answer, AssistanceBundle, Critique, Slot, Study, StudyQuestion, Suggestion


@dataclass(frozen=True)
class Sample:
    """One sampled critique on its way into the database."""

    temperature: float | None
    text: str
    helpfulness: float
    same_as: int | None
    """Index of the first sample of the same text; null for a first occurrence."""
    degenerate: bool = False
    """No critique at all: it is kept and not shown."""


def store_bundle(
    *,
    answer: Answer,
    critiqueability: float,
    samples: Sequence[Sample],
    provenance: Provenance = Provenance.SAMPLED,
    **recipe: Any,
) -> AssistanceBundle:
    """Store what the critic said about an answer, whole or not at all. `recipe` are the bundle's other columns."""
    with transaction.atomic():
        bundle = AssistanceBundle.objects.create(
            answer=answer, critiqueability=critiqueability, provenance=provenance, **recipe
        )
        stored: list[Suggestion] = []
        for index, sample in enumerate(samples):
            critique = Critique.objects.create(answer=answer, text=sample.text, origin=CritiqueOrigin.MODEL)
            stored.append(
                Suggestion.objects.create(
                    critique=critique,
                    bundle=bundle,
                    sample_index=index,
                    temperature=sample.temperature,
                    helpfulness=sample.helpfulness,
                    same_as=None if sample.same_as is None else stored[sample.same_as],
                    degenerate=sample.degenerate,
                )
            )
    return bundle


def answers_to_assist(study: Study) -> models.QuerySet[Answer]:
    """Answers of assisted cells that lack a bundle of the study's critic."""
    assisted = Slot.objects.filter(study=study, assisted=True, answer__isnull=False)
    return (
        Answer.objects.filter(pk__in=assisted.values("answer"))
        .exclude(bundles__critic=study.critic)
        .select_related("question__passage")
        .order_by("question__passage", "question", "pk")
    )


def offer_complete_questions(study: Study, *, about: Answer | None = None) -> int:
    """Open the cells of every question (about this answer) that has all its suggestions. Returns how many opened."""
    if study.state != StudyState.OPEN:
        return 0
    lacking = Slot.objects.filter(study_question=OuterRef("pk"), assisted=True, answer__isnull=False).exclude(
        answer__bundles__critic=study.critic
    )
    complete = StudyQuestion.objects.filter(~Exists(lacking), study=study, ready_at=None)
    if about is not None:
        complete = complete.filter(pk__in=about.slots.filter(study=study).values("study_question"))
    return offer_questions(study, complete.order_by("position").values_list("pk", flat=True))


def offer_questions_about(answer: Answer) -> int:
    """Look at the open studies that show this answer, after a bundle of it was stored."""
    studies = Study.objects.filter(slots__answer=answer, state=StudyState.OPEN).distinct()
    return sum(offer_complete_questions(study, about=answer) for study in studies)
