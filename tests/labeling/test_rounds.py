"""The study page's other activities, and rounds over a study's work, as admins ask for them."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from labeling.actions.rounds import add_activity, add_passages
from labeling.actions.studies import close_study
from labeling.enums import Activity, AnswerKind, Role
from labeling.models import Answer, Comparison, PairToCompare, Passage, Sitting, Slot, Study
from labeling.refusals import Refused
from tests.factories import make_labelers, make_question, make_study, make_user
from tests.labeling.rounds import finished_study

pytestmark = pytest.mark.django_db


def signed_in(role: Role) -> Client:
    client = Client()
    client.force_login(make_user(f"a {role}", role), backend="django.contrib.auth.backends.ModelBackend")
    return client


def section(client: Client, study: Study) -> str:
    response = client.get(f"/studies/{study.public_id}/activities/")
    assert response.status_code == 200
    return response.content.decode()


def test_an_activity_makes_a_sitting_a_passage_and_labeler() -> None:
    study = make_study([make_question(0), make_question(1)])
    client = signed_in(Role.ADMIN)
    sent = {"activity": "demonstrating", "labelers_each": 3}
    assert client.post(f"/studies/{study.public_id}/activities/", sent).status_code == 302
    assert Slot.objects.filter(study=study, activity=Activity.DEMONSTRATING).count() == 2 * 3
    assert "Critique and refine" in section(client, study)


@pytest.mark.parametrize(
    ("form", "name", "activity"),
    [
        ({"labelers_each": 2, "severity": "on"}, "judging", Activity.JUDGING),
        ({"by_authors": "on"}, "checking", Activity.CHECKING),
        (
            {"first": "Model", "second": "Human", "labelers_each": 2, "critiques": "hidden"},
            "comparing",
            Activity.COMPARING,
        ),
    ],
)
def test_a_button_sends_a_studys_work_to_a_round_of_its_own(
    form: dict[str, object], name: str, activity: Activity
) -> None:
    (author,) = make_labelers(1, prefix="writer")
    source = finished_study(author)
    client = signed_in(Role.ADMIN)
    response = client.post(f"/studies/{source.public_id}/{name}/", form)
    round_ = Study.objects.get(name=f"Harbours: {name}")
    assert response["Location"] == round_.get_absolute_url()
    assert round_.slots.filter(activity=activity).count() == int(str(form.get("labelers_each", 1)))
    page = client.get(round_.get_absolute_url()).content.decode()
    assert "By labeler" in page
    assert "By condition" not in page  # a round has none
    assert activity.label in section(client, round_)


def test_researchers_read_what_only_admins_ask_for() -> None:
    source = finished_study()
    researcher, labeler = signed_in(Role.RESEARCHER), signed_in(Role.LABELER)
    assert "Send to judging" not in section(researcher, source)
    for name in ("activities", "judging", "checking", "comparing", "refinements"):
        for client in (researcher, labeler):
            assert client.post(f"/studies/{source.public_id}/{name}/", {"labelers_each": 1}).status_code == 403
    assert Study.objects.count() == 1


def test_the_files_of_a_round_are_those_of_its_activity() -> None:
    client = signed_in(Role.ADMIN)
    source = finished_study()
    client.post(f"/studies/{source.public_id}/judging/", {"labelers_each": 1})
    round_ = Study.objects.get(name="Harbours: judging")
    page = section(client, round_)
    for kind in ("helpfulness", "judgements"):
        assert f"{kind}.jsonl" in page
        response = client.get(f"/studies/{round_.public_id}/export/{kind}.jsonl")
        assert response.status_code == 200
        assert b"".join(response) == b""  # nothing is handed in yet
    assert client.get(f"/studies/{round_.public_id}/export/nothing.jsonl").status_code == 404


def test_finding_critiques_is_no_activity_to_add() -> None:
    with pytest.raises(Refused, match="has conditions instead"):
        add_activity(make_study(1), Activity.CRITIQUING)


def test_a_closed_study_is_given_nothing_to_do() -> None:
    study = make_study(1)
    close_study(study)
    with pytest.raises(Refused, match="being prepared or open"):
        add_activity(study, Activity.DEMONSTRATING)


def test_another_study_of_the_rounds_name_is_left_alone() -> None:
    source = finished_study()
    Study.objects.create(name="Harbours: judging")
    response = signed_in(Role.ADMIN).post(f"/studies/{source.public_id}/judging/", {"labelers_each": 1})
    assert response.status_code == 422
    assert "another study named" in response.content.decode()


# -- what the database itself refuses -------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {},  # neither a second answer nor a refinement
        {"refinement": "x"},  # made by no method
        {"refinement": "x", "method": "direct", "n": 0, "opt_out": False, "second_source": "Human"},
        {"refinement": "x", "method": "magic", "n": 1, "opt_out": False, "second_source": "Human"},
        {"refinement": "x", "method": "direct", "n": 1, "opt_out": False},  # of nobody knows what
    ],
)
def test_a_pair_has_a_second_answer_or_a_refinement_with_its_method(wrong: dict[str, object]) -> None:
    study = make_study(1)
    answer = Answer.objects.get(kind=AnswerKind.MODEL)
    with pytest.raises(IntegrityError), transaction.atomic():
        PairToCompare.objects.create(study=study, first=answer, **wrong)


@pytest.mark.parametrize("wrong", [{"better": "both"}, {"confidence": 0}, {"confidence": 4}])
def test_a_comparison_stays_in_its_ranges(wrong: dict[str, object]) -> None:
    study = make_study(1)
    one, other = Answer.objects.exclude(kind=AnswerKind.MODEL)
    pair = PairToCompare.objects.create(study=study, first=one, second=other)
    sitting = Sitting.objects.create(
        study=study,
        activity=Activity.COMPARING,
        labeler=make_labelers(1, prefix="other")[0],
        passage=one.question.passage,
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Comparison.objects.create(sitting=sitting, position=0, pair=pair, is_swapped=False, **wrong)


def test_an_activity_is_asked_with_the_options_that_it_understands() -> None:
    study = make_study([make_question(0)])
    client = signed_in(Role.ADMIN)
    sent = {"labelers_each": 1, "misleading": "on", "conditional": "on", "answers_each": 3, "model": "tests/tiny"}
    for activity in ("answering", "demonstrating", "refining"):
        assert client.post(f"/studies/{study.public_id}/activities/", sent | {"activity": activity}).status_code == 302
    assert dict(study.activities.values_list("activity", "options")) == {
        "answering": {"misleading": True},
        "demonstrating": {"answers_each": 3, "model": "tests/tiny"},
        "refining": {"conditional": True, "answers_each": 3, "model": "tests/tiny"},
    }


def test_a_collection_round_over_passages_without_questions_is_set_up_in_the_browser() -> None:
    client = signed_in(Role.ADMIN)
    passages = [Passage.objects.create(text=f"Text {number}.") for number in range(3)]
    form = {"name": "Round one", "activities": ["answering"], "critic": "", "seed": 0, "idle_release_hours": 24}
    assert client.post("/studies/new/", form).status_code == 302
    study = Study.objects.get(name="Round one")
    address = f"/studies/{study.public_id}/passages/"
    assert f'href="{address}"' in section(client, study)
    assert client.post(address, {"passages": [passages[0].pk, passages[2].pk]}).status_code == 302
    assert set(study.slots.values_list("activity", "passage")) == {
        ("answering", passages[0].pk),
        ("answering", passages[2].pk),
    }
    assert "Text 1." in client.get(address).content.decode()
    assert client.post(address, {"passages": [passages[0].pk]}).status_code == 422


def test_passages_are_added_only_where_questions_are_asked_for_and_only_by_admins() -> None:
    study = make_study([make_question(0)])
    passage = Passage.objects.create(text="A text.")
    with pytest.raises(Refused, match="Add the activity"):
        add_passages(study, [passage])
    assert signed_in(Role.RESEARCHER).get(f"/studies/{study.public_id}/passages/").status_code == 403


def test_a_study_of_nothing_is_refused() -> None:
    form = {"name": "Nothing", "critic": "", "seed": 0, "idle_release_hours": 24}
    answer = signed_in(Role.ADMIN).post("/studies/new/", form)
    assert answer.status_code == 422
    assert "Choose at least one condition" in answer.content.decode()
