"""Choosing from any number of questions, passages and people: paged, searched, all that are found at once."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from labeling.actions.rounds import add_activity
from labeling.actions.studies import add_questions, create_study
from labeling.enums import Activity, AnswerKind, EventKind, Role
from labeling.models import Answer, Event, Labeler, Passage, Question, Study, User
from tests.factories import make_author, make_user

pytestmark = pytest.mark.django_db

NEW = reverse("studies:new")
FORM = {"name": "Big", "conditions": ["Human/0"], "critic": "", "seed": 0, "idle_release_hours": 24}


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(make_user("admin", Role.ADMIN), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def study() -> Study:
    return create_study(name="Ships", conditions=[(AnswerKind.HUMAN, False)])


def many_labelers(count: int) -> None:
    users = User.objects.bulk_create(User(username=f"worker{number:04}", password="!") for number in range(count))
    Labeler.objects.bulk_create(Labeler(user=user) for user in users)


def many_questions(count: int) -> None:
    """One a passage; every tenth is about a zebra. The texts are long."""
    author = make_author()
    passages = [Passage(text=f"Report {number}. " + "word " * 300, author=author) for number in range(count)]
    for passage in passages:
        passage.describe_text()
    Passage.objects.bulk_create(passages)
    questions = Question.objects.bulk_create(
        Question(passage=passage, text=f"What of the {'zebra' if number % 10 == 0 else 'ship'}, {number}?")
        for number, passage in enumerate(passages)
    )
    Answer.objects.bulk_create(
        Answer(question=question, kind=AnswerKind.HUMAN, author=author, text="It left.") for question in questions
    )


def page_of(study: Study, name: str) -> str:
    return reverse(name, args=[study.public_id])


def test_with_1200_labelers_a_new_study_takes_them_all_or_none(admin: Client) -> None:
    many_labelers(1200)
    assert admin.post(NEW, FORM | {"labelers": "all"}).status_code == 302
    assert Study.objects.get().labelers.count() == 1200
    assert admin.post(NEW, FORM | {"name": "Later"}).status_code == 302
    assert not Study.objects.get(name="Later").labelers.exists()


def test_with_1200_labelers_a_refused_study_keeps_what_was_typed(admin: Client) -> None:
    many_labelers(1200)
    typed = FORM | {"name": "", "instructions": "Read twice.", "seed": 77, "labelers": "all"}
    refused = admin.post(NEW, typed)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Read twice." in page
    assert 'value="77"' in page
    assert re.search(r'value="all"[^>]*checked', page)


def test_with_1200_labelers_some_are_chosen_on_each_page(admin: Client, study: Study) -> None:
    many_labelers(1200)
    address = page_of(study, "studies:labelers") + "?page=2"
    page = admin.get(address).content.decode()
    shown = re.findall(r'name="shown" value="(\d+)"', page)
    assert len(shown) == 100
    assert "worker0100" in page
    assert "worker0099" not in page
    saved = admin.post(address, {"labelers": shown[:3], "shown": shown}, follow=True)
    assert saved.redirect_chain[-1][0] == address
    assert [str(one) for one in study.labelers.order_by("pk")] == ["worker0100", "worker0101", "worker0102"]
    assert saved.content.decode().count("checked") == 3
    admin.post(address, {"labelers": shown[1:2], "shown": shown})
    assert [str(one) for one in study.labelers.all()] == ["worker0101"]
    other = page_of(study, "studies:labelers")
    admin.post(
        other, {"labelers": [], "shown": re.findall(r'name="shown" value="(\d+)"', admin.get(other).content.decode())}
    )
    assert study.labelers.count() == 1, "who does not stand on the page stays"


def test_all_labelers_that_a_search_finds_join_and_leave_with_an_event_each(admin: Client, study: Study) -> None:
    many_labelers(1200)
    address = page_of(study, "studies:labelers")
    admin.post(f"{address}?q=worker00", {"all": "1"})
    assert study.labelers.count() == 100
    admin.post(address, {"all": "1"})
    assert study.labelers.count() == 1200
    assert Event.objects.filter(kind=EventKind.JOINED_STUDY, study=study).count() == 1200
    admin.post(f"{address}?q=WORKER11", {"none": "1"})
    assert study.labelers.count() == 1100
    assert Event.objects.filter(kind=EventKind.LEFT_STUDY, study=study).count() == 100


def test_questions_are_searched_paged_and_added_as_found(admin: Client, study: Study) -> None:
    many_questions(250)
    address = page_of(study, "studies:questions")
    page = admin.get(address).content.decode()
    assert page.count('name="questions"') == 100
    assert "Add all 250" in page
    found = admin.get(address, {"q": "ZEBRA"}).content.decode()
    assert found.count('name="questions"') == 25
    assert "Add all 25 found" in found
    admin.post(f"{address}?q=zebra", {"all": "1"})
    assert study.study_questions.count() == 25
    assert not study.study_questions.exclude(question__text__contains="zebra").exists()
    admin.post(f"{address}?page=2", {"all": "1"})
    assert study.study_questions.count() == 250


def test_a_search_of_questions_looks_at_the_texts_title_and_beginning_too(study: Study) -> None:
    from labeling.actions.studies import questions_to_choose

    many_questions(3)
    Passage.objects.filter(text__startswith="Report 1").update(title="The Mill")
    assert questions_to_choose(study, "mill").count() == 1
    assert questions_to_choose(study, "report 2").count() == 1
    assert questions_to_choose(study, "50%").count() == 0


def test_turning_the_page_keeps_the_search(admin: Client, study: Study) -> None:
    many_questions(250)
    page = admin.get(page_of(study, "studies:questions"), {"q": "ship", "page": "2"}).content.decode()
    assert "Page 2 of 3" in page
    assert re.search(r'href="\?q=ship&(amp;)?page=3"', page)


def test_passages_are_searched_and_added_as_found(admin: Client, study: Study) -> None:
    many_questions(120)
    add_activity(study, Activity.ANSWERING)
    address = page_of(study, "rounds:passages")
    assert "Add all 120" in admin.get(address).content.decode()
    admin.post(f"{address}?q=report 11", {"all": "1"})
    assert study.slots.filter(activity=Activity.ANSWERING).count() == 11
    assert "has these words" in admin.get(address, {"q": "report 11"}).content.decode()


def test_a_refused_choice_keeps_what_was_ticked(admin: Client, study: Study) -> None:
    many_questions(3)
    gone, kept, _ = Question.objects.order_by("pk")
    add_questions(study, [gone])
    refused = admin.post(page_of(study, "studies:questions"), {"questions": [gone.pk, kept.pk]})
    assert refused.status_code == 422
    assert re.search(rf'value="{kept.pk}" checked', refused.content.decode())
    assert 'role="alert"' in refused.content.decode()


def test_lists_load_no_texts(admin: Client, study: Study) -> None:
    many_questions(5)
    add_activity(study, Activity.ANSWERING)
    add_questions(study, Question.objects.order_by("pk")[:2])
    for address in (
        reverse("passages:list"),
        page_of(study, "studies:questions"),
        page_of(study, "rounds:passages"),
        page_of(study, "studies:study"),
    ):
        with CaptureQueriesContext(connection) as captured:
            assert "Report " in admin.get(address).content.decode()
        assert not [one["sql"] for one in captured if '"labeling_passage"."text"' in one["sql"]], address


@pytest.mark.parametrize("address", ["/passages/?page=2", "/people/?page=2", "passages to ask about"])
def test_what_is_counted_for_a_page_is_not_counted_for_the_pages_before(
    admin: Client, study: Study, address: str
) -> None:
    many_questions(101)
    many_labelers(51)
    if address.startswith("passages"):
        add_activity(study, Activity.ANSWERING)
        address = page_of(study, "rounds:passages") + "?page=2"
    with CaptureQueriesContext(connection) as captured:
        assert admin.get(address).status_code == 200
    skipping = [one["sql"] for one in captured if "OFFSET" in one["sql"]]
    assert skipping
    assert not [sql for sql in skipping if "COUNT(" in sql]


def test_a_search_for_what_no_database_holds_finds_nothing(admin: Client, study: Study) -> None:
    for name in ("studies:questions", "studies:labelers"):
        assert admin.get(page_of(study, name), {"q": "x" * 5000}).status_code == 200
    assert admin.get(reverse("passages:list"), {"q": "\0"}).status_code == 400, "refused at the door"


def test_a_form_of_too_many_fields_is_refused_with_a_page_that_keeps_what_was_typed(admin: Client) -> None:
    boxes = [str(number) for number in range(1100)]
    refused = admin.post(
        NEW,
        "csrfmiddlewaretoken=x&name=Harbours+%26+mills&instructions=Read+%3Cb%3E+twice."
        + "".join(f"&labelers={box}" for box in boxes),
        content_type="application/x-www-form-urlencoded",
    )
    page = refused.content.decode()
    assert refused.status_code == 400
    assert "more than the 1000 fields" in page
    assert "Harbours &amp; mills" in page
    assert "Read &lt;b&gt; twice." in page
    assert not Study.objects.exists()


def test_a_cell_is_reassigned_to_somebody_found_by_name(admin: Client, study: Study) -> None:
    many_questions(1)
    many_labelers(150)
    add_questions(study, Question.objects.all())
    slot = study.slots.get()
    address = reverse("studies:reassign", args=[study.public_id, slot.pk])
    page = admin.get(address).content.decode()
    assert page.count("<option") == 101
    assert "50 more" in page
    assert "worker0149" in admin.get(address, {"q": "0149"}).content.decode()
    admin.post(address, {"labeler": Labeler.objects.get(user__username="worker0149").pk})
    assert str(slot.assignments.live().get().labeler) == "worker0149"


def test_third_parties_are_named(admin: Client) -> None:
    from labeling.forms.rounds import CheckingForm

    many_labelers(2)
    form = CheckingForm({"third_parties": " worker0001 \n\nworker0000\nworker0001"})
    assert form.is_valid()
    assert [str(one) for one in form.cleaned_data["third_parties"]] == ["worker0000", "worker0001"]
    wrong = CheckingForm({"third_parties": "worker0001\nnobody"})
    assert wrong.errors["third_parties"] == ["There is no labeler named “nobody” who can work."]
