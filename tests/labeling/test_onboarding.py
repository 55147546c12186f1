"""Versions of instructions, consent and quizzes: what is recorded, and what stands before an assignment."""

from __future__ import annotations

import pytest
from django import forms
from django.test import Client
from django.urls import reverse

from labeling.actions.onboarding import Asked, agree, publish_instructions, publish_quiz, take_quiz
from labeling.actions.opening import open_next
from labeling.actions.studies import create_study
from labeling.enums import Activity, AssignmentState, Role
from labeling.forms.onboarding import as_written, read_questions
from labeling.models import Assignment, Exposure, Labeler, Quiz, QuizAttempt, Study
from labeling.refusals import Refused
from labeling.rules.onboarding import step_before
from tests.factories import make_study, make_user
from tests.sittings import make_passage, round_of

pytestmark = pytest.mark.django_db
WRITTEN = """\
What is the honest answer to a question about a topic
that the text does not cover?
- A guess
* No answer
> It says so in the instructions.

Who sees your answers?
* Other labelers
- Nobody
"""


@pytest.fixture
def labeler() -> Labeler:
    return make_user("labeler1").labeler


@pytest.fixture
def study(labeler: Labeler) -> Study:
    """A round with one text that nobody has opened."""
    return round_of(Activity.ANSWERING, [make_passage()], labelers=[labeler])


def start(labeler: Labeler) -> str:
    """Where “Start next” leads."""
    client = Client()
    client.force_login(labeler.user)
    return client.post(reverse("start-next"))["Location"]


def work_of(labeler: Labeler) -> Assignment:
    return Assignment.objects.get(labeler=labeler)


def offered(labeler: Labeler, study: Study) -> Assignment:
    return Assignment(slot=study.slots.get(), labeler=labeler, state=AssignmentState.OFFERED)


def give_quiz(study: Study, pass_mark: int = 2) -> Quiz:
    return publish_quiz(study, Activity.ANSWERING, questions=read_questions(WRITTEN), pass_mark=pass_mark)


def test_nothing_stands_before_the_work_of_a_study_that_asks_for_nothing(labeler: Labeler, study: Study) -> None:
    assert start(labeler) == work_of(labeler).get_absolute_url()


def test_instructions_alone_stand_before_nothing() -> None:
    person = make_study().labelers.first()
    assert person is not None
    assert start(person).startswith("/critiquing/")


def test_consent_comes_before_the_text_is_met(labeler: Labeler, study: Study) -> None:
    version = publish_instructions(study, text="Write.", consent="I agree.")
    assert start(labeler) == reverse("onboarding:consent", args=[study.public_id])
    assert not Exposure.objects.filter(labeler=labeler).exists()
    agree(labeler=labeler, instruction=version)
    assert start(labeler) == work_of(labeler).get_absolute_url()


def test_new_words_of_consent_are_asked_again_but_new_instructions_are_not(labeler: Labeler, study: Study) -> None:
    agree(labeler=labeler, instruction=publish_instructions(study, text="Write.", consent="I agree."))
    publish_instructions(study, text="Write well.", consent="I agree.")
    assert step_before(labeler, offered(labeler, study)) is None
    publish_instructions(study, text="Write well.", consent="I agree to more.")
    assert step_before(labeler, offered(labeler, study)) is not None


def test_what_was_begun_goes_on_whatever_is_asked_since(labeler: Labeler, study: Study) -> None:
    start(labeler)
    publish_instructions(study, text="", consent="I agree.")
    give_quiz(study)
    assert start(labeler) == work_of(labeler).get_absolute_url()


def test_an_assignment_keeps_the_version_it_was_opened_under(labeler: Labeler, study: Study) -> None:
    first = publish_instructions(study, text="Write.")
    assert publish_instructions(study, text="Write.") == first
    opened = open_next(labeler)
    second = publish_instructions(study, text="Write well.")
    assert (first.version, second.version) == (1, 2)
    assert opened is not None
    assert opened.instruction == first
    client = Client()
    client.force_login(labeler.user)
    page = client.get(opened.get_absolute_url()).content.decode()
    assert "Write." in page
    assert "Write well." not in page


def test_a_new_study_has_its_instructions_as_version_one() -> None:
    study = create_study(name="New", instructions="Read.", conditions=(), activities={Activity.ANSWERING: 1})
    assert [(one.version, one.text) for one in study.instruction_versions.all()] == [(1, "Read.")]


