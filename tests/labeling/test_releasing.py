"""Work comes back: what nobody begins in the study's time, and what belongs to who can no longer do it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from assist.sweeping import sweep
from labeling.actions import dealing, opening, people, releasing
from labeling.actions.dealing import deal_study, offer, reassign
from labeling.actions.locking import locked
from labeling.actions.members import change_labelers
from labeling.actions.opening import next_for, open_next
from labeling.actions.releasing import release_left
from labeling.actions.studies import add_questions, create_study, open_study
from labeling.enums import AnswerKind, AssignmentState, EventKind, ReleaseReason, Role
from labeling.limits import LONGEST_IDLE_HOURS
from labeling.models import Assignment, Event, Labeler, Study, User
from labeling.refusals import Refused
from tests.factories import make_labelers, make_question, make_study

pytestmark = pytest.mark.django_db
UNASSISTED = [(kind, False) for kind in AnswerKind]


@pytest.fixture
def admin() -> User:
    return User.objects.create(username="admin", role=Role.ADMIN)


def account(labeler: Labeler) -> User:
    assert labeler.user is not None
    return labeler.user


def close(labeler: Labeler, admin: User) -> None:
    people.close_account(account(labeler), actor=admin)


def demote(labeler: Labeler, admin: User) -> None:
    people.change_role(account(labeler), Role.RESEARCHER, actor=admin)


def remove(labeler: Labeler, admin: User) -> None:
    for study in Study.objects.all():
        change_labelers(study, leaving=[labeler], actor=admin)


LEAVE = pytest.mark.parametrize("leave", [close, demote, remove])
Leave = Callable[[Labeler, User], None]


@LEAVE
def test_what_somebody_who_leaves_has_not_begun_goes_back_with_its_events(leave: Leave, admin: User) -> None:
    study = make_study(6)
    labeler = study.labelers.all()[0]
    begun = open_next(labeler)
    leave(labeler, admin)
    mine = Assignment.objects.of(labeler)
    assert list(mine.live()) == [begun]
    assert set(mine.exclude(pk=begun.pk).values_list("release_reason", flat=True)) == {ReleaseReason.WITHDRAWN}
    assert Event.objects.filter(kind=EventKind.RELEASED, assignment__in=mine, actor=admin).count() == 5
    assert Event.objects.filter(account=account(labeler), actor=admin).count() == 1
    leave(labeler, admin)
    assert Event.objects.filter(kind=EventKind.RELEASED).count() == 5, "once is enough"


@LEAVE
def test_who_has_left_is_dealt_nothing_and_takes_nothing_from_the_pool(leave: Leave, admin: User) -> None:
    study = make_study([make_question(n) for n in range(6)], labelers=make_labelers(7), conditions=UNASSISTED)
    gone = study.labelers.all()[0]
    leave(gone, admin)
    report = deal_study(study)
    assert report.dealt > 0
    assert not Assignment.objects.of(gone).live().exists()
    assert next_for(gone) is None
    with pytest.raises(Refused):
        offer(study.slots.all()[0], gone)


def test_dealing_says_how_many_cannot_work_and_refuses_where_nobody_can(admin: User) -> None:
    study = make_study(6)
    first, *others = study.labelers.all()
    close(first, admin)
    assert deal_study(study).unable == 1
    for labeler in others:
        demote(labeler, admin)
    with pytest.raises(Refused, match="Nobody in this study can work"):
        deal_study(study)


def test_a_cell_is_not_reassigned_to_a_closed_account(admin: User) -> None:
    study = make_study(1)
    gone = make_labelers(1, "gone")[0]
    close(gone, admin)
    with pytest.raises(Refused, match="account of gone1 is closed"):
        reassign(study.slots.all()[0], gone, actor=admin)
    assert study.slots.all()[0].assignments.live().get().labeler != gone
    assert not study.labelers.filter(pk=gone.pk).exists()


def silent_for(study: Study, **time: float) -> None:
    """Everything about the study happened that long ago."""
    moment = timezone.now() - timedelta(**time)
    Assignment.objects.filter(slot__study=study, offered_at__isnull=False).update(offered_at=moment)
    Assignment.objects.filter(slot__study=study, last_seen_at__isnull=False).update(last_seen_at=moment)


def test_offered_work_that_nobody_begins_goes_back_when_the_studys_time_is_over() -> None:
    study = make_study(6)
    Study.objects.update(untouched_release_hours=48)
    silent_for(study, hours=47, minutes=59)
    assert sweep().released == 0
    silent_for(study, hours=48, minutes=1)
    assert sweep().released == 36
    assert set(Assignment.objects.values_list("release_reason", flat=True)) == {ReleaseReason.UNTOUCHED}
    assert Event.objects.filter(kind=EventKind.RELEASED).count() == 36
    assert sweep().released == 0
    labeler = study.labelers.all()[0]
    assert open_next(labeler) is not None, "whoever comes back late takes from the pool"


def test_who_is_at_work_keeps_what_stands_further_down_the_list() -> None:
    study = make_study(6)
    diligent, idle = study.labelers.all()[:2]
    silent_for(study, days=30)
    assert open_next(diligent) is not None
    release_left(study)
    assert Assignment.objects.of(diligent).live().count() == 6
    assert Assignment.objects.of(idle).live().count() == 0


def test_the_time_begins_when_the_study_opens_and_suggestions_are_ready() -> None:
    study = create_study(name="Later", conditions=UNASSISTED, labelers=make_labelers(6))
    add_questions(study, [make_question(1)])
    deal_study(study)
    assert not Assignment.objects.exclude(state=AssignmentState.WAITING).exists()
    open_study(study)
    assert release_left(study) == 0
    assert not Assignment.objects.filter(offered_at=None).exists()


def test_the_sweeper_takes_back_what_was_left_with_people_who_had_gone_before() -> None:
    study = make_study(6)
    closed, former, removed = study.labelers.all()[:3]
    User.objects.filter(pk=account(closed).pk).update(is_active=False)
    User.objects.filter(pk=account(former).pk).update(role=Role.RESEARCHER)
    study.labelers.remove(removed)
    assert sweep().released == 18
    assert sweep().released == 0
    left = Assignment.objects.filter(release_reason=ReleaseReason.WITHDRAWN)
    assert set(left.values_list("labeler", flat=True)) == {closed.pk, former.pk, removed.pk}


def test_what_is_begun_between_the_look_and_the_lock_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    study = make_study(1)
    silent_for(study, days=30)
    labeler = study.labelers.all()[0]

    def begun_just_before(rows: Any) -> Any:
        open_next(labeler)
        return locked(rows)

    monkeypatch.setattr(releasing, "locked", begun_just_before)
    assert release_left(study) == 5
    assert Assignment.objects.of(labeler).get().state == AssignmentState.OPENED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["make_design", "_assignments"])
def test_an_account_closed_while_work_is_dealt_is_left_with_none(
    monkeypatch: pytest.MonkeyPatch, admin: User, moment: str
) -> None:
    study = create_study(name="Raced", conditions=UNASSISTED, labelers=make_labelers(6))
    add_questions(study, [make_question(number) for number in range(6)])
    open_study(study)
    gone = study.labelers.all()[2]
    closing = threading.Thread(target=in_a_thread, args=[close, gone, admin])
    going_on = getattr(dealing, moment)

    def meanwhile(*arguments: Any) -> Any:
        begin(closing)
        return going_on(*arguments)

    monkeypatch.setattr(dealing, moment, meanwhile)
    deal_study(study)
    closing.join()
    gone = Labeler.objects.get(pk=gone.pk)
    assert not account(gone).is_active
    assert not Assignment.objects.of(gone).live().exists()
    assert Assignment.objects.live().exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["offer", "_last_order"])
def test_an_account_closed_while_it_claims_is_left_with_nothing(
    monkeypatch: pytest.MonkeyPatch, admin: User, moment: str
) -> None:
    study = make_study(3, conditions=UNASSISTED, labelers=make_labelers(2))
    Assignment.objects.all().delete()
    gone = study.labelers.all()[0]
    closing = threading.Thread(target=in_a_thread, args=[close, gone, admin])
    module = opening if moment == "offer" else dealing
    going_on = getattr(module, moment)

    def meanwhile(*arguments: Any) -> Any:
        if closing.ident is None:
            begin(closing)
        return going_on(*arguments)

    monkeypatch.setattr(module, moment, meanwhile)
    next_for(gone)
    closing.join()
    assert not Assignment.objects.of(gone).live().exists()


def begin(other: threading.Thread) -> None:
    """Start it and let it get as far as it can. On SQLite it waits for the one lock, which is held here."""
    other.start()
    while connection.vendor == "postgresql" and other.is_alive() and not somebody_waits():
        time.sleep(0.01)


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_locks where not granted")
        return cursor.fetchone() is not None


def in_a_thread(act: Leave, *arguments: Any) -> None:
    try:
        act(*arguments)
    finally:
        connections.close_all()


def test_the_database_refuses_a_time_out_of_bounds_and_an_offer_without_its_moment() -> None:
    study = make_study(1)
    for hours in (0, LONGEST_IDLE_HOURS + 1):
        with pytest.raises(IntegrityError), transaction.atomic():
            Study.objects.filter(pk=study.pk).update(untouched_release_hours=hours)
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.update(offered_at=None)
