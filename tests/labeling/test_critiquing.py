"""What the critiquing page may save, hand in and repeat, whatever is sent to it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.actions import critiquing
from labeling.actions.opening import open_next
from labeling.enums import EventKind
from labeling.forms.parts import as_typed, kept_as_stored
from labeling.models import Assignment, Event, Labeler, LabelerCritique, Sitting
from tests.factories import make_study

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def me() -> Labeler:
    make_study(1)
    return Labeler.objects.get(user__username="labeler1")


@pytest.fixture
def work(me: Labeler) -> Assignment:
    opened = open_next(me)
    assert opened is not None
    return opened


class Desk:
    """One labeler's client at one assignment."""

    def __init__(self, labeler: Labeler, work: Assignment) -> None:
        self.client, self.work = Client(), work
        assert labeler.user is not None
        self.client.force_login(labeler.user, backend="django.contrib.auth.backends.ModelBackend")

    def post(self, path: str, **data: object) -> HttpResponse:
        answered: HttpResponse = self.client.post(f"{self.work.get_absolute_url()}{path}", data, headers=FRAGMENT)
        return answered

    def add(self) -> LabelerCritique:
        key = uuid.uuid4()
        assert self.post("critiques/", client_key=key).status_code == 200
        return LabelerCritique.objects.get(client_key=key)

    def save(self, found: LabelerCritique, **changed: object) -> HttpResponse:
        data = {"base_revision": 0, "text": "", "category": "", "category_text": "", "severity": ""}
        return self.post(f"critiques/{found.client_key}/", **(data | changed))


@pytest.fixture
def desk(me: Labeler, work: Assignment) -> Desk:
    return Desk(me, work)


def test_adding_under_the_same_key_makes_one_critique(desk: Desk) -> None:
    key = uuid.uuid4()
    for _ in range(5):
        assert desk.post("critiques/", client_key=key).status_code == 200
    assert LabelerCritique.objects.count() == 1
    assert Event.objects.filter(kind=EventKind.CRITIQUE_ADDED).count() == 1


def test_saving_the_same_again_is_no_change(desk: Desk) -> None:
    found = desk.add()
    for _ in range(5):
        assert desk.save(found, text="The same.", severity=2).status_code == 200
    found.refresh_from_db()
    assert (found.revision, found.first_modified_ms) == (1, found.last_modified_ms)
    assert Event.objects.filter(kind=EventKind.CRITIQUE_CHANGED).count() == 1


def test_a_save_that_has_not_seen_the_latest_is_shown_both_texts(desk: Desk) -> None:
    found = desk.add()
    desk.save(found, text="First.")
    answered = desk.save(found, text="Second, from elsewhere.", base_revision=0)
    assert answered.status_code == 409
    assert b"First." in answered.content
    found.critique.refresh_from_db()
    assert found.critique.text == "First."


@pytest.mark.parametrize(
    "impossible",
    [
        {"severity": 5},
        {"severity": 0},
        {"category": "style"},
        {"base_revision": -1},
        {"text": "x" * 20_001},
        {"text": "\0"},
    ],
)
def test_an_impossible_value_is_refused_and_nothing_of_it_kept(desk: Desk, impossible: dict[str, object]) -> None:
    found = desk.add()
    assert desk.save(found, **({"text": "Fine.", "severity": 1} | impossible)).status_code == 422
    found.refresh_from_db()
    assert (found.critique.text, found.severity, found.revision) == ("", None, 0)


@pytest.mark.parametrize("rating", ["0", "8", "", "good"])
def test_a_rating_off_the_scale_is_refused(desk: Desk, rating: str) -> None:
    assert desk.post("rating/", rating=rating).status_code == 422
    assert Sitting.objects.get().rating is None


def test_only_the_category_other_keeps_words_of_its_own(desk: Desk) -> None:
    found = desk.add()
    desk.save(found, category="other", category_text="Tone")
    found.refresh_from_db()
    assert found.category_text == "Tone"
    desk.save(found, base_revision=1, category="accuracy", category_text="Tone")
    found.refresh_from_db()
    assert found.category_text == ""


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        ({"text": "  "}, "has no text yet"),
        ({"category": ""}, "needs a category"),
        ({"category": "other"}, "say in a few words"),
        ({"severity": ""}, "needs a severity"),
    ],
)
def test_an_incomplete_critique_is_saved_but_not_handed_in(
    desk: Desk, left_out: dict[str, object], reason: str
) -> None:
    found = desk.add()
    desk.save(found, **({"text": "Fine.", "category": "accuracy", "severity": 1} | left_out))
    desk.post("rating/", rating=3)
    answered = desk.post("submit/")
    assert answered.status_code == 422
    assert reason in answered.content.decode()
    assert str(found.client_key) in answered.content.decode()


