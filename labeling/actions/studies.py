"""Making and running studies: questions in, cells made, opened, closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from labeling.actions.assisting import answers_to_assist, offer_complete_questions
from labeling.actions.batches import batches, pks, write_in_batches
from labeling.actions.locking import locked
from labeling.actions.onboarding import publish_instructions
from labeling.enums import Activity, AnswerKind, AssignmentState, EventKind, StudyState
from labeling.models import (
    Answer,
    Assignment,
    Condition,
    Event,
    Labeler,
    Question,
    Slot,
    Study,
    StudyActivity,
    StudyQuestion,
    User,
)
from labeling.models.answers import HAS_WORDS
from labeling.models.querysets import about, finished
from labeling.refusals import NeedsConfirmation, Refused
from labeling.signals import readability_asked, suggestions_unwanted, suggestions_wanted

#: Section 3.2 of the paper: three kinds of answers, each assisted or not.
SIX_CONDITIONS = [(kind, assisted) for kind in AnswerKind for assisted in (False, True)]
#: Of the texts that the critic cannot read, so many are named; the rest are counted.
UNREADABLE_SHOWN = 5
#: In a subquery: the row of the query around it.
HERE = OuterRef("pk")


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


def questions_to_choose(study: Study, search: str = "") -> models.QuerySet[Question]:
    """Questions not in the study yet that have an answer of every kind the study needs, without their texts' texts.

    `search` is looked for in the question, and in the title, the beginning and the id of its passage.
    """
    questions = Question.objects.filter(finished("passage__"), ~Exists(study.study_questions.filter(question=HERE)))
    for kind in _kinds_needed(study):
        questions = questions.filter(Exists(Answer.objects.filter(question=HERE, kind=kind, text__regex=HAS_WORDS)))
    if search:
        questions = questions.filter(models.Q(text__icontains=search) | about(search, "passage__"))
    return questions.select_related("passage").defer("passage__text").order_by("passage_id", "index", "pk")


def _kinds_needed(study: Study) -> set[str]:
    return set(study.conditions.values_list("answer_kind", flat=True))


def add_questions(study: Study, questions: Iterable[Question]) -> int:
    """Put questions into a study and make their cells. Those already in it are passed over.

    Asked again it goes on where it was cut short.
    """
    wanted = list(dict.fromkeys(pks(questions)))
    for batch in batches(wanted):
        _refuse_incomplete(batch, _kinds_needed(study))
        if study.is_open:
            _refuse_unreadable(study, batch)
    added = write_in_batches(wanted, partial(_add_batch, study))
    if study.is_open:
        want_suggestions(study)
    return added


def _refuse_incomplete(questions: list[int], needed: set[str]) -> None:
    """Refuse questions that lack a kind of answer. A blank answer is none."""
    present: dict[int, set[str]] = {pk: set() for pk in questions}
    for pk, kind in _written_answers(questions).order_by().values_list("question", "kind"):
        present[pk].add(kind)
    for pk, kinds in present.items():
        if needed - kinds:
            text = Question.objects.get(pk=pk).text
            raise Refused(f"“{text}” has no answer of kind {', '.join(sorted(needed - kinds))}.")


def _refuse_unreadable(study: Study, questions: list[int]) -> None:
    """Into an open study comes nothing that its critic cannot read, unless it was opened with such texts."""
    kinds = study.conditions.filter(assisted=True).values("answer_kind")
    answers = Answer.objects.filter(question__in=questions, kind__in=kinds).order_by("question__passage", "pk")
    if study.event_set.filter(kind=EventKind.OPENED_UNREADABLE).exists():
        return
    if problems := unreadable(study.critic, answers):
        raise Refused(f"{_summed_up(study, problems)} The study is open, so they cannot be added to it.")


def _written_answers(questions: list[int]) -> models.QuerySet[Answer]:
    """The answers of these questions that say anything."""
    return Answer.objects.filter(question__in=questions, text__regex=HAS_WORDS)


def _add_batch(study: Study, wanted: list[int]) -> int:
    """The questions that are not in the study yet, each with its cells and sittings."""
    locked(Study.objects.filter(pk=study.pk)).get()
    rows = study.study_questions
    present = set(rows.filter(question__in=wanted).values_list("question", flat=True))
    last = rows.aggregate(last=models.Max("position"))["last"]  # one may have been removed: a count would be taken
    position = 0 if last is None else last + 1
    passages = dict(Question.objects.filter(pk__in=wanted).values_list("pk", "passage"))
    new = [pk for pk in wanted if pk not in present]
    added = StudyQuestion.objects.bulk_create(
        StudyQuestion(study=study, question_id=pk, position=position + number) for number, pk in enumerate(new)
    )
    _make_cells(study, added, passages)
    make_sitting_slots(study, [passages[pk] for pk in new])
    return len(added)


def _make_cells(study: Study, rows: list[StudyQuestion], passages: dict[int, int]) -> None:
    """One slot a condition. Both cells of a kind show the same answer, the newest of that kind."""
    answers = _written_answers([row.question_id for row in rows]).order_by("pk")
    newest = {(question, kind): pk for pk, question, kind in answers.values_list("pk", "question", "kind")}
    conditions = list(study.conditions.all())
    Slot.objects.bulk_create(
        Slot(
            study=study,
            activity=Activity.CRITIQUING,
            passage_id=passages[row.question_id],
            study_question=row,
            answer_id=newest[row.question_id, condition.answer_kind],
            answer_kind=condition.answer_kind,
            assisted=condition.assisted,
        )
        for row in rows
        for condition in conditions
    )


def make_sitting_slots(study: Study, passages: Iterable[int], *, only: Activity | None = None) -> int:
    """One slot a labeler for each activity of the study (or only one), about these passages. Those there stay."""
    activities = list(study.activities.filter(activity__in=Activity if only is None else [only]))
    if not activities:
        return 0
    return write_in_batches(dict.fromkeys(passages), partial(_make_sittings, study, activities))


def _make_sittings(study: Study, activities: list[StudyActivity], passages: list[int]) -> int:
    locked(Study.objects.filter(pk=study.pk)).get()
    sittings = Slot.objects.filter(study=study, study_question=None, passage__in=passages)
    present = set(sittings.values_list("activity", "passage", "number"))
    wanted = [
        (row.activity, passage, number)
        for passage in passages
        for row in activities
        for number in range(row.labelers_each)
    ]
    return len(
        Slot.objects.bulk_create(
            Slot(study=study, activity=activity, passage_id=passage, number=number)
            for activity, passage, number in wanted
            if (activity, passage, number) not in present
        )
    )


def answers_for_critic(study: Study) -> models.QuerySet[Answer]:
    """All that the study's critic is to read, those about one passage together."""
    shown = study.slots.filter(assisted=True, answer__isnull=False)
    return Answer.objects.filter(pk__in=shown.values("answer")).order_by("question__passage", "pk")


