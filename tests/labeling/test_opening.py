"""How a cell comes to a labeler and leaves again."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from labeling.actions.dealing import deal_study, reassign
from labeling.actions.opening import open_next
from labeling.actions.releasing import release, release_left
from labeling.actions.studies import add_questions, close_study, open_study
from labeling.enums import AnswerKind, AssignmentState, ReleaseReason, Role
from labeling.models import Assignment, Event, Exposure, Labeler, Passage, Study, User
from labeling.refusals import Gone, Refused
from tests.factories import give_suggestions, make_labelers, make_question, make_study

pytestmark = pytest.mark.django_db


def opened(labeler: Labeler) -> Assignment:
    assignment = open_next(labeler)
    assert assignment is not None
    return assignment


def submitted(assignment: Assignment) -> None:
    Assignment.objects.filter(pk=assignment.pk).update(state=AssignmentState.SUBMITTED)


def test_deals_each_labeler_each_condition_once_over_six_questions() -> None:
    study = make_study(6)
    for labeler in study.labelers.all():
        mine = Assignment.objects.of(labeler).values_list("slot__answer_kind", "slot__assisted")
        assert sorted(Counter(mine).values()) == [1] * 6


def test_dealing_again_deals_nothing_twice() -> None:
    study = make_study(4)
    before = set(Assignment.objects.values_list("pk", "labeler"))
    report = deal_study(study)
    assert (report.dealt, report.undealt) == (0, 0)
    assert set(Assignment.objects.values_list("pk", "labeler")) == before


def test_never_deals_a_text_to_its_author() -> None:
    labelers = make_labelers(7)
    questions = [make_question(0, author=labelers[0]), make_question(1)]
    study = make_study(questions, labelers=labelers)
    assert not Assignment.objects.filter(labeler=labelers[0], slot__study_question__question=questions[0]).exists()
    assert Assignment.objects.filter(slot__study=study).count() == 12


def test_the_six_cells_of_a_question_open_together_when_all_its_suggestions_are_ready() -> None:
    study = make_study(2, assisted=False)
    assert set(Assignment.objects.values_list("state", flat=True)) == {AssignmentState.WAITING}
    give_suggestions(study)
    assert set(Assignment.objects.values_list("state", flat=True)) == {AssignmentState.OFFERED}


def test_one_missing_suggestion_keeps_all_six_cells_closed() -> None:
    from labeling.actions.assisting import offer_questions_about
    from labeling.models import Answer
    from tests.factories import make_bundle

    make_study(1, assisted=False)
    for answer in Answer.objects.filter(kind__in=[AnswerKind.HUMAN, AnswerKind.MODEL]):
        make_bundle(answer)
        offer_questions_about(answer)
    assert set(Assignment.objects.values_list("state", flat=True)) == {AssignmentState.WAITING}


def test_opens_without_waiting_where_nobody_is_assisted() -> None:
    make_study(1, conditions=[(kind, False) for kind in AnswerKind], labelers=3, assisted=False)
    assert set(Assignment.objects.values_list("state", flat=True)) == {AssignmentState.OFFERED}


def test_opening_enters_the_text_in_the_ledger_and_pins_the_suggestions() -> None:
    study = make_study(3)
    for labeler in study.labelers.all():
        assignment = opened(labeler)
        assert Exposure.objects.filter(labeler=labeler, passage=assignment.slot.passage).exists()
        assert (assignment.bundle is not None) == assignment.slot.assisted
        shown = [row.suggestion.helpfulness for row in assignment.shown_suggestions.all()]
        assert shown == ([0.92, 0.81, 0.35, 0.35, 0.12] if assignment.slot.assisted else [])


def test_goes_on_with_what_is_open_before_opening_another() -> None:
    study = make_study(3)
    labeler = study.labelers.all()[0]
    assert opened(labeler) == opened(labeler)


def test_a_text_met_elsewhere_in_the_meantime_is_released_and_the_next_one_opened() -> None:
    study = make_study(2)
    labeler = study.labelers.all()[0]
    first, second = Assignment.objects.of(labeler).order_by("order")
    twin = Passage.objects.create(title="Another source", text=first.slot.passage.text)
    Exposure.objects.create(labeler=labeler, passage=twin, text_digest=twin.text_digest, activity="judging")
    assert opened(labeler) == second
    first.refresh_from_db()
    assert (first.state, first.release_reason) == (AssignmentState.RELEASED, ReleaseReason.SEEN_BEFORE)


def test_a_released_cell_goes_to_somebody_who_has_not_met_the_text() -> None:
    study = make_study(1, labelers=6)
    quitter = study.labelers.all()[0]
    assignment = opened(quitter)
    release(assignment, ReleaseReason.SEEN_BEFORE)
    for labeler in study.labelers.exclude(pk=quitter.pk):
        submitted(opened(labeler))
        assert open_next(labeler) is None, "everybody else has met the text"
    assert open_next(quitter) is None
    fresh = make_labelers(1, "fresh")[0]
    study.labelers.add(fresh)
    assert opened(fresh).slot == assignment.slot


def test_a_labeler_takes_from_the_pool_the_condition_had_least() -> None:
    study = make_study(6, labelers=[])
    labeler = make_labelers(1)[0]
    study.labelers.add(labeler)
    seen = []
    while (assignment := open_next(labeler)) is not None:
        seen.append((assignment.slot.answer_kind, assignment.slot.assisted))
        submitted(assignment)
    assert sorted(Counter(seen).values()) == [1] * 6


def test_nobody_outside_the_study_takes_from_its_pool() -> None:
    make_study(2, labelers=[])
    assert open_next(make_labelers(1)[0]) is None


def test_a_closed_study_offers_nothing() -> None:
    study = make_study(2)
    close_study(study)
    assert all(open_next(labeler) is None for labeler in study.labelers.all())


def test_submitted_work_is_not_released_and_releasing_twice_is_once() -> None:
    study = make_study(2)
    first, second = list(study.labelers.all())[:2]
    done, given_back = opened(first), opened(second)
    submitted(done)
    with pytest.raises(Gone):
        release(done, ReleaseReason.BROKEN_TEXT)
    release(given_back, ReleaseReason.BROKEN_TEXT)
    release(given_back, ReleaseReason.SEEN_BEFORE)
    given_back.refresh_from_db()
    assert given_back.release_reason == ReleaseReason.BROKEN_TEXT
    assert Event.objects.filter(kind="released").count() == 1


def test_work_left_open_too_long_is_released() -> None:
    study = make_study(2)
    silent, alive = (opened(labeler) for labeler in list(study.labelers.all())[:2])
    Assignment.objects.filter(pk=silent.pk).update(last_seen_at=timezone.now() - timedelta(hours=24, minutes=1))
    Assignment.objects.filter(pk=alive.pk).update(last_seen_at=timezone.now() - timedelta(hours=23, minutes=59))
    assert release_left(study) == 1
    silent.refresh_from_db()
    assert silent.release_reason == ReleaseReason.TIMED_OUT


def test_an_admin_gives_a_cell_to_somebody_else() -> None:
    study = make_study(1)
    admin = User.objects.create(username="admin", role=Role.ADMIN)
    slot = study.slots.all()[0]
    before = slot.assignments.get()
    fresh = make_labelers(1, "fresh")[0]
    after = reassign(slot, fresh, actor=admin)
    before.refresh_from_db()
    assert before.release_reason == ReleaseReason.REASSIGNED
    assert (after.labeler, after.state) == (fresh, AssignmentState.OFFERED)
    with pytest.raises(Refused, match="another cell of this text"):
        reassign(slot, study.slots.all()[1].assignments.get().labeler, actor=admin)


def test_an_admin_cannot_take_away_what_was_submitted_or_give_a_text_twice() -> None:
    study = make_study(1)
    admin = User.objects.create(username="admin", role=Role.ADMIN)
    labeler = study.labelers.all()[0]
    assignment = opened(labeler)
    submitted(assignment)
    with pytest.raises(Gone):
        reassign(assignment.slot, make_labelers(1, "fresh")[0], actor=admin)
    other = study.slots.exclude(pk=assignment.slot.pk)[0]
    with pytest.raises(Refused, match="met this text before"):
        reassign(other, labeler, actor=admin)


def test_questions_added_later_wait_for_their_own_suggestions() -> None:
    study = make_study(1)
    late = make_question(9)
    assert add_questions(study, [late]) == 1
    assert add_questions(study, [late]) == 0
    deal_study(study)
    states = Assignment.objects.filter(slot__study_question__question=late).values_list("state", flat=True)
    assert set(states) == {AssignmentState.WAITING}


def test_a_question_without_every_kind_of_answer_is_refused_by_name() -> None:
    study = make_study(1)
    question = make_question(9)
    question.answers.filter(kind=AnswerKind.MODEL).delete()
    with pytest.raises(Refused, match="Model"):
        add_questions(study, [question])


def test_an_imported_study_is_history() -> None:
    from labeling.models import ImportBatch

    study = make_study(1)
    Study.objects.filter(pk=study.pk).update(
        import_batch=ImportBatch.objects.create(kind="assistance", file_name="a", file_digest="b"), state="closed"
    )
    study.refresh_from_db()
    with pytest.raises(Refused):
        deal_study(study)
    with pytest.raises(Refused):
        open_study(study)


def test_suggestions_of_another_critic_do_not_open_a_question() -> None:
    from labeling.actions.assisting import offer_complete_questions
    from tests.factories import make_bundle

    study = make_study(1, assisted=False)
    for slot in study.slots.filter(assisted=True):
        assert slot.answer is not None
        make_bundle(slot.answer, critic="addition")
    assert offer_complete_questions(study) == 0
