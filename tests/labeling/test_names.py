"""One person, one identity: whoever goes by a name is found by it, and what was kept under it is theirs."""

from __future__ import annotations

import io
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from labeling.actions.dealing import deal_study
from labeling.actions.exposures import expose, texts_met
from labeling.actions.names import give_name, labeler_named, rename_account
from labeling.actions.opening import open_assignment
from labeling.actions.people import create_account
from labeling.actions.studies import add_questions, create_study, open_study, questions_to_choose
from labeling.enums import Activity, AssignmentState, EventKind, ReleaseReason, Role
from labeling.exchange.kinds import dataset_records
from labeling.exchange.person import person_record
from labeling.exchange.uploads import UploadProblems, add_passages
from labeling.models import Answer, Assignment, Event, Exposure, Labeler, Passage, PersonName, Study, User
from labeling.models.names import name_key
from labeling.refusals import Refused
from tests.factories import make_labelers, make_study, make_user
from tests.labeling.test_exchange_person import names_everywhere

pytestmark = pytest.mark.django_db
#: How a spreadsheet, a phone or another keyboard may write the name Marit.
WAYS = [
    "marit",
    "Marit",
    "MARIT",
    " marit ",
    "marit\u200b",
    "\ufeffmarit",
    "\uff4d\uff41\uff52\uff49\uff54",
    "marit\u00a0",
]


def upload(author: str, text: str = "The ferry left at nine.") -> Passage:
    question = {"question": "When?", "human_answer": "At nine.", "misleading_answer": "At ten."}
    question["model_answer"] = {"text": "Nine."}  # type: ignore[assignment]
    line = {"text": text, "author": author, "questions": [question]}
    report = add_passages(io.BytesIO(json.dumps(line).encode()), "rows.jsonl")
    return report.passages[0]


def account(name: str, role: Role = Role.LABELER) -> Labeler:
    return Labeler.objects.get(user=create_account(username=name, password="a long password", role=role))


def has_met(labeler: Labeler, passage: Passage) -> bool:
    return passage.text_digest in texts_met([labeler])[labeler.pk]


def study_of_everything(*labelers: Labeler) -> Study:
    study = create_study(name="study", critic="any", labelers=labelers)
    add_questions(study, list(questions_to_choose(study)))
    open_study(study)
    return study


# -- an account claims what was uploaded under its name -------------------------------------------------


@pytest.mark.parametrize("written", WAYS)
def test_an_author_is_never_dealt_their_texts_though_the_account_came_later(written: str) -> None:
    passage = upload(written)
    marit = account("marit")
    assert has_met(marit, passage)
    assert set(Answer.objects.filter(kind__startswith="Human").values_list("author", flat=True)) == {marit.pk}
    deal_study(study_of_everything(marit, *make_labelers(6)))
    assert not Assignment.objects.filter(labeler=marit).exists()


@pytest.mark.parametrize("written", WAYS)
def test_an_author_is_never_dealt_their_texts_though_the_account_came_first(written: str) -> None:
    marit = account("marit")
    assert has_met(marit, upload(written))
    assert Labeler.objects.count() == 1


def test_texts_uploaded_under_an_earlier_name_are_the_account_s() -> None:
    marit = account("marit")
    assert marit.user is not None
    rename_account(marit.user, "marit.k")
    assert has_met(marit, upload("Marit"))
    rename_account(marit.user, "marit")
    assert labeler_named("marit.k") == marit


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_name_that_no_account_can_have_is_given_to_one_by_an_admin(when: str) -> None:
    marit = account("marit")
    admin = make_user("ada", Role.ADMIN)
    client = Client()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    if when == "before":
        upload("Marit  Berg")
    page = client.post(f"/people/{marit.user_id}/names/", {"name": " marit berg "}, follow=True).content.decode()
    assert "<li><bdi>marit berg</bdi></li>" in page
    passage = upload("MARIT BERG")
    assert has_met(marit, passage)
    assert labeler_named("Marit Berg") == marit
    assert set(Answer.objects.filter(kind__startswith="Human").values_list("author", flat=True)) == {marit.pk}
    assert [one["question"] for one in person_record("marit")["answers"]] == ["When?", "When?"]


def test_a_further_name_gives_back_work_on_the_author_s_texts_and_leaves_an_event() -> None:
    upload("Marit Berg")
    marit, *_ = people = [account("marit"), *make_labelers(6)]
    deal_study(study_of_everything(*people))
    assert Assignment.objects.live().of(marit).exists()
    give_name(marit.user, "Marit Berg")
    assert not Assignment.objects.live().of(marit).exists()
    assert Event.objects.filter(kind=EventKind.NAME_CLAIMED, account=marit.user).count() == 1


