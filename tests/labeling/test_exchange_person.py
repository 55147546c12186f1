"""A person can have their data, and can be forgotten while their work stays."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models
from rest_framework.authtoken.models import Token

from labeling.actions.names import labeler_named
from labeling.enums import AnswerKind
from labeling.exchange.kinds import dataset_records
from labeling.exchange.person import person_record
from labeling.models import Assignment, Critique, Event, Exposure, Labeler, Sitting, Study, User
from tests.labeling.own_study import hand_in, opened, question_with_answers, started_study, write_critique

pytestmark = pytest.mark.django_db
MODEL = AnswerKind.MODEL


@pytest.fixture
def study() -> Study:
    return started_study([question_with_answers(*AnswerKind)], name="study")


def user_of(assignment: Assignment) -> User:
    user = assignment.labeler.user
    assert user is not None
    return user


def test_a_person_gets_all_they_wrote_drafts_and_removals_included(study: Study, tmp_path: Path) -> None:
    assignment = opened(study, MODEL, assisted=False)
    write_critique(assignment, "a draft of mine")
    out = tmp_path / "mine.json"
    call_command("export_person", user_of(assignment).username, str(out))
    record = json.loads(out.read_text())
    (done,) = record["assignments"]
    assert done["submission"]["critiques"][0]["text"] == "a draft of mine"
    assert record["account"]["username"] == user_of(assignment).username
    assert record["pseudonym"] == assignment.labeler.pseudonym
    assert len(record["texts_met"]) == 1
    assert out.stat().st_mode & 0o077 == 0


def test_a_person_gets_nothing_of_anybody_else(study: Study, tmp_path: Path) -> None:
    write_critique(opened(study, MODEL, assisted=False), "somebody's secret")
    other = opened(study, MODEL, assisted=True)
    call_command("export_person", user_of(other).username, str(tmp_path / "mine.json"))
    assert "somebody's secret" not in (tmp_path / "mine.json").read_text()


def test_an_author_without_an_account_gets_their_answers(study: Study, tmp_path: Path) -> None:
    call_command("export_person", "the author", str(tmp_path / "mine.json"))
    record = json.loads((tmp_path / "mine.json").read_text())
    assert [one["answer"] for one in record["answers"]] == ["Human's", "Human misleading's"]
    assert record["answers"][1]["intended_critiques"] == ["It never did."]


def test_every_table_of_a_labeler_and_of_a_sitting_is_in_the_document(study: Study) -> None:
    author = Labeler.objects.get(outside_name="the author")
    sitting = Sitting.objects.create(
        study=study, activity="judging", labeler=author, passage=study.study_questions.get().question.passage
    )
    document = person_record("the author")
    about_sitting = {"draft_questions", "asked_questions", "ranked_questions", "judged_questions"}
    about_sitting |= {"comparisons", "intended_checks", "refinements"}
    in_assignments = {"critiques"}
    of_others_about_it = {"checks", "to_check"}
    tables = {one.name for one in Sitting._meta.related_objects}
    assert about_sitting < tables
    assert tables - in_assignments - of_others_about_it <= document["sittings"][0].keys()
    assert about_sitting <= document["sittings"][0].keys()
    assert document["sittings"][0]["id"] == sitting.public_id
    told = {
        "answers_written": "answers",
        "passages_asked_about": "passages_asked_about",
        "studies": "studies",
        "assignments": "assignments",
        "exposures": "texts_met",
        "sittings": "sittings",
        "consents": "consents",
        "quiz_attempts": "quizzes",
        "names": "names",
    }
    assert {one.name for one in Labeler._meta.related_objects} == told.keys()
    assert set(told.values()) <= document.keys()


def names_everywhere(name: str) -> list[str]:
    """Every text column of every table that holds the name."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            if (
                isinstance(field, models.CharField | models.TextField)
                and model._default_manager.filter(**{f"{field.attname}__contains": name}).exists()
            ):
                found.append(f"{model.__name__}.{field.name}")
    return found


def test_who_is_forgotten_keeps_the_pseudonym_and_nothing_else(study: Study) -> None:
    assignment = opened(study, MODEL, assisted=False)
    write_critique(assignment, "handed in")
    hand_in(assignment)
    user = user_of(assignment)
    Token.objects.create(user=user)
    before = list(dataset_records("assistance"))
    call_command("anonymise_person", user.username, "--no-input")
    assert list(dataset_records("assistance")) == before
    assert names_everywhere(user.username) == []
    assert not Token.objects.exists()
    assert not Event.objects.filter(actor__username=user.username).exists()
    assert Exposure.objects.filter(labeler__imported_id=before[0]["labels"][0]["labeler"]).exists()


def test_unfinished_work_of_who_is_forgotten_goes_back_and_its_drafts_go(study: Study) -> None:
    assignment = opened(study, MODEL, assisted=False)
    write_critique(assignment, "a draft")
    call_command("anonymise_person", user_of(assignment).username, "--no-input")
    assert not assignment.slot.assignments.live().exists()
    assert not Critique.objects.filter(text="a draft").exists()
    assert not study.labelers.filter(pk=assignment.labeler.pk).exists()


def test_an_author_without_an_account_can_be_forgotten(study: Study) -> None:
    hand_in(opened(study, MODEL, assisted=False), rating=7)
    before = list(dataset_records("assistance"))
    call_command("anonymise_person", "the author", "--no-input")
    assert list(dataset_records("assistance")) == before
    assert names_everywhere("the author") == []


def test_forgetting_is_asked_about_first(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("anonymise_person", "the author")
    assert labeler_named("the author") == Labeler.objects.get(outside_name="the author")


def test_forgetting_is_refused_in_a_sentence_where_nobody_answers(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(CommandError, match="Nothing was changed: nobody answered"):
        call_command("anonymise_person", "the author")
    assert labeler_named("the author") == Labeler.objects.get(outside_name="the author")


@pytest.mark.parametrize("command", [("export_person", "nobody", "out.json"), ("anonymise_person", "nobody")])
def test_nobody_of_that_name_is_a_clear_error(command: Any) -> None:
    with pytest.raises(CommandError, match="Nobody here is called “nobody”"):
        call_command(*command)
