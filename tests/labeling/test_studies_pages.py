"""What admins and researchers do in the browser, without one: every button of a study's life."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from labeling.actions.critiquing import add_critique, change_critique, rate, submit
from labeling.actions.opening import open_next
from labeling.enums import AnswerKind, AssignmentState, Role, StudyState
from labeling.models import Assignment, FindingsSnapshot, Study
from tests.factories import make_labelers, make_question, make_study, make_user

pytestmark = pytest.mark.django_db

ALL_CONDITIONS = [f"{kind.value}/{assisted}" for kind in AnswerKind for assisted in (0, 1)]


def signed_in(role: Role) -> Client:
    client = Client()
    client.force_login(make_user(role.value, role), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def admin() -> Client:
    return signed_in(Role.ADMIN)


@pytest.fixture
def researcher() -> Client:
    return signed_in(Role.RESEARCHER)


def page_of(study: Study, name: str = "study") -> str:
    return reverse(f"studies:{name}", args=[study.public_id])


def submit_one(study: Study) -> Assignment:
    """Somebody finds one critique."""
    labeler = study.labelers.all()[0]
    assignment = open_next(labeler)
    assert assignment is not None
    found = add_critique(labeler=labeler, assignment=assignment, client_key="0" * 32)  # type: ignore[arg-type]
    change_critique(
        labeler=labeler,
        found=found,
        base_revision=0,
        text="It was 1872.",
        category="accuracy",
        category_text="",
        severity=3,
    )
    rate(labeler=labeler, assignment=assignment, rating=4)
    submit(labeler=labeler, assignment=assignment)
    return assignment


def test_an_admin_makes_fills_deals_opens_and_closes_a_study(admin: Client) -> None:
    make_labelers(6)
    question = make_question()
    made = admin.post(
        reverse("studies:new"),
        {
            "name": "Pilot",
            "conditions": ALL_CONDITIONS,
            "critic": "reports",
            "seed": 3,
            "idle_release_hours": 24,
            "labelers": "all",
        },
    )
    study = Study.objects.get(name="Pilot")
    assert made["Location"] == page_of(study, "questions")
    assert question.text in admin.get(page_of(study, "questions")).content.decode()
    admin.post(page_of(study, "questions"), {"questions": [question.pk]})
    assert study.slots.count() == 6
    admin.post(page_of(study, "deal"))
    assert Assignment.objects.filter(slot__study=study, state=AssignmentState.WAITING).count() == 6
    admin.post(page_of(study, "open"))
    study.refresh_from_db()
    assert study.state == StudyState.OPEN
    admin.post(page_of(study, "close"))
    study.refresh_from_db()
    assert study.state == StudyState.CLOSED


def test_the_grid_says_who_has_which_cell(researcher: Client) -> None:
    study = make_study(2)
    page = researcher.get(page_of(study)).content.decode()
    for assignment in Assignment.objects.all():
        assert str(assignment.labeler) in page
    assert "Human misleading, assisted" in page


def test_an_admin_reassigns_a_cell_to_somebody_who_has_not_met_the_text(admin: Client) -> None:
    study = make_study(1)
    slot = study.slots.all()[0]
    fresh = make_labelers(1, "fresh")[0]
    url = reverse("studies:reassign", args=[study.public_id, slot.pk])
    assert "fresh1" in admin.get(url).content.decode()
    admin.post(url, {"labeler": fresh.pk})
    assert slot.assignments.live().get().labeler == fresh
    busy = study.slots.all()[1].assignments.get().labeler
    refused = admin.post(url, {"labeler": busy.pk})
    assert "Select a valid choice" in refused.content.decode()


@pytest.mark.parametrize("name", ["deal", "open", "close"])
def test_researchers_read_but_do_not_run_studies(researcher: Client, name: str) -> None:
    study = make_study(1)
    assert researcher.get(page_of(study)).status_code == 200
    assert researcher.post(page_of(study, name)).status_code == 403
    assert researcher.get(reverse("studies:new")).status_code == 403


def test_a_study_without_a_name_or_with_a_taken_one_is_refused_at_the_field(admin: Client) -> None:
    Study.objects.create(name="Taken")
    form = {"conditions": ALL_CONDITIONS, "critic": "reports", "seed": 0, "idle_release_hours": 24}
    assert admin.post(reverse("studies:new"), form).status_code == 422
    taken = admin.post(reverse("studies:new"), form | {"name": "Taken"})
    assert taken.status_code == 422
    assert "a study named “Taken” already" in taken.content.decode()


def test_an_assisted_condition_needs_a_critic(admin: Client) -> None:
    form = {"name": "x", "conditions": ["Human/1"], "critic": "", "seed": 0, "idle_release_hours": 24}
    refused = admin.post(reverse("studies:new"), form)
    assert "needs a critic" in refused.content.decode()
    assert not Study.objects.exists()


def test_the_export_is_the_released_format_and_streams(researcher: Client) -> None:
    study = make_study(1)
    assignment = submit_one(study)
    response = researcher.get(page_of(study, "export"))
    assert response.streaming
    (row,) = [json.loads(line) for line in b"".join(response).splitlines()]  # type: ignore[arg-type]
    (label,) = row["labels"]
    assert label["labeler"] == assignment.labeler.pseudonym
    assert label["data"]["feedback"]["critiques"][0]["text"] == "It was 1872."


def test_findings_are_computed_kept_and_renewed_when_more_is_submitted(researcher: Client) -> None:
    study = make_study(3)
    at_once = researcher.get(page_of(study, "findings")).content.decode()
    assert "for the first time" in at_once
    empty = researcher.get(page_of(study, "findings"), headers={"HX-Request": "true"}).content.decode()
    assert "nothing to show" in empty
    submit_one(study)
    assert "being renewed" in researcher.get(page_of(study, "findings")).content.decode()
    shown = researcher.get(page_of(study, "findings"), headers={"HX-Request": "true"}).content.decode()
    assert "1 labels by 1 labelers" in shown
    kept = FindingsSnapshot.objects.get()
    computed_at = kept.computed_at
    researcher.get(page_of(study, "findings"), headers={"HX-Request": "true"})
    kept.refresh_from_db()
    assert kept.computed_at == computed_at
    names = {finding["name"] for finding in json.loads(kept.findings_json)["findings"]}
    assert "critiques_per_answer" in names
    file = researcher.get(reverse("studies:findings-file", args=[study.public_id, "findings"]))
    assert file.content.decode() == kept.findings_json


def test_a_study_still_being_imported_is_shown_to_nobody(researcher: Client) -> None:
    study = make_study(1)
    Study.objects.update(state=StudyState.IMPORTING)
    assert study.name not in researcher.get(reverse("studies:list")).content.decode()
    assert researcher.get(page_of(study)).status_code == 404
