"""Rounds: what a study asks of labelers besides finding critiques, and rounds over another study's work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import models, transaction

from labeling.actions.batches import pks
from labeling.actions.locking import locked
from labeling.actions.studies import make_sitting_slots
from labeling.enums import Activity, StudyState
from labeling.models import Passage, Sitting, Study, StudyActivity
from labeling.models.querysets import about, finished
from labeling.refusals import Refused

#: What a study can ask about its own passages. The others are rounds over what another study made.
ADDABLE = [activity for activity in Activity if activity.is_about_own_passages]


def add_activity(
    study: Study, activity: Activity, *, labelers_each: int = 1, options: Mapping[str, object] | None = None
) -> StudyActivity:
    """Ask something else of labelers about every passage of the study's questions, each by so many of them.

    Asked again it changes how many, and, until somebody has begun, the options; slots that exist stay.
    """
    options = dict(options or {})
    if not study.can_change:
        raise Refused("Only a study that is being prepared or open can be given something to do.")
    if activity == Activity.CRITIQUING:
        raise Refused("Finding critiques has conditions instead: choose them when you set the study up.")
    begun = Sitting.objects.filter(study=study, activity=activity)
    if begun.exists() and study.activities.filter(activity=activity).exclude(options=options).exists():
        raise Refused(f"“{study}” has begun: what it asks can no longer be changed.")
    with transaction.atomic():
        locked(Study.objects.filter(pk=study.pk)).get()
        row: StudyActivity = StudyActivity.objects.update_or_create(
            study=study,
            activity=activity,
            defaults={"labelers_each": labelers_each, "options": options},
        )[0]
        passages = study.study_questions.order_by("position").values_list("question__passage", flat=True)
        make_sitting_slots(study, passages)
    return row


def passages_to_choose(study: Study, search: str = "") -> models.QuerySet[Passage]:
    """Passages that labelers are not asked to write about in this study yet."""
    taken = study.slots.filter(activity=Activity.ANSWERING, passage=models.OuterRef("pk"))
    passages = Passage.objects.filter(finished(), ~models.Exists(taken)).defer("text").order_by("pk")
    return passages.filter(about(search)) if search else passages


def add_passages(study: Study, passages: Iterable[Passage]) -> int:
    """Ask labelers to write questions about these passages. Returns how many there were."""
    if not study.can_change:
        raise Refused("Only a study that is being prepared or open can be given something to do.")
    if not study.activities.filter(activity=Activity.ANSWERING).exists():
        raise Refused("Add the activity “Write questions and answers” to the study first.")
    chosen = list(pks(passages))
    make_sitting_slots(study, chosen, only=Activity.ANSWERING)
    return len(chosen)


def round_over(
    source: Study, activity: Activity, called: str, *, labelers_each: int, options: Mapping[str, object]
) -> Study:
    """The study in which this activity goes over another study's work: made at the first call, then found by name.

    It is a study of its own because its labelers are others, and because the first may be closed or a file's.
    """
    name = f"{source.name[: 190 - len(called)]}: {called}"
    study, is_new = Study.objects.get_or_create(name=name, defaults={"seed": source.seed, "critic": ""})
    if not is_new and not study.activities.filter(activity=activity).exists():
        raise Refused(f"There is another study named “{name}” already.")
    if study.state == StudyState.CLOSED:
        raise Refused(f"“{name}” is closed, so nothing can be added to it.")
    add_activity(study, activity, labelers_each=labelers_each, options=options)
    return study
