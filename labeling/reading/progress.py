"""A study at a glance: how far each cell, condition and labeler is. For those who run studies, never for labelers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from labeling.enums import AssignmentState, ReleaseReason
from labeling.models import Assignment, Condition, Labeler, Slot, Study, StudyActivity, StudyQuestion


@dataclass(frozen=True)
class CellView:
    """One cell of the grid: the slot and who has it."""

    slot: Slot
    assignment: Assignment | None
    released: int
    """How many gave it back before."""

    @property
    def state(self) -> str:
        return self.assignment.state if self.assignment is not None else "free"

    @property
    def state_label(self) -> str:
        return AssignmentState(self.assignment.state).label if self.assignment is not None else "Nobody"

    @property
    def can_be_reassigned(self) -> bool:
        return self.state != AssignmentState.SUBMITTED


@dataclass(frozen=True)
class QuestionRow:
    study_question: StudyQuestion
    cells: list[CellView | None]
    """In the order of the study's conditions; null where the question has no such cell."""


@dataclass
class ConditionProgress:
    """One condition over all questions, with what was given back: attrition is a finding too."""

    condition: Condition
    states: Counter[str] = field(default_factory=Counter)
    released: Counter[str] = field(default_factory=Counter)
    cells: int = 0

    @property
    def submitted(self) -> int:
        return self.states[AssignmentState.SUBMITTED]

    @property
    def released_in_all(self) -> int:
        return sum(count for reason, count in self.released.items() if ReleaseReason(reason).is_attrition)


@dataclass(frozen=True)
class LabelerProgress:
    labeler: Labeler
    states: Counter[str]

    @property
    def dealt(self) -> int:
        return sum(self.states.values())

    @property
    def submitted(self) -> int:
        return self.states[AssignmentState.SUBMITTED]


@dataclass(frozen=True)
class Progress:
    """The whole study in counts."""

    cells: int
    submitted: int
    opened: int
    free: int
    waiting: int
    questions: int
    questions_ready: int

    @property
    def percent(self) -> int:
        return round(100 * self.submitted / self.cells) if self.cells else 0


def study_progress(study: Study) -> Progress:
    states: Counter[str] = Counter()
    for state, count in _counts(Assignment.objects.live().filter(slot__study=study), "state"):
        states[state] = count
    cells = study.slots.count()
    return Progress(
        cells=cells,
        submitted=states[AssignmentState.SUBMITTED],
        opened=states[AssignmentState.OPENED],
        free=cells - sum(states.values()),
        waiting=states[AssignmentState.WAITING],
        questions=study.study_questions.count(),
        questions_ready=study.study_questions.filter(ready_at__isnull=False).count(),
    )


def condition_progress(study: Study) -> list[ConditionProgress]:
    rows = {
        (condition.answer_kind, condition.assisted): ConditionProgress(condition)
        for condition in study.conditions.all()
    }
    for kind, assisted, count in _counts(Slot.objects.filter(study=study), "answer_kind", "assisted"):
        if (kind, assisted) in rows:
            rows[kind, assisted].cells = count
    for kind, assisted, state, reason, count in _counts(
        Assignment.objects.filter(slot__study=study), "slot__answer_kind", "slot__assisted", "state", "release_reason"
    ):
        if (kind, assisted) not in rows:
            continue
        if state == AssignmentState.RELEASED:
            rows[kind, assisted].released[reason] += count
        else:
            rows[kind, assisted].states[state] += count
    return list(rows.values())


def _counts(rows: QuerySet[Any], *by: str) -> Iterable[Any]:
    """(values…, how many rows have them): counted by the database, for a study may have any number."""
    counted: Iterable[Any] = rows.order_by().values_list(*by).annotate(Count("pk"))
    return counted


@dataclass(frozen=True)
class ActivityProgress:
    """One activity of a study other than finding critiques, in sittings."""

    activity: StudyActivity
    sittings: int
    states: Counter[str]

    @property
    def submitted(self) -> int:
        return self.states[AssignmentState.SUBMITTED]

    @property
    def free(self) -> int:
        return self.sittings - sum(self.states.values())


def activity_progress(study: Study) -> list[ActivityProgress]:
    sittings = dict(_counts(Slot.objects.filter(study=study), "activity"))
    states: dict[str, Counter[str]] = defaultdict(Counter)
    live = Assignment.objects.live().filter(slot__study=study)
    for activity, state, count in _counts(live, "slot__activity", "state"):
        states[activity][state] = count
    return [
        ActivityProgress(row, sittings.get(row.activity, 0), states[row.activity])
        for row in study.activities.select_related("study")
    ]


def labelers_at_work(study: Study) -> QuerySet[Labeler]:
    """The study's labelers, and whoever else has work of it."""
    having = Assignment.objects.live().filter(slot__study=study, labeler=OuterRef("pk"))
    members = study.labelers.filter(pk=OuterRef("pk"))
    return Labeler.objects.filter(Exists(members) | Exists(having)).select_related("user").order_by("pk")


def labeler_progress(study: Study, labelers: Iterable[Labeler]) -> list[LabelerProgress]:
    people = list(labelers)
    states: dict[int, Counter[str]] = defaultdict(Counter)
    live = Assignment.objects.live().filter(slot__study=study, labeler__in=people)
    for labeler, state, count in _counts(live, "labeler", "state"):
        states[labeler][state] = count
    return [LabelerProgress(labeler, states[labeler.pk]) for labeler in people]


def question_rows(study: Study, study_questions: Sequence[StudyQuestion]) -> list[QuestionRow]:
    """The grid: a row a question, a cell a condition."""
    conditions = [(condition.answer_kind, condition.assisted) for condition in study.conditions.all()]
    slots = Slot.objects.filter(study_question__in=study_questions, number=0)
    live = {
        assignment.slot_id: assignment
        for assignment in Assignment.objects.live().filter(slot__in=slots).select_related("labeler__user")
    }
    released = Counter(
        Assignment.objects.filter(slot__in=slots, state=AssignmentState.RELEASED).values_list("slot", flat=True)
    )
    cells = {
        (slot.study_question_id, slot.answer_kind, slot.assisted): CellView(slot, live.get(slot.pk), released[slot.pk])
        for slot in slots
    }
    return [
        QuestionRow(row, [cells.get((row.pk, kind, assisted)) for kind, assisted in conditions])
        for row in study_questions
    ]


def labelers_free_for(slot: Slot) -> QuerySet[Labeler]:
    """Labelers with an account who have neither met the slot's text nor are about to."""
    met = Labeler.objects.filter(exposures__text_digest=slot.passage.text_digest)
    coming = Labeler.objects.filter(
        assignments__in=Assignment.objects.live().filter(slot__passage__text_digest=slot.passage.text_digest)
    )
    free = Labeler.objects.able_to_work().exclude(pk__in=met).exclude(pk__in=coming)
    return free.select_related("user").order_by("user__username")
