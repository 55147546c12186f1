"""The database itself says no: these go straight to it, past forms and actions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from assist.models import Run, RunState
from labeling.enums import AnswerKind, AssignmentState, CritiqueOrigin, Provenance
from labeling.models import (
    Answer,
    Assignment,
    AssistanceBundle,
    Condition,
    Critique,
    Exposure,
    IntendedCritique,
    Labeler,
    LabelerCritique,
    Passage,
    ShownSuggestion,
    Sitting,
    Slot,
    Study,
    StudyQuestion,
    Suggestion,
    User,
)
from tests.factories import make_author, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return make_study(1)


def refused(write: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        write()


def test_a_second_live_assignment_of_a_slot(study: Study) -> None:
    slot = study.slots.first()
    other = Labeler.objects.create(outside_name="somebody else")
    refused(lambda: Assignment.objects.create(slot=slot, labeler=other))


def test_a_second_live_assignment_is_fine_once_the_first_is_released(study: Study) -> None:
    slot = study.slots.first()
    assert slot is not None
    slot.assignments.update(state=AssignmentState.RELEASED, release_reason="seen_before")
    Assignment.objects.create(slot=slot, labeler=Labeler.objects.create(outside_name="somebody else"))


def test_a_second_cell_of_the_same_condition(study: Study) -> None:
    slot = study.slots.first()
    assert slot is not None
    slot.pk = None
    refused(slot.save)


def test_a_second_meeting_with_a_text_even_under_another_source(study: Study) -> None:
    labeler = Labeler.objects.create(outside_name="reader")
    passage = Passage.objects.get()
    Exposure.objects.create(labeler=labeler, passage=passage, text_digest=passage.text_digest, activity="critiquing")
    twin = Passage.objects.create(title=None, text=passage.text)
    refused(
        lambda: Exposure.objects.create(
            labeler=labeler, passage=twin, text_digest=twin.text_digest, activity="answering"
        )
    )


def test_a_released_assignment_without_a_reason_and_a_reason_without_release(study: Study) -> None:
    assignment = Assignment.objects.all()[0]
    refused(lambda: Assignment.objects.filter(pk=assignment.pk).update(state=AssignmentState.RELEASED))
    refused(lambda: Assignment.objects.filter(pk=assignment.pk).update(release_reason="seen_before"))


def begun(**columns: object) -> Sitting:
    """The sitting of an assignment in which critiques are found."""
    assignment = Assignment.objects.select_related("slot")[0]
    slot = assignment.slot
    kept = {"assignment": assignment, "study": slot.study, "activity": slot.activity, "passage": slot.passage}
    return Sitting.objects.create(**kept | {"labeler": assignment.labeler} | columns)


@pytest.mark.parametrize("rating", [0, 8])
def test_a_rating_outside_1_to_7(study: Study, rating: int) -> None:
    refused(lambda: begun(rating=rating))


def test_a_submitted_label_without_rating_or_time(study: Study) -> None:
    sitting = begun()
    refused(lambda: Sitting.objects.filter(pk=sitting.pk).update(submitted_at="2026-01-01T00:00Z", time=1.0))


def test_critiques_found_outside_an_assignment(study: Study) -> None:
    refused(lambda: begun(assignment=None))


@pytest.mark.parametrize("field", [{"severity": 0}, {"severity": 5}, {"category": "style"}])
def test_a_grade_nobody_can_give(study: Study, field: dict[str, object]) -> None:
    sitting = begun()
    critique = Critique.objects.create(answer=Answer.objects.all()[0], origin=CritiqueOrigin.LABELER)
    refused(lambda: LabelerCritique.objects.create(critique=critique, sitting=sitting, **field))
    refused(lambda: IntendedCritique.objects.create(critique=critique, **field))


def test_a_critique_modified_last_before_first(study: Study) -> None:
    sitting = begun()
    critique = Critique.objects.create(answer=Answer.objects.all()[0], origin=CritiqueOrigin.LABELER)
    refused(
        lambda: LabelerCritique.objects.create(
            critique=critique, sitting=sitting, first_modified_ms=9, last_modified_ms=8
        )
    )


def test_a_repeated_client_key(study: Study) -> None:
    sitting = begun()
    answer = Answer.objects.all()[0]
    first = LabelerCritique.objects.create(
        critique=Critique.objects.create(answer=answer, origin=CritiqueOrigin.LABELER), sitting=sitting
    )
    second = Critique.objects.create(answer=answer, origin=CritiqueOrigin.LABELER)
    refused(lambda: LabelerCritique.objects.create(critique=second, sitting=sitting, client_key=first.client_key))


def test_a_model_answer_with_an_author_and_a_human_one_without(study: Study) -> None:
    question = Answer.objects.all()[0].question
    refused(lambda: Answer.objects.create(question=question, kind=AnswerKind.MODEL, author=make_author()))
    refused(lambda: Answer.objects.create(question=question, kind=AnswerKind.HUMAN))
    refused(
        lambda: Answer.objects.create(question=question, kind=AnswerKind.HUMAN, author=make_author(), model_name="m")
    )


def test_a_sampled_answer_that_does_not_name_its_model(study: Study) -> None:
    question = Answer.objects.all()[0].question
    refused(
        lambda: Answer.objects.create(
            question=question, kind=AnswerKind.MODEL, provenance=Provenance.SAMPLED, temperature=0.5
        )
    )


def test_a_sampled_bundle_that_does_not_name_its_model(study: Study) -> None:
    refused(lambda: AssistanceBundle.objects.create(answer=Answer.objects.all()[0], critiqueability=0.5))


def test_scores_outside_0_to_1(study: Study) -> None:
    bundle = AssistanceBundle.objects.all()[0]
    refused(lambda: AssistanceBundle.objects.filter(pk=bundle.pk).update(critiqueability=1.01))
    refused(lambda: Suggestion.objects.filter(bundle=bundle).update(helpfulness=-0.01))


def test_two_suggestions_at_one_rank_or_one_shown_twice(study: Study) -> None:
    assignment = Assignment.objects.all()[0]
    one, two = Suggestion.objects.all()[:2]
    ShownSuggestion.objects.create(assignment=assignment, suggestion=one, rank=0)
    refused(lambda: ShownSuggestion.objects.create(assignment=assignment, suggestion=two, rank=0))
    refused(lambda: ShownSuggestion.objects.create(assignment=assignment, suggestion=one, rank=1))


def test_a_condition_or_a_position_twice(study: Study) -> None:
    condition = study.conditions.first()
    assert condition is not None
    refused(
        lambda: Condition.objects.create(study=study, answer_kind=condition.answer_kind, assisted=condition.assisted)
    )
    row = study.study_questions.get()
    refused(lambda: StudyQuestion.objects.create(study=study, question=row.question, position=row.position))


def test_a_critiquing_cell_without_an_answer(study: Study) -> None:
    row = study.study_questions.get()
    refused(
        lambda: Slot.objects.create(
            study=study, study_question=row, passage=row.question.passage, answer_kind="Model", number=7
        )
    )


def test_a_labeler_known_in_no_way_or_in_two(study: Study) -> None:
    refused(Labeler.objects.create)
    refused(lambda: Labeler.objects.create(imported_id="a" * 64, outside_name="a"))


def test_an_unknown_role_state_or_kind(study: Study) -> None:
    refused(lambda: User.objects.create(username="x", role="boss"))
    refused(lambda: Study.objects.filter(pk=study.pk).update(state="paused"))
    refused(lambda: Answer.objects.filter(kind=AnswerKind.MODEL).update(kind="Robot"))


def test_two_unfinished_runs_for_one_answer_and_a_failure_without_reason(study: Study) -> None:
    answer = Answer.objects.all()[0]
    run = Run.objects.create(answer=answer, critic="reports", temperatures=[0])
    refused(lambda: Run.objects.create(answer=answer, critic="reports", temperatures=[0]))
    refused(lambda: Run.objects.filter(pk=run.pk).update(state=RunState.FAILED))
    refused(lambda: Run.objects.filter(pk=run.pk).update(state=RunState.DONE))
