"""A wrong text is mended or removed while that falsifies nothing, and by admins alone."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from labeling.actions import texts
from labeling.actions.opening import open_next
from labeling.actions.studies import add_questions, create_study
from labeling.enums import Activity, AnswerKind, EventKind, Role
from labeling.models import Answer, Assignment, Critique, Event, Passage, Question, Slot, StudyQuestion, User
from labeling.models.fields import text_digest
from labeling.refusals import Refused
from tests.factories import make_bundle, make_labelers, make_question, make_study, make_user

pytestmark = pytest.mark.django_db
UNASSISTED = [(kind, False) for kind in AnswerKind]


@pytest.fixture
def ada() -> User:
    return make_user("ada", Role.ADMIN)


def client_of(user: User | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def address(act: str, text: Passage | Question | Answer) -> str:
    kind = type(text).__name__.lower()
    passage = text if kind == "passage" else text.passage if kind == "question" else text.question.passage  # type: ignore[union-attr]
    return reverse(f"passages:{act}", args=[passage.pk, kind, text.pk])


def all_texts(question: Question) -> list[Passage | Question | Answer]:
    return [question.passage, question, question.answers.all()[0]]


def test_an_admin_mends_each_kind_of_text_that_nobody_has_met(ada: User) -> None:
    question = make_question()
    study = make_study([question], conditions=UNASSISTED)
    for text in all_texts(question):
        answer = client_of(ada).post(address("mend", text), {"wording": "As it\r\nshould be."})
        assert answer.status_code == 302
        text.refresh_from_db()
        assert text.text == "As it\nshould be."
    assert Event.objects.filter(kind=EventKind.TEXT_MENDED, actor=ada).count() == 3
    passage = Passage.objects.get()
    assert passage.text_digest == text_digest("As it\nshould be.")
    author = passage.exposures.get()
    assert author.text_digest == passage.text_digest, "its author has met the mended words"
    texts.mend(passage, passage.text, actor=ada)
    assert Event.objects.filter(kind=EventKind.TEXT_MENDED).count() == 3
    assert Assignment.objects.filter(slot__study=study).exists()


def test_once_somebody_or_the_critic_has_read_a_text_its_wording_stays(ada: User) -> None:
    read, suggested = make_question(1), make_question(2)
    study = make_study([read], conditions=UNASSISTED)
    assert open_next(study.labelers.all()[0]) is not None or open_next(study.labelers.all()[1]) is not None
    make_bundle(suggested.answers.all()[0])
    for question, reason in ((read, "A labeler has read"), (suggested, "The critic has written")):
        for text in all_texts(question):
            before = text.text
            refused = client_of(ada).post(address("mend", text), {"wording": "Other words."})
            assert refused.status_code == 422
            assert reason in refused.content.decode()
            text.refresh_from_db()
            assert text.text == before
    assert not Event.objects.filter(kind=EventKind.TEXT_MENDED).exists()


def test_a_text_is_not_mended_into_one_that_is_here_or_into_nothing(ada: User) -> None:
    one, other = make_question(1).passage, make_question(2).passage
    with pytest.raises(Refused, match="here already"):
        texts.mend(one, other.text, actor=ada)
    with pytest.raises(Refused, match="cannot be empty"):
        texts.mend(one, " \n", actor=ada)
    one.refresh_from_db()
    assert one.text != other.text


def test_a_question_and_a_passage_that_nobody_was_given_are_removed_from_studies_too(ada: User) -> None:
    first = make_question(1)
    second = make_question(2, passage=first.passage)
    study = make_study([first, second], labelers=0, conditions=UNASSISTED)
    make_bundle(first.answers.all()[0])
    client_of(ada).post(address("remove", first))
    assert list(Question.objects.all()) == [second]
    assert StudyQuestion.objects.get().question == second
    assert Slot.objects.count() == 3
    add_questions(study, [make_question(3)])
    assert StudyQuestion.objects.count() == 2, "another takes its place"
    texts.remove(Passage.objects.exclude(pk=first.passage.pk).get(), actor=ada)
    client_of(ada).post(address("remove", first.passage))
    for model in (Passage, Question, Answer, Critique, Slot, StudyQuestion):
        assert not model.objects.exists()
    assert Event.objects.filter(kind=EventKind.TEXT_REMOVED, actor=ada).count() == 3


def test_no_sitting_is_left_about_a_passage_without_questions(ada: User) -> None:
    question = make_question()
    study = create_study(name="Round", conditions=[], activities={Activity.DEMONSTRATING: 2, Activity.ANSWERING: 1})
    add_questions(study, [question])
    assert study.slots.count() == 3
    texts.remove(question, actor=ada)
    assert [slot.activity for slot in study.slots.all()] == [Activity.ANSWERING]


def test_what_was_given_to_a_labeler_or_came_with_a_file_stays(ada: User) -> None:
    question = make_question()
    make_study([question], labelers=make_labelers(3), conditions=UNASSISTED)
    for text in (question, question.passage):
        refused = client_of(ada).post(address("remove", text))
        assert refused.status_code == 422
        assert "was given to a labeler" in refused.content.decode()
    assert Question.objects.count() == 1


@pytest.mark.parametrize("role", [None, Role.LABELER, Role.RESEARCHER], ids=str)
def test_nobody_but_admins_mends_or_removes(role: Role | None) -> None:
    client = client_of(None if role is None else make_user("other", role))
    question = make_question()
    for text in all_texts(question):
        for act in ("mend", "remove"):
            assert client.post(address(act, text), {"wording": "Mine."}).status_code == (302 if role is None else 403)
    assert Question.objects.get().text == question.text
    assert b"Mend" not in client.get(reverse("passages:passage", args=[question.passage.pk])).content
