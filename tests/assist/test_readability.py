"""A study whose critic cannot read its texts says which, and opens only with an admin's word."""

from __future__ import annotations

import pytest
from django.conf import settings as site
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from assist.critics import SAYS_NOTHING, critic_card
from labeling.actions.studies import add_questions, create_study, open_study, questions_to_choose
from labeling.enums import AnswerKind, EventKind, Role, StudyState
from labeling.models import Event, Passage, Question, Study
from labeling.refusals import NeedsConfirmation, Refused
from tests.factories import make_question, make_user

pytestmark = pytest.mark.django_db

PROSE = (
    "The mill was built in 1846 by two brothers who had come from the coast. It burned down in 1902, and nobody "
    "rebuilt it because the town had no money to pay for the work."
)


@pytest.fixture(autouse=True)
def own_critics(settings: Settings) -> None:
    """Those that ship, and one by setting."""
    settings.CRITICS = {
        "reports": {"model": "models_service/critic/reports"},
        "site": {"model": "tests/scripted", "engine": "scripted"},
    }


def about_prose(number: int = 0) -> Question:
    question = make_question(number)
    Passage.objects.filter(pk=question.passage_id).update(text=f"{PROSE} {number}.")
    return question


@pytest.fixture
def study() -> Study:
    study = create_study(name="Mills", critic="reports")
    add_questions(study, [about_prose(0), make_question(1)])
    return study


def test_it_does_not_open_and_says_which_and_how_many(study: Study) -> None:
    with pytest.raises(NeedsConfirmation, match="cannot read 3 of the answers: “Town 0”, the passage") as told:
        open_study(study)
    assert "Town 1" not in told.value.reason
    study.refresh_from_db()
    assert study.state == StudyState.PREPARING
    assert not Event.objects.filter(study=study).exists()


def test_an_admin_opens_it_by_a_confirmation_that_is_kept(study: Study, client: Client) -> None:
    admin = make_user("admin", Role.ADMIN)
    client.force_login(admin)
    opening = reverse("studies:open", args=[study.public_id])
    asked = client.post(opening)
    assert asked.status_code == 428
    assert "cannot read 3 of the answers" in asked.content.decode()
    assert "Yes, go on" in asked.content.decode()
    client.post(opening, {"confirmed": "1"})
    study.refresh_from_db()
    assert study.is_open
    event = Event.objects.get(study=study, kind=EventKind.OPENED_UNREADABLE)
    assert (event.actor, event.value) == (admin, 3)


def test_the_study_s_page_says_it_before_it_opens(study: Study, client: Client) -> None:
    client.force_login(make_user("researcher", Role.RESEARCHER))
    page = client.get(reverse("assist:runs", args=[study.public_id])).content.decode()
    assert "cannot read 3 of the answers" in page
    assert page.count("“Town 0”, the passage") == 1


def test_an_open_study_takes_no_text_that_its_critic_cannot_read() -> None:
    study = create_study(name="Mills", critic="reports")
    add_questions(study, [make_question(1)])
    open_study(study)
    with pytest.raises(Refused, match="The study is open, so they cannot be added to it"):
        add_questions(study, [about_prose(2)])
    assert study.study_questions.count() == 1


def test_a_study_opened_with_such_texts_takes_more(study: Study) -> None:
    open_study(study, though_unreadable=True)
    add_questions(study, [about_prose(2)])
    assert study.study_questions.count() == 3


def test_unassisted_texts_are_nobody_s_to_read() -> None:
    unassisted = [(AnswerKind.HUMAN, False), (AnswerKind.HUMAN_MISLEADING, False)]
    study = create_study(name="Mills", critic="reports", conditions=unassisted)
    about_prose()
    add_questions(study, questions_to_choose(study))
    open_study(study)
    assert study.is_open


def test_a_critic_by_setting_says_nothing_and_its_card_says_so() -> None:
    study = create_study(name="Mills", critic="site")
    add_questions(study, [about_prose()])
    open_study(study)
    assert study.is_open
    assert "site" in site.CRITICS
    assert critic_card("site").cannot == SAYS_NOTHING