def test_a_further_name_that_is_another_account_s_is_refused() -> None:
    marit, ola = account("marit"), account("ola")
    give_name(ola.user, "Ola Nord")
    for taken in ("OLA", "ola  nord"):
        with pytest.raises(Refused, match="is or was a name of the account “ola”"):
            give_name(marit.user, taken)
    with pytest.raises(Refused, match="cannot be a name"):
        give_name(marit.user, " \u200b ")
    assert labeler_named("ola nord") == ola


def test_an_account_is_renamed_by_any_of_its_names_or_refused_in_a_sentence() -> None:
    account("marit")
    labeler_named("Ola Nord")
    call_command("renameuser", "MARIT", "marit.k")
    assert User.objects.get().username == "marit.k"
    for name, username, reason in (
        ("nobody", "ola", "Nobody here is called “nobody”"),
        ("ola nord", "ola", "“ola nord” has no account"),
        ("marit", "two words", "Enter a valid username"),
    ):
        with pytest.raises(CommandError, match=reason):
            call_command("renameuser", name, username)


def test_the_claim_is_an_event_and_the_command_says_it() -> None:
    upload("Marit")
    said = io.StringIO()
    call_command("createuser", "marit", stdout=said)
    assert "Texts that were uploaded under this name are the account's now: 1." in said.getvalue()
    event = Event.objects.get(kind=EventKind.NAME_CLAIMED)
    assert (event.account, event.value) == (User.objects.get(username="marit"), 1)


def test_a_claimed_author_keeps_the_pseudonym_of_their_rows() -> None:
    pseudonym = labeler_named("Marit").pseudonym
    assert account("marit").pseudonym == pseudonym


def test_a_researcher_who_wrote_texts_claims_them_too() -> None:
    passage = upload("Marit")
    assert has_met(account("marit", Role.RESEARCHER), passage)


def test_a_renamed_account_claims_the_author_of_its_new_name_and_gives_back_their_texts() -> None:
    study = make_study(1, labelers=6)
    passage = study.study_questions.get().question.passage
    ola = study.labelers.all()[0]
    assert ola.user is not None
    (assignment,) = Assignment.objects.filter(labeler=ola)
    open_assignment(assignment)
    Exposure.objects.create(
        labeler=labeler_named("Marit"), passage=passage, text_digest=passage.text_digest, activity=Activity.ANSWERING
    )
    other = upload("Marit", "Another text.")
    rename_account(ola.user, "marit")
    assignment.refresh_from_db()
    assert (assignment.state, assignment.release_reason) == (AssignmentState.RELEASED, ReleaseReason.SEEN_BEFORE)
    assert has_met(ola, other)
    assert ola.exposures.get(passage=passage).activity == Activity.ANSWERING
    assert not Labeler.objects.filter(outside_name="Marit").exists()
    assert set(Answer.objects.filter(question__passage=other, kind="Human").values_list("author", flat=True)) == {
        ola.pk
    }


def test_the_upload_says_whose_texts_wait_for_an_account(tmp_path: Path, capsys: Any) -> None:
    account("ola")
    (tmp_path / "rows.jsonl").write_text('{"text": "T", "author": "Marit"}\n{"text": "U", "author": "ola"}\n')
    call_command("add_passages", str(tmp_path / "rows.jsonl"))
    assert "No account yet: Marit. An account of that name" in capsys.readouterr().out


def test_staff_see_which_texts_wait_for_an_account(client: Client) -> None:
    passage = upload("Marit")
    client.force_login(make_user("ada", Role.ADMIN))
    page = client.get(f"/passages/{passage.pk}/").content.decode()
    assert "questions by <bdi>Marit</bdi> (no account yet)" in page
    account("marit")
    page = client.get(f"/passages/{passage.pk}/").content.decode()
    assert "questions by <bdi>marit</bdi><" in page
    assert "no account yet" not in page


def test_the_admin_who_makes_the_account_is_told_what_it_claims_or_why_it_cannot_be(client: Client) -> None:
    upload("Marit")
    client.force_login(make_user("ada", Role.ADMIN))
    page = client.post("/people/new/", {"username": "marit", "role": "labeler"}, follow=True).content.decode()
    assert "uploaded under this name are the account&#x27;s now: 1." in page
    refused = client.post("/people/new/", {"username": "MARIT", "role": "labeler"})
    assert refused.status_code == 422
    assert "is or was a name of the account “marit”" in refused.content.decode()


# -- or is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["Marit", "MARIT", "\uff4darit"])
def test_no_second_account_of_the_same_name(written: str) -> None:
    account("marit")
    with pytest.raises(CommandError, match="marit"):
        call_command("createuser", written)
    assert User.objects.count() == 1


