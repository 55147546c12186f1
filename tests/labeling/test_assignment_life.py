"""Whatever labelers and admins do, in whatever order, the design's promises hold."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

from django.db.models import Count
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from labeling.actions.dealing import deal_study, reassign
from labeling.actions.opening import open_next
from labeling.actions.releasing import release
from labeling.actions.studies import add_questions
from labeling.enums import ASSIGNMENT_MOVES, AssignmentState, ReleaseReason, Role
from labeling.models import Assignment, Exposure, Labeler, User
from labeling.refusals import Refused
from tests.factories import give_suggestions, make_labelers, make_question, make_study

LABELERS = 8
REASONS = [ReleaseReason.SEEN_BEFORE, ReleaseReason.BROKEN_TEXT, ReleaseReason.TIMED_OUT]


class LifeOfAStudy(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.study = make_study(3, labelers=make_labelers(LABELERS))
        self.people = list(self.study.labelers.order_by("pk"))
        self.admin = User.objects.create(username="admin", role=Role.ADMIN)
        self.questions = 3
        self.seen: dict[int, str] = {}

    def teardown(self) -> None:
        for model in (Assignment, Exposure):
            model.objects.all().delete()
        self.study.delete()
        Labeler.objects.filter(user__isnull=False).delete()
        User.objects.all().delete()

    @rule(who=st.integers(0, LABELERS - 1))
    def ask_for_work(self, who: int) -> None:
        assignment = open_next(self.people[who])
        if assignment is not None:
            assert assignment.labeler == self.people[who]

    @rule(who=st.integers(0, LABELERS - 1))
    def submit(self, who: int) -> None:
        Assignment.objects.of(self.people[who]).filter(state=AssignmentState.OPENED).update(
            state=AssignmentState.SUBMITTED
        )

    @rule(who=st.integers(0, LABELERS - 1), reason=st.sampled_from(REASONS))
    def give_back(self, who: int, reason: ReleaseReason) -> None:
        for assignment in Assignment.objects.of(self.people[who]).filter(state=AssignmentState.OPENED):
            release(assignment, reason)

    @rule(data=st.data(), who=st.integers(0, LABELERS - 1))
    def reassign(self, data: st.DataObject, who: int) -> None:
        slot = data.draw(st.sampled_from(list(self.study.slots.all())))
        with suppress(Refused):
            reassign(slot, self.people[who], actor=self.admin)

    @precondition(lambda self: self.questions < 5)
    @rule()
    def add_a_question(self) -> None:
        add_questions(self.study, [make_question(100 + self.questions)])
        self.questions += 1
        give_suggestions(self.study)

    @rule()
    def deal_again(self) -> None:
        deal_study(self.study)

    @invariant()
    def no_labeler_has_two_cells_of_a_text(self) -> None:
        held = Counter(Assignment.objects.live().values_list("labeler", "slot__passage__text_digest"))
        assert all(count == 1 for count in held.values())

    @invariant()
    def whoever_opened_is_in_the_ledger(self) -> None:
        worked = Assignment.objects.filter(opened_at__isnull=False)
        for labeler, digest in worked.values_list("labeler", "slot__passage__text_digest"):
            assert Exposure.objects.filter(labeler=labeler, text_digest=digest).exists()

    @invariant()
    def nobody_opened_a_text_twice(self) -> None:
        opened = Counter(
            Assignment.objects.filter(opened_at__isnull=False).values_list("labeler", "slot__passage__text_digest")
        )
        assert all(count == 1 for count in opened.values())

    @invariant()
    def a_cell_has_at_most_one_live_assignment(self) -> None:
        live = Assignment.objects.live().values("slot").annotate(count=Count("pk"))
        assert all(row["count"] == 1 for row in live)

    @invariant()
    def states_move_only_as_the_table_allows(self) -> None:
        for pk, state in Assignment.objects.values_list("pk", "state"):
            before = self.seen.get(pk)
            if before is not None and before != state:
                assert reachable(AssignmentState(before), AssignmentState(state)), f"{before} -> {state}"
            self.seen[pk] = state


def reachable(start: AssignmentState, end: AssignmentState) -> bool:
    """Whether some allowed moves lead from one state to the other (a rule may make more than one)."""
    frontier, known = [start], {start}
    while frontier:
        for state in ASSIGNMENT_MOVES[frontier.pop()] - known:
            known.add(state)
            frontier.append(state)
    return end in known


class TestLifeOfAStudy(TestCase):
    def test_promises_hold_whatever_happens(self) -> None:
        run_state_machine_as_test(
            LifeOfAStudy,
            settings=settings(
                max_examples=12, stateful_step_count=18, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