def test_a_page_hands_in_only_what_it_shows(desk: Desk) -> None:
    desk.post("rating/", rating=7)
    found = desk.add()
    desk.save(found, text="Fine.", category="accuracy", severity=1)
    for unseen in ({"rating": 7}, {"rating": 7, "seen": f"{found.client_key}:0"}, {"seen": f"{found.client_key}:1"}):
        assert desk.post("submit/", compare=1, confirmed=1, **unseen).status_code == 409
    assert desk.post("submit/", compare=1, confirmed=1, rating=7, seen=f"{found.client_key}:1").status_code == 200


def test_submitting_again_answers_with_the_first_submission(desk: Desk) -> None:
    desk.post("rating/", rating=7)
    assert desk.post("submit/", confirmed=1).headers["HX-Redirect"] == desk.work.get_absolute_url()
    first = Sitting.objects.get()
    for _ in range(10):
        assert desk.post("submit/").status_code == 200
    again = Sitting.objects.get()
    assert (again.submitted_at, again.total_time_ms) == (first.submitted_at, first.total_time_ms)
    assert Event.objects.filter(kind=EventKind.SUBMITTED).count() == 1


def test_a_seven_is_asked_about_once_with_critiques_or_without(desk: Desk) -> None:
    desk.post("rating/", rating=7)
    asked = desk.post("submit/")
    assert asked.status_code == 428
    assert "found nothing wrong with it" in asked.content.decode()
    desk.save(desk.add(), text="Fine.", category="accuracy", severity=1)
    asked = desk.post("submit/")
    assert asked.status_code == 428
    assert "found something to criticise" in asked.content.decode()
    assert desk.post("submit/", confirmed=1).status_code == 200


def test_after_submitting_nothing_can_be_changed(desk: Desk) -> None:
    found = desk.add()
    desk.save(found, text="Fine.", category="accuracy", severity=1)
    desk.post("rating/", rating=4)
    desk.post("submit/")
    before = list(LabelerCritique.objects.values())
    for answered in (
        desk.post("critiques/", client_key=uuid.uuid4()),
        desk.save(found, text="Better.", base_revision=1),
        desk.post(f"critiques/{found.client_key}/remove/"),
        desk.post("rating/", rating=1),
        desk.post("give-back/", reason="seen_before"),
    ):
        assert answered.status_code == 410
    assert desk.post("active-time/", active_ms=10**9).status_code == 204, "a late report is nobody's mistake"
    assert list(LabelerCritique.objects.values()) == before
    assert Sitting.objects.get().active_time_ms == 0


def test_active_time_never_runs_ahead_of_the_clock_nor_back(me: Labeler, desk: Desk) -> None:
    Sitting.objects.update(active_time_ms=5)
    desk.post("active-time/", active_ms=3)
    assert Sitting.objects.get().active_time_ms == 5
    desk.post("active-time/", active_ms=10**12)
    assert 5 <= Sitting.objects.get().active_time_ms <= critiquing.elapsed_ms(desk.work)


def test_submitting_brings_the_active_time_along_refused_or_not(desk: Desk) -> None:
    Assignment.objects.update(opened_at=timezone.now() - timedelta(minutes=10))
    assert desk.post("submit/", active_ms=1000).status_code == 422
    assert Sitting.objects.get().active_time_ms == 1000
    desk.post("rating/", rating=7)
    for _ in range(2):
        assert desk.post("submit/", confirmed=1, active_ms=2000).status_code == 200
    assert Sitting.objects.get().active_time_ms == 2000


@given(st.text(alphabet=st.sampled_from("a \r\n"), max_size=12))
@settings(max_examples=200)
def test_a_text_that_a_browser_only_showed_is_kept_as_stored(stored: str) -> None:
    assert kept_as_stored(as_typed(stored), stored) == stored


@given(st.text(alphabet="a \r\n", max_size=12), st.text(alphabet="a \r\n", max_size=12))
def test_a_text_that_was_changed_is_kept_as_typed(stored: str, typed: str) -> None:
    kept = kept_as_stored(typed, stored)
    assert as_typed(kept) == as_typed(typed)
    assert kept == stored or "\r" not in kept