def test_agreeing_to_an_old_version_is_refused(labeler: Labeler, study: Study) -> None:
    old = publish_instructions(study, text="", consent="I agree.")
    publish_instructions(study, text="", consent="I agree to more.")
    with pytest.raises(Refused, match="reworded"):
        agree(labeler=labeler, instruction=old)


def test_a_quiz_is_passed_before_the_first_assignment_of_its_activity(labeler: Labeler, study: Study) -> None:
    quiz = give_quiz(study)
    address = reverse("onboarding:quiz", args=[study.public_id, "answering"])
    assert start(labeler) == address
    client = Client()
    client.force_login(labeler.user)
    assert client.post(address, {"question-0": "1"}).status_code == 422
    page = client.post(address, {"question-0": "1", "question-1": "1"}).content.decode()
    assert "1 of 2 right" in page
    assert "It says so in the instructions." in page
    assert start(labeler) == address
    client.post(address, {"question-0": "1", "question-1": "0"})
    assert [(one.score, one.passed, one.chosen) for one in QuizAttempt.objects.filter(quiz=quiz)] == [
        (1, False, [1, 1]),
        (2, True, [1, 0]),
    ]
    assert start(labeler) == work_of(labeler).get_absolute_url()


def test_a_newer_quiz_is_asked_and_an_empty_one_lifts_it(labeler: Labeler, study: Study) -> None:
    old = give_quiz(study)
    take_quiz(labeler=labeler, quiz=old, chosen=[1, 0])
    give_quiz(study, pass_mark=1)
    assert step_before(labeler, offered(labeler, study)) is not None
    with pytest.raises(Refused, match="newer quiz"):
        take_quiz(labeler=labeler, quiz=old, chosen=[1, 0])
    publish_quiz(study, Activity.ANSWERING, questions=[], pass_mark=0)
    assert step_before(labeler, offered(labeler, study)) is None


def test_a_quiz_nobody_can_pass_is_refused(study: Study) -> None:
    with pytest.raises(Refused, match="nobody can answer 3"):
        give_quiz(study, pass_mark=3)


def test_the_quiz_of_a_study_one_does_not_work_in_does_not_exist(study: Study) -> None:
    give_quiz(study)
    publish_instructions(study, text="", consent="I agree.")
    client = Client()
    client.force_login(make_user("stranger"))
    assert client.get(reverse("onboarding:quiz", args=[study.public_id, "answering"])).status_code == 404
    assert client.get(reverse("onboarding:consent", args=[study.public_id])).status_code == 404


def test_only_admins_write_instructions_and_quizzes(labeler: Labeler, study: Study) -> None:
    client = Client()
    addresses = [reverse(f"onboarding:{name}", args=[study.public_id]) for name in ("write", "write-quiz")]
    for user in (labeler.user, make_user("researcher", Role.RESEARCHER)):
        client.force_login(user)
        assert {client.post(address).status_code for address in addresses} == {403}
    client.force_login(make_user("admin", Role.ADMIN))
    client.post(addresses[0], {"text": "Write.", "consent": "I agree."})
    client.post(addresses[1], {"activity": "answering", "pass_mark": "1", "questions": WRITTEN})
    page = client.get(addresses[0]).content.decode()
    assert "Version 1 is in force" in page
    assert "* No answer" in page
    study.refresh_from_db()
    assert study.instructions == "Write."


def test_a_quiz_is_written_as_plain_text_and_reads_back_the_same(study: Study) -> None:
    first, second = read_questions(WRITTEN.replace("\n", "\r\n"))
    assert first == Asked(
        "What is the honest answer to a question about a topic that the text does not cover?",
        ["A guess", "No answer"],
        1,
        "It says so in the instructions.",
    )
    assert (second.right, second.feedback) == (0, "")
    assert read_questions(as_written(give_quiz(study))) == [first, second]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("- a\n* b", "Question 1 has no text"),
        ("What?\n* b", "needs two choices"),
        ("What?\n- a\n- b", "exactly one right"),
        ("What?\n* a\n* b", "exactly one right"),
        ("What?\n* a\n- b\n\nAnd?", "Question 2 needs two choices"),
    ],
)
def test_a_badly_written_quiz_is_refused_with_the_number_of_its_question(written: str, reason: str) -> None:
    with pytest.raises(forms.ValidationError, match=reason):
        read_questions(written)
