"""Making and running studies: questions in, cells made, opened, closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import models, transaction

from labeling.actions.assisting import answers_to_assist, offer_complete_questions
from labeling.actions.onboarding import publish_instructions
from labeling.assigning import locked
from labeling.enums import Activity, AnswerKind, EventKind, StudyState
from labeling.models import (
    Answer,
    Condition,
    Event,
    Labeler,
    Passage,
    Question,
    Slot,
    Study,
    StudyActivity,
    StudyQuestion,
    User,
)
from labeling.refusals import Refused
from labeling.signals import suggestions_wanted

#: Section 3.2 of the paper: three kinds of answers, each assisted or not.
SIX_CONDITIONS = [(kind, assisted) for kind in AnswerKind for assisted in (False, True)]


def create_study(
    *,
    name: str,
    instructions: str = "",
    conditions: Sequence[tuple[AnswerKind, bool]] = tuple(SIX_CONDITIONS),
    critic: str = "",
    seed: int = 0,
    labelers: Iterable[Labeler] = (),
    activities: Mapping[Activity, int] | None = None,
    **options: object,
) -> Study:
    """Set up a study in preparation, with its conditions (an experiment) or activities (a collection round).

    `activities` says how many labelers do each passage.
    """
    if not conditions and not activities:
        raise Refused("Choose at least one condition.", field="conditions")
    if any(assisted for _, assisted in conditions) and not critic:
        raise Refused("An assisted condition needs a critic.", field="critic")
    if Study.objects.filter(name=name).exists():
        raise Refused(f"There is a study named “{name}” already.", field="name")
    with transaction.atomic():
        study = Study.objects.create(name=name, instructions=instructions, critic=critic, seed=seed, **options)
        Condition.objects.bulk_create(
            Condition(study=study, answer_kind=kind, assisted=assisted) for kind, assisted in conditions
        )
        StudyActivity.objects.bulk_create(
            StudyActivity(study=study, activity=activity, labelers_each=each)
            for activity, each in (activities or {}).items()
        )
        study.labelers.set(labelers)
        if instructions:
            publish_instructions(study, text=instructions)
    return study


def missing_kinds(question: Question, study: Study) -> list[str]:
    """Kinds of answers that the study's conditions need and the question lacks."""
    needed = set(study.conditions.values_list("answer_kind", flat=True))
    return sorted(needed - set(question.answers.values_list("kind", flat=True)))


def questions_to_choose(study: Study) -> models.QuerySet[Question]:
    """Questions not in the study yet that have an answer of every kind the study needs."""
    questions = Question.objects.exclude(in_studies__study=study).select_related("passage")
    questions = questions.filter(
        models.Q(passage__import_batch=None) | models.Q(passage__import_batch__finished_at__isnull=False)
    )
    for kind in set(study.conditions.values_list("answer_kind", flat=True)):
        questions = questions.filter(answers__kind=kind)
    return questions.distinct().order_by("passage_id", "index")


def add_questions(study: Study, questions: Sequence[Question]) -> int:
    """Put questions into a study and make their cells. Those already in it are passed over."""
    with transaction.atomic():
        study = locked(Study.objects.filter(pk=study.pk)).get()
        position = StudyQuestion.objects.filter(study=study).count()
        present = set(study.study_questions.values_list("question", flat=True))
        conditions = list(study.conditions.all())
        added = 0
        for question in questions:
            if question.pk in present:
                continue
            missing = missing_kinds(question, study)
            if missing:
                raise Refused(f"“{question.text}” has no answer of kind {', '.join(missing)}.")
            row = StudyQuestion.objects.create(study=study, question=question, position=position)
            _make_cells(row, question, conditions)
            make_sitting_slots(study, question.passage)
            position += 1
            added += 1
    if study.is_open:
        want_suggestions(study)
    return added


def _make_cells(row: StudyQuestion, question: Question, conditions: Sequence[Condition]) -> None:
    """One slot a condition. Both cells of a kind show the same answer, the newest of that kind."""
    newest: dict[str, Answer] = {answer.kind: answer for answer in question.answers.order_by("pk")}
    Slot.objects.bulk_create(
        Slot(
            study=row.study,
            activity=Activity.CRITIQUING,
            passage=question.passage,
            study_question=row,
            answer=newest[condition.answer_kind],
            answer_kind=condition.answer_kind,
            assisted=condition.assisted,
        )
        for condition in conditions
    )


def make_sitting_slots(study: Study, passage: Passage, *, only: Activity | None = None) -> None:
    """One slot a labeler for each activity of the study (or only one), about this passage. Those there stay."""
    for activity in study.activities.filter(activity__in=Activity if only is None else [only]):
        for number in range(activity.labelers_each):
            Slot.objects.get_or_create(
                study=study, activity=activity.activity, passage=passage, number=number, study_question=None
            )


def open_study(study: Study, *, actor: User | None = None) -> None:
    """Let labelers in. Questions whose suggestions are ready open; the others are asked for."""
    if study.state == StudyState.OPEN:
        return
    if study.import_batch_id is not None:
        raise Refused("This study was imported: it is history, and is not opened.")
    if not study.slots.exists():
        raise Refused("Choose questions first: this study has none.")
    with transaction.atomic():
        Study.objects.filter(pk=study.pk).update(state=StudyState.OPEN)
        study.state = StudyState.OPEN
        Event.objects.create(kind=EventKind.STUDY_OPENED, study=study, actor=actor)
    want_suggestions(study)


def close_study(study: Study, *, actor: User | None = None) -> None:
    """Stop all work in the study. Drafts stay as they are and are not exported."""
    if study.state == StudyState.CLOSED:
        return
    with transaction.atomic():
        Study.objects.filter(pk=study.pk).update(state=StudyState.CLOSED)
        study.state = StudyState.CLOSED
        Event.objects.create(kind=EventKind.STUDY_CLOSED, study=study, actor=actor)


def want_suggestions(study: Study) -> None:
    """Open what is complete, and let whoever makes suggestions know of the rest (after commit)."""
    offer_complete_questions(study)
    if answers_to_assist(study).exists():
        transaction.on_commit(lambda: suggestions_wanted.send(sender=Study, study_id=study.pk))
