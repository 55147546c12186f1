"""Refining answers: with a critique or without, what is refused, and what leaves the site."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from labeling.actions import refining
from labeling.enums import Activity, CritiqueOrigin, EventKind
from labeling.exchange.kinds import dataset_records
from labeling.models import Answer, Assignment, Critique, Event, Refinement
from labeling.refusals import Forbidden, Gone, Refused, Stale
from tests.factories import make_bundle, make_labelers
from tests.sittings import asked, make_passage, sitting_for

pytestmark = pytest.mark.django_db
ANSWER = "The mill\r\nburned in 1882."


def begun(*answers: str, suggested: bool = False, **options: Any) -> Assignment:
    passage = make_passage()
    question = asked(passage, "What happened to the mill?", answers or (ANSWER,))
    if suggested:
        for answer in question.answers.all():
            make_bundle(answer)
    return sitting_for(Activity.REFINING, passage, options=options)


def rows_of(work: Assignment) -> list[Refinement]:
    return refining.refinements_of(refining.prepare(work))


def refine(work: Assignment, row: Refinement, text: str, *, is_kept: bool = False) -> Refinement:
    return refining.refine(labeler=work.labeler, row=row, base_revision=row.revision, text=text, is_kept=is_kept)


def submit(work: Assignment, **options: Any) -> Any:
    return refining.submit(labeler=work.labeler, assignment=work, **options)


def test_a_direct_refinement_begins_as_the_answer_and_shows_no_critique() -> None:
    (row,) = rows_of(begun(suggested=True))
    assert (row.text, row.critique, row.method) == (ANSWER, None, "direct")


def test_a_conditional_refinement_shows_the_most_helpful_suggestion() -> None:
    (row,) = rows_of(begun(suggested=True, conditional=True))
    assert row.critique is not None
    assert row.critique.text == "The year is wrong: it was 1872."
    assert row.method == "conditional"


def test_no_draft_and_no_hidden_flaw_is_shown_as_a_critique() -> None:
    work = begun(conditional=True)
    answer = Answer.objects.get()
    Critique.objects.create(answer=answer, text="Hidden on purpose.", origin=CritiqueOrigin.INTENDED)
    Critique.objects.create(answer=answer, text="A draft.", origin=CritiqueOrigin.LABELER)
    assert refining.critique_to_show(answer, work.slot.study) is None
    assert rows_of(work) == []
    with pytest.raises(Gone, match="nothing to refine"):
        submit(work)


def test_an_answer_is_edited_or_said_to_be_best_left_as_it_is() -> None:
    work = begun()
    (row,) = rows_of(work)
    with pytest.raises(Refused, match="still as it was"):
        submit(work)
    row = refine(work, row, "The mill burned in 1872.", is_kept=True)
    with pytest.raises(Refused, match="yet you edited it"):
        submit(work)
    refine(work, row, ANSWER, is_kept=True)
    submit(work)


def test_a_submitted_refinement_leaves_with_its_critique_once() -> None:
    work = begun(suggested=True, conditional=True)
    (row,) = rows_of(work)
    refine(work, row, "The mill burned in 1872.")
    assert list(dataset_records("refinements")) == []
    assert submit(work) == submit(work)
    assert Event.objects.filter(assignment=work, kind=EventKind.SUBMITTED).count() == 1
    (record,) = dataset_records("refinements")
    assert record["labeler"] == work.labeler.pseudonym
    data = record["data"]
    assert (data["answer"], data["critique"], data["refinement"]) == (
        ANSWER,
        "The year is wrong: it was 1872.",
        "The mill burned in 1872.",
    )
    with pytest.raises(Gone):
        refine(work, row, "Later")


def test_an_unedited_answer_keeps_its_line_ends_through_the_form() -> None:
    work = begun()
    address = f"{work.get_absolute_url()}parts/{rows_of(work)[0].client_key}/"
    client = Client()
    client.force_login(work.labeler.user)
    client.post(address, {"base_revision": 0, "text": ANSWER, "is_kept": "1"})
    row = Refinement.objects.get()
    assert (row.text, row.is_kept) == (ANSWER, True)


def test_a_page_that_has_not_seen_the_latest_save_is_refused() -> None:
    work = begun()
    (row,) = rows_of(work)
    refine(work, row, "The mill burned in 1872.")
    with pytest.raises(Stale):
        refining.refine(labeler=work.labeler, row=row, base_revision=0, text="Old", is_kept=False)
    with pytest.raises(Stale):
        submit(work, seen={uuid.UUID(int=row.pk): 0})


def test_nobody_else_may_refine_it_and_the_page_names_no_model() -> None:
    work = begun(suggested=True, conditional=True)
    (row,) = rows_of(work)
    stranger = make_labelers(1, prefix="stranger")[0]
    with pytest.raises(Forbidden):
        refining.refine(labeler=stranger, row=row, base_revision=0, text="", is_kept=False)
    client = Client()
    client.force_login(stranger.user)
    assert client.get(work.get_absolute_url()).status_code == 404
    client.force_login(work.labeler.user)
    page = client.get(work.get_absolute_url()).content.decode()
    for secret in ("tests/tiny", "Model", "0.92", "suggest", "temperature"):
        assert secret not in page
