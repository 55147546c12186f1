"""Ranking, rating, critiquing and refining: the chain, what is refused, and what leaves the site."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from findings import jsonl
from labeling.actions import demonstrating
from labeling.actions.opening import open_next
from labeling.enums import Activity, AssignmentState, EventKind, QuoteOf
from labeling.exchange.kinds import dataset_records, import_dataset
from labeling.models import Assignment, ChainLink, Event, RankedAnswer, Sitting
from labeling.refusals import Forbidden, Gone, NeedsConfirmation, Refused, Stale
from labeling.rules.quoting import Span
from tests.factories import make_labelers
from tests.sittings import asked, make_passage, round_of, sitting_for

pytestmark = pytest.mark.django_db
PASSAGE = "The mill 😀 burned\r\nin 1872. It was rebuilt in stone."
BAD, GOOD, EMPTY = "The mill burned in 1882.", "The mill burned in 1872 and was rebuilt in stone.", "No answer"
CRITIQUE: dict[str, Any] = {
    "text": "It is wrong.",
    "category": "accuracy",
    "category_text": "",
    "severity": 3,
    "quotes": {},
}
RATED: dict[str, Any] = {"tier": 0, "rating": 7, "is_skipped": False, "skip_reason": "", "corroborations": []}


def begun(*answers: str, **options: Any) -> Assignment:
    passage = make_passage(PASSAGE)
    asked(passage, "What happened to the mill?", answers or (BAD, GOOD, EMPTY))
    return sitting_for(Activity.DEMONSTRATING, passage, options=options)


def rows_of(work: Assignment) -> list[RankedAnswer]:
    return demonstrating.ranked_answers(demonstrating.prepare(work))


def row_of(work: Assignment, text: str) -> RankedAnswer:
    return next(row for row in rows_of(work) if row.answer.text == text)


def rate(work: Assignment, row: RankedAnswer, **content: Any) -> RankedAnswer:
    row.refresh_from_db()
    return demonstrating.rate(labeler=work.labeler, row=row, base_revision=row.revision, **RATED | content)


def change(work: Assignment, link: ChainLink, refinement: str | None, **content: Any) -> ChainLink:
    return demonstrating.change_link(
        labeler=work.labeler,
        link=link,
        base_revision=link.revision,
        **CRITIQUE | {"refinement": refinement} | content,
    )


def criticise(work: Assignment, row: RankedAnswer, refinement: str | None, **content: Any) -> ChainLink:
    link = demonstrating.add_link(labeler=work.labeler, row=row, client_key=uuid.uuid4())
    return change(work, link, refinement, **content)


def submit(work: Assignment, **options: Any) -> Sitting:
    return demonstrating.submit(labeler=work.labeler, assignment=work, **options)


def finished(work: Assignment) -> dict[str, RankedAnswer]:
    """All rated, the bad ones criticised."""
    rows = {row.answer.text: row for row in rows_of(work)}
    rate(work, rows[GOOD], corroborations=["It was rebuilt in stone."])
    rate(work, rows[BAD], tier=2, rating=4)
    rate(work, rows[EMPTY], tier=2, rating=1)
    for text in (BAD, EMPTY):
        criticise(work, rows[text], "The mill burned in 1872.")
    return rows


def test_different_answers_are_shown_once_each_in_an_order_of_the_labelers_own() -> None:
    passage = make_passage(PASSAGE)
    texts = [f"Answer {number}" for number in range(8)]
    asked(passage, "What happened?", [*texts, *texts])
    people = make_labelers(6)
    round_of(Activity.DEMONSTRATING, [passage], options={"answers_each": 5}, each=6, labelers=people)
    orders = []
    for person in people:
        work = open_next(person)
        assert work is not None
        orders.append(tuple(row.answer.text for row in rows_of(work)))
        assert tuple(row.answer.text for row in rows_of(work)) == orders[-1]
    assert {len(set(order)) for order in orders} == {5}
    assert len({frozenset(order) for order in orders}) == 1
    assert len(set(orders)) > 1


def test_only_answers_of_the_model_that_the_study_names_are_shown() -> None:
    work = begun(model="another/model")
    assert rows_of(work) == []
    with pytest.raises(Gone, match="no answers"):
        submit(work)


def test_each_critique_of_a_chain_is_about_the_refinement_before_it() -> None:
    work = begun()
    row = row_of(work, BAD)
    first = criticise(work, row, "The mill burned in 1872.", quotes={QuoteOf.RESPONSE: [Span(19, 23)]})
    second = criticise(work, row, "The mill burned in 1872 and was rebuilt.")
    assert demonstrating.text_before(first) == BAD
    assert demonstrating.text_before(second) == "The mill burned in 1872."


def test_a_quote_lies_in_the_text_that_its_critique_is_about() -> None:
    work = begun()
    row = row_of(work, EMPTY)
    criticise(work, row, "Yes")
    link = demonstrating.add_link(labeler=work.labeler, row=row, client_key=uuid.uuid4())
    with pytest.raises(Refused, match="does not lie"):
        change(work, link, "It burned", quotes={QuoteOf.RESPONSE: [Span(0, 9)]})
    with pytest.raises(Refused, match="cuts a character"):
        change(work, link, "It burned", quotes={QuoteOf.PASSAGE: [Span(0, 10)]})
    link.refresh_from_db()
    assert (link.refinement, link.revision) == ("Yes", 0)


def test_a_refinement_that_a_later_critique_is_about_stays_as_it_is() -> None:
    work = begun()
    row = row_of(work, EMPTY)
    first = criticise(work, row, "It burned.")
    second = criticise(work, row, "It burned in 1872.")
    with pytest.raises(Refused, match="later critique"):
        change(work, first, "Other")
    first = change(work, first, None, text="Reworded.", severity=4)
    assert (first.critique.text, first.refinement) == ("Reworded.", "It burned.")
    with pytest.raises(Refused, match="Remove that one first"):
        demonstrating.remove_link(labeler=work.labeler, link=first)
    demonstrating.remove_link(labeler=work.labeler, link=second)
    demonstrating.remove_link(labeler=work.labeler, link=first)
    assert not row.chain.exists()


def test_the_next_critique_waits_until_the_answer_was_edited() -> None:
    work = begun()
    row = row_of(work, EMPTY)
    criticise(work, row, None)
    with pytest.raises(Refused, match="First edit the answer"):
        criticise(work, row, "Anything")


@pytest.mark.parametrize(
    ("lacking", "reason"),
    [
        ({"tier": None}, "needs its place"),
        ({"rating": None}, "needs a rating"),
        ({"rating": 6}, "write at least one critique"),
    ],
)
def test_what_is_missing_about_an_answer_is_said(lacking: dict[str, Any], reason: str) -> None:
    work = begun()
    rate(work, finished(work)[GOOD], **lacking)
    with pytest.raises(Refused, match=reason):
        submit(work)


@pytest.mark.parametrize(
    ("lacking", "reason"),
    [
        ({"text": " "}, "no text"),
        ({"category": ""}, "needs a category"),
        ({"category": "other"}, "say in a few words"),
        ({"severity": None}, "needs a severity"),
        ({"refinement": None}, "is not addressed yet"),
    ],
)
def test_what_is_missing_about_a_critique_is_said(lacking: dict[str, Any], reason: str) -> None:
    work = begun(BAD)
    row = rate(work, rows_of(work)[0], rating=4)
    criticise(work, row, **{"refinement": "The mill burned in 1872."} | lacking)
    with pytest.raises(Refused, match=f"Critique 1 of answer 1 .*{reason}"):
        submit(work)


def test_any_answer_but_the_first_of_a_question_may_be_skipped_with_a_reason() -> None:
    work = begun()
    rows = rows_of(work)
    with pytest.raises(Refused, match="first answer"):
        rate(work, rows[0], is_skipped=True, skip_reason="no time")
    for row in rows:
        rate(work, row, rating=5 if row.position else 7, is_skipped=row.position > 0)
    with pytest.raises(Refused, match="say why"):
        submit(work)
    for row in rows[1:]:
        rate(work, row, rating=5, is_skipped=True, skip_reason="Like the one before.")
    link = criticise(work, rows[1], "Better.")
    with pytest.raises(Refused, match="yet has critiques"):
        submit(work)
    demonstrating.remove_link(labeler=work.labeler, link=link)
    submit(work)
    feedback = [one["feedback"] for one in next(dataset_records("critiques"))["data"]["questions"][0]["answers"]]
    assert [(one["skip"], one["critiques"]) for one in feedback] == [(False, []), (True, None), (True, None)]


def test_a_perfect_answer_with_critiques_is_asked_about_once() -> None:
    work = begun(BAD)
    criticise(work, rate(work, rows_of(work)[0]), "The mill burned in 1872.")
    with pytest.raises(NeedsConfirmation):
        submit(work)
    submit(work, confirmed=True)


def test_submitting_again_answers_with_the_first_and_nothing_can_be_changed() -> None:
    work = begun()
    rows = finished(work)
    assert submit(work) == submit(work)
    assert Event.objects.filter(assignment=work, kind=EventKind.SUBMITTED).count() == 1
    work.refresh_from_db()
    assert work.state == AssignmentState.SUBMITTED
    with pytest.raises(Gone):
        rate(work, rows[BAD], tier=0)
    with pytest.raises(Gone):
        criticise(work, rows[BAD], "Later")


def test_a_page_that_has_not_seen_the_latest_save_is_refused_and_told() -> None:
    work = begun()
    rows = finished(work)
    with pytest.raises(Stale):
        demonstrating.rate(labeler=work.labeler, row=rows[BAD], base_revision=0, **RATED)
    seen = {one.client_key: one.revision for one in rows_of(work)}
    with pytest.raises(Stale):
        submit(work, seen=seen)
    submit(work, seen=seen | {link.client_key: link.revision for link in ChainLink.objects.all() if link.client_key})


def test_nobody_else_may_work_on_it() -> None:
    work = begun()
    stranger = make_labelers(1, prefix="stranger")[0]
    with pytest.raises(Forbidden):
        demonstrating.add_link(labeler=stranger, row=rows_of(work)[0], client_key=uuid.uuid4())
    client = Client()
    client.force_login(stranger.user)
    assert client.get(work.get_absolute_url()).status_code == 404
    assert client.get(f"{work.get_absolute_url()}answers/1/").status_code == 404


def test_the_page_says_nothing_of_where_an_answer_comes_from() -> None:
    work = begun()
    client = Client()
    client.force_login(work.labeler.user)
    page = client.get(work.get_absolute_url()).content.decode()
    page = re.sub(r'datetime="[^"]*"', "", page)  # a moment may hold any digits, those of the temperature too
    assert BAD in page
    for secret in ("tests/tiny", "Model", "temperature", "sampled", "0.5"):
        assert secret not in page


def test_a_submitted_sitting_leaves_as_a_critiques_row_and_comes_back_the_same(tmp_path: Path) -> None:
    work = begun()
    rows = finished(work)
    criticise(
        work,
        rows[BAD],
        "The mill burned in 1872 and was rebuilt.",
        text="The rebuilding is missing.",
        category="coverage",
        quotes={QuoteOf.PASSAGE: [Span(29, 48), Span(9, 11)], QuoteOf.RESPONSE: [Span(0, 8)]},
    )
    submit(work)
    (row,) = dataset_records("critiques")
    (question,) = row["data"]["questions"]
    assert question["question"].endswith("above passage:\n\nWhat happened to the mill?")
    texts = [one["answer"] for one in question["answers"]]
    assert dict(zip(texts, question["rankings"], strict=True)) == {BAD: 2, GOOD: 0, EMPTY: 2}
    feedback = {one["answer"]: one["feedback"] for one in question["answers"]}
    assert feedback[GOOD]["corroborations"] == [{"text": "It was rebuilt in stone."}]
    common = {"severity": 3, "category_text": ""}
    assert feedback[BAD] == {
        "rating": 4,
        "skip_critiques": False,
        "skip": False,
        "corroborations": [],
        "critiques": [
            common
            | {
                "text": "It is wrong.",
                "category": "accuracy",
                "refinement": "The mill burned in 1872.",
                "text_quotes": [],
                "response_quotes": [],
            },
            common
            | {
                "text": "The rebuilding is missing.",
                "category": "coverage",
                "refinement": "The mill burned in 1872 and was rebuilt.",
                "text_quotes": [{"begin": 29, "end": 48}, {"begin": 9, "end": 11}],
                "response_quotes": [{"begin": 0, "end": 8}],
            },
        ],
    }
    path = tmp_path / "critiques.jsonl"
    jsonl.write(path, [row])
    study = import_dataset("critiques", path).study
    assert list(dataset_records("critiques", study=study.name)) == [row]
