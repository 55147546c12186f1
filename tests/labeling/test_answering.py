"""Writing questions and answers: what becomes of a draft, what is refused, who may touch it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from labeling.actions import answering
from labeling.actions.sittings import note_active_time
from labeling.actions.studies import create_study, questions_to_choose
from labeling.enums import Activity, AnswerKind, AssignmentState, EventKind
from labeling.exchange.kinds import dataset_records
from labeling.models import Answer, Assignment, DraftQuestion, Event, Exposure, IntendedCritique, Question, Sitting
from labeling.refusals import Forbidden, Gone, Refused, Stale
from tests.factories import make_labelers, make_user
from tests.sittings import make_passage, sitting_for

pytestmark = pytest.mark.django_db
MISLEADING = {"misleading": True}


def begun(**options: Any) -> Assignment:
    return sitting_for(Activity.ANSWERING, make_passage(), options=options)


def write(work: Assignment, **content: Any) -> DraftQuestion:
    draft = answering.add_question(labeler=work.labeler, assignment=work, client_key=uuid.uuid4())
    whole = {"text": "What burned?", "is_covered": True, "answer": "The mill, in 1872.", "misleading": ""} | content
    return answering.change_question(labeler=work.labeler, draft=draft, base_revision=draft.revision, **whole)


def hide(work: Assignment, draft: DraftQuestion, **content: Any) -> None:
    flaw = answering.add_intended(labeler=work.labeler, draft=draft, client_key=uuid.uuid4())
    whole = {"text": "It was 1872.", "category": "accuracy", "category_text": "", "severity": 3} | content
    answering.change_intended(labeler=work.labeler, intended=flaw, base_revision=0, **whole)


def submit(work: Assignment, **options: Any) -> None:
    answering.submit(labeler=work.labeler, assignment=work, **options)


def test_a_submitted_draft_becomes_questions_and_honest_answers_of_its_author() -> None:
    work = begun()
    write(work)
    write(work, text="Who was hurt?", is_covered=False, answer="typed, then the box was ticked")
    submit(work)
    stored = [(q.index, q.text, q.covered, q.answers.get().text) for q in Question.objects.order_by("index")]
    assert stored == [
        (0, "What burned?", True, "The mill, in 1872."),
        (1, "Who was hurt?", False, "No answer"),
    ]
    assert {(a.kind, a.author, a.provenance) for a in Answer.objects.all()} == {
        (AnswerKind.HUMAN, work.labeler, "written")
    }
    assert not DraftQuestion.objects.exists()
    work.refresh_from_db()
    assert work.state == AssignmentState.SUBMITTED
    work.slot.passage.refresh_from_db()
    assert work.slot.passage.author == work.labeler


def test_no_question_exists_for_any_study_before_it_is_submitted() -> None:
    work = begun()
    write(work)
    other = create_study(name="An experiment", conditions=[(AnswerKind.HUMAN, False)])
    assert not questions_to_choose(other).exists()
    submit(work)
    assert [question.text for question in questions_to_choose(other)] == ["What burned?"]


def test_a_misleading_answer_comes_with_the_flaws_it_hides() -> None:
    work = begun(**MISLEADING)
    draft = write(work, misleading="The mill, in 1882.")
    hide(work, draft)
    hide(work, draft, text="Nobody calls it old.", category="other", category_text="tone", severity=1)
    submit(work)
    answer = Answer.objects.get(kind=AnswerKind.HUMAN_MISLEADING)
    assert (answer.text, answer.author) == ("The mill, in 1882.", work.labeler)
    flaws = IntendedCritique.objects.filter(critique__answer=answer).order_by("position")
    assert [(f.critique.text, f.critique.origin, f.category, f.category_text, f.severity) for f in flaws] == [
        ("It was 1872.", "intended", "accuracy", "", 3),
        ("Nobody calls it old.", "intended", "other", "tone", 1),
    ]


def test_misleading_answers_are_not_asked_for_unless_the_study_says_so() -> None:
    work = begun()
    write(work, misleading="Slipped in by hand.")
    submit(work)
    assert not Answer.objects.filter(kind=AnswerKind.HUMAN_MISLEADING).exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"text": " "}, "Question 1 has no text"),
        ({"answer": ""}, "Question 1 has no honest answer"),
        ({"misleading": ""}, "Question 1 has no misleading answer"),
        ({"misleading": "The mill, in 1872."}, "are the same"),
        ({"misleading": "The mill, in 1882."}, "Say which flaw"),
    ],
)
def test_an_incomplete_question_is_refused_with_its_number(content: dict[str, Any], reason: str) -> None:
    work = begun(**MISLEADING)
    write(work, **content)
    with pytest.raises(Refused, match=reason):
        submit(work)
    assert not Question.objects.exists()


@pytest.mark.parametrize("lacking", [{"text": ""}, {"category": ""}, {"severity": None}, {"category": "other"}])
def test_a_flaw_that_lacks_something_is_refused(lacking: dict[str, Any]) -> None:
    work = begun(**MISLEADING)
    hide(work, write(work, misleading="The mill, in 1882."), **lacking)
    with pytest.raises(Refused, match="hidden flaw of question 1"):
        submit(work)


def test_an_uncovered_question_needs_no_misleading_answer() -> None:
    work = begun(**MISLEADING)
    write(work, text="Who was hurt?", is_covered=False, answer="")
    submit(work)
    assert Answer.objects.get().text == "No answer"


def test_nothing_at_all_is_refused_and_so_is_a_ninth_question() -> None:
    work = begun()
    with pytest.raises(Refused, match="at least one question"):
        submit(work)
    for _ in range(8):
        last = write(work)
    with pytest.raises(Refused, match="8 questions are the most"):
        write(work)
    answering.remove_question(labeler=work.labeler, draft=last)
    write(work)
    with pytest.raises(Refused, match="8 questions are the most"):
        answering.restore_question(labeler=work.labeler, draft=last)


def test_what_was_removed_is_not_handed_in_and_can_come_back_before() -> None:
    work = begun(**MISLEADING)
    draft = write(work, misleading="The mill, in 1882.")
    hide(work, draft)
    hide(work, draft, text="Taken out.")
    answering.remove_intended(labeler=work.labeler, intended=draft.flaws.last())  # type: ignore[arg-type]
    gone = write(work, text="Removed?")
    answering.remove_question(labeler=work.labeler, draft=gone)
    back = write(work, text="Back?", is_covered=False)
    answering.remove_question(labeler=work.labeler, draft=back)
    answering.restore_question(labeler=work.labeler, draft=back)
    submit(work)
    assert [q.text for q in Question.objects.order_by("index")] == ["What burned?", "Back?"]
    assert [i.critique.text for i in IntendedCritique.objects.all()] == ["It was 1872."]


def test_the_same_key_twice_makes_one_question() -> None:
    work = begun()
    key = uuid.uuid4()
    first, second = (answering.add_question(labeler=work.labeler, assignment=work, client_key=key) for _ in range(2))
    assert first == second


def test_a_page_that_has_not_seen_the_latest_save_is_refused_and_told() -> None:
    work = begun()
    draft = write(work)
    with pytest.raises(Stale, match="another tab"):
        answering.change_question(
            labeler=work.labeler, draft=draft, base_revision=0, text="Old", is_covered=True, answer="", misleading=""
        )
    with pytest.raises(Stale, match="look it over"):
        submit(work, seen={draft.client_key: 0})
    submit(work, seen={draft.client_key: 1})


def test_submitting_again_answers_with_the_first_and_changes_nothing() -> None:
    work = begun()
    write(work)
    submit(work)
    submit(work)
    assert Question.objects.count() == 1
    assert Event.objects.filter(assignment=work, kind=EventKind.SUBMITTED).count() == 1


def test_after_submitting_nothing_can_be_written() -> None:
    work = begun()
    draft = write(work)
    submit(work)
    with pytest.raises(Gone):
        write(work)
    with pytest.raises(Gone):
        answering.remove_question(labeler=work.labeler, draft=draft)


def test_nobody_else_may_write_in_a_draft() -> None:
    work = begun()
    draft = write(work)
    stranger = make_labelers(1, prefix="stranger")[0]
    with pytest.raises(Forbidden):
        answering.add_question(labeler=stranger, assignment=work, client_key=uuid.uuid4())
    with pytest.raises(Forbidden):
        answering.remove_question(labeler=stranger, draft=draft)
    client = Client()
    client.force_login(stranger.user)
    assert client.get(work.get_absolute_url()).status_code == 404
    assert client.get(f"{work.get_absolute_url()}questions/{draft.client_key}/").status_code == 404
    client.force_login(make_user("r", role="researcher"))  # type: ignore[arg-type]
    assert client.get(work.get_absolute_url()).status_code == 404


def test_opening_enters_the_author_in_the_ledger_as_one_who_wrote_about_the_text() -> None:
    work = begun()
    assert Exposure.objects.get(labeler=work.labeler).activity == Activity.ANSWERING


def test_a_submitted_sitting_leaves_as_a_base_row() -> None:
    work = begun(**MISLEADING)
    hide(work, write(work, misleading="The mill, in 1882."))
    write(work, text="Who was hurt?", is_covered=False)
    note_active_time(labeler=work.labeler, assignment=work, active_ms=10**9)
    assert list(dataset_records("base")) == []
    submit(work)
    sitting = Sitting.objects.get(assignment=work)
    assert list(dataset_records("base")) == [
        {
            "id": sitting.public_id,
            "split": "train",
            "time": sitting.time,
            "labeler": work.labeler.pseudonym,
            "is_topic_based_summarization": True,
            "data": {
                "passage": {"text": work.slot.passage.text, "title": "The mill"},
                "questions": [
                    {"question": "What burned?", "answer": "The mill, in 1872."},
                    {"question": "Who was hurt?", "answer": "No answer"},
                ],
            },
        }
    ]
    assert sitting.total_time_ms is not None
    assert sitting.active_time_ms <= sitting.total_time_ms


def test_two_labelers_of_one_passage_number_their_questions_on() -> None:
    passage = make_passage()
    for name in ("one", "two"):
        work = sitting_for(Activity.ANSWERING, passage, name=name)
        write(work, text=f"Asked by {name}?")
        submit(work)
    assert [(q.index, q.text) for q in passage.questions.order_by("index")] == [
        (0, "Asked by one?"),
        (1, "Asked by two?"),
    ]