def test_no_account_of_a_name_that_another_had_before() -> None:
    marit = account("marit")
    assert marit.user is not None
    rename_account(marit.user, "marit.k")
    with pytest.raises(Refused, match=r"“Marit” is or was a name of the account “marit\.k”"):
        account("Marit")
    ola = account("ola").user
    assert ola is not None
    with pytest.raises(Refused, match="is or was a name"):
        rename_account(ola, "marit")


def test_an_author_whose_name_shows_nothing_is_refused() -> None:
    with pytest.raises(UploadProblems, match=r"rows\.jsonl:1: author: '\\u200b' cannot be a name"):
        upload("\u200b")


def test_the_database_keeps_names_apart() -> None:
    marit = account("marit")
    outside = labeler_named("Ola")
    for write in (
        lambda: User.objects.create_user("MARIT"),
        lambda: User.objects.create_user("ola"),
        lambda: Labeler.objects.create(outside_name="Marit"),
        lambda: Labeler.objects.create(outside_name="ola "),
        lambda: PersonName.objects.create(key="marit", labeler=outside),
        lambda: PersonName.objects.create(key="both", labeler=outside, user=marit.user),
        lambda: PersonName.objects.create(key="nobody"),
        lambda: PersonName.objects.create(key="", user=marit.user),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()
    assert User.objects.count() == 1
    assert Labeler.objects.count() == 2


def test_a_name_is_told_by_its_letters() -> None:
    assert {name_key(way) for way in WAYS} == {"marit"}
    assert name_key("Stra\u00dfe  Nord") == name_key("STRASSE nord") == "strasse nord"
    assert name_key("Jose\u0301") == name_key("jos\u00e9")
    assert name_key("marit") != name_key("m\u00e4rit")


# -- exporting and forgetting go by it ------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["marit", "Marit", "ole"])
def test_a_person_s_data_is_found_by_each_of_their_names(asked: str) -> None:
    upload(" Marit")
    marit = account("marit")
    assert marit.user is not None
    rename_account(marit.user, "ole")
    record = person_record(asked)
    assert [one["answer"] for one in record["answers"]] == ["At nine.", "At ten."]
    assert (record["account"]["username"], record["names"]) == ("ole", ["marit", "ole"])


def test_who_is_forgotten_leaves_none_of_their_names() -> None:
    upload(" Marit")
    marit = account("marit")
    assert marit.user is not None
    rename_account(marit.user, "ole")
    upload("OLE", "Another text.")
    AccessAttempt.objects.create(username="MARIT", failures_since_start=1)
    before = list(dataset_records("assistance"))
    call_command("anonymise_person", "Marit", "--no-input")
    assert [
        *names_everywhere("arit"),
        *names_everywhere("ARIT"),
        *names_everywhere("ole"),
        *names_everywhere("OLE"),
    ] == []
    assert list(dataset_records("assistance")) == before
    assert account("marit").pk != marit.pk


# -- databases of older versions ------------------------------------------------------------------------

migration: Any = import_module("labeling.migrations.0019_claim_names")


def older_labeler(name: str, *passages: Passage) -> Labeler:
    """An author as an older version kept them, whoever else went by the name."""
    (labeler,) = Labeler.objects.bulk_create([Labeler(outside_name=name)])
    for passage in passages:
        expose(labeler, passage, Activity.ANSWERING)
        passage.author = labeler
        passage.save()
    return labeler


def test_names_of_an_older_database_are_claimed() -> None:
    first, second, third = (Passage.objects.create(text=f"Text {number}.") for number in range(3))
    marit, ola, twin = User.objects.bulk_create([User(username=name) for name in ("marit", "ola", "Marit")])
    own = Labeler.objects.create(user=marit)
    expose(own, first, Activity.CRITIQUING)
    older_labeler("MARIT ", first, second)
    waiting = older_labeler("Ola", third)
    older_labeler("Somebody Else", second)
    older_labeler("somebody else", third)
    migration.forwards(apps, None)
    assert set(own.exposures.values_list("passage", "activity")) == {(first.pk, "answering"), (second.pk, "answering")}
    assert Passage.objects.get(pk=first.pk).author == own
    assert Labeler.objects.get(user=ola).pk == waiting.pk
    assert labeler_named("SOMEBODY ELSE").exposures.count() == 2
    assert Labeler.objects.count() == 3
    assert sorted(PersonName.objects.values_list("key", flat=True)) == ["marit", "ola", "somebody else"]
    assert set(Event.objects.filter(kind=EventKind.NAME_CLAIMED).values_list("account__username", "value")) == {
        ("marit", 2),
        ("ola", 1),
    }
    twin.save()
    assert person_record("Marit")["account"]["username"] == "Marit"