def unreadable(critic: str, answers: models.QuerySet[Answer]) -> list[str]:
    """A sentence for each of the answers of which the critic says that it cannot read it."""
    said: list[tuple[Any, Any]] = readability_asked.send(sender=Study, critic=critic, answers=answers)
    return [sentence for _, sentences in said for sentence in sentences]


def _summed_up(study: Study, sentences: list[str]) -> str:
    some = "; ".join(dict.fromkeys(sentences[:UNREADABLE_SHOWN]))
    more = f" (and {len(sentences) - UNREADABLE_SHOWN} more)" if len(sentences) > UNREADABLE_SHOWN else ""
    return f"The critic “{study.critic}” says that it cannot read {len(sentences)} of the answers: {some}{more}."


def open_study(study: Study, *, actor: User | None = None, though_unreadable: bool = False) -> None:
    """Let labelers in. Questions whose suggestions are ready open; the others are asked for.

    `though_unreadable` are an admin's words: what the critic says of texts that it cannot read may be shown.
    """
    if study.state == StudyState.OPEN:
        return
    if study.is_imported:
        raise Refused("This study was imported: it is history, and is not opened.")
    if not study.slots.exists():
        raise Refused("Choose questions first: this study has none.")
    problems = unreadable(study.critic, answers_for_critic(study)) if study.critic else []
    if problems and not though_unreadable:
        raise NeedsConfirmation(
            f"{_summed_up(study, problems)} Labelers would be shown nonsense. Open the study to them all the same?"
        )
    with transaction.atomic():
        if problems:
            Event.objects.create(kind=EventKind.OPENED_UNREADABLE, study=study, actor=actor, value=len(problems))
        Study.objects.filter(pk=study.pk).update(state=StudyState.OPEN)
        study.state = StudyState.OPEN
        offered = Assignment.objects.filter(slot__study=study, state=AssignmentState.OFFERED)
        offered.update(offered_at=timezone.now())  # it could not be begun before
        Event.objects.create(kind=EventKind.STUDY_OPENED, study=study, actor=actor)
    want_suggestions(study)


def close_study(study: Study, *, actor: User | None = None) -> None:
    """Stop all work in the study, the critic's too. Drafts stay as they are and are not exported."""
    if study.state == StudyState.CLOSED:
        return
    with transaction.atomic():
        Study.objects.filter(pk=study.pk).update(state=StudyState.CLOSED)
        study.state = StudyState.CLOSED
        Event.objects.create(kind=EventKind.STUDY_CLOSED, study=study, actor=actor)
        transaction.on_commit(lambda: suggestions_unwanted.send(sender=Study, study_id=study.pk))


def want_suggestions(study: Study) -> None:
    """Open what is complete, and let whoever makes suggestions know of the rest (after commit)."""
    offer_complete_questions(study)
    if answers_to_assist(study).exists():
        transaction.on_commit(lambda: suggestions_wanted.send(sender=Study, study_id=study.pk))
