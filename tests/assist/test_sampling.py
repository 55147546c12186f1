"""Sampling for a round: what is stored, at which temperatures, and that asking twice does nothing."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from assist.critics import open_critic
from labeling.enums import Activity, AnswerKind, Provenance
from labeling.models import Answer, AssistanceBundle, Question, Refinement, Study
from tests.factories import make_bundle
from tests.sittings import asked, make_passage, round_of

pytestmark = pytest.mark.django_db
TEXT = "Mara Quill rebuilt the burned mill in stone within two years, and it stands today by the river."


def run(command: str, **options: Any) -> str:
    out = StringIO()
    call_command(command, critic="reports", stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def questions() -> list[Question]:
    passage = make_passage(TEXT)
    made = [asked(passage, f"Question {number}?", []) for number in range(12)]
    round_of(Activity.DEMONSTRATING, [passage], name="A round")
    return made


def test_each_question_gets_n_answers_that_name_their_model(questions: list[Question]) -> None:
    assert "Stored 36 answers; 0 were there already." in run("sample_answers", study="A round", n=3, seed=7)
    answers = Answer.objects.all()
    assert {answer.question_id for answer in answers} == {question.pk for question in questions}
    revision = open_critic("reports").identity.revision
    assert {(a.kind, a.provenance, a.model_name, a.model_revision, a.seed, a.author) for a in answers} == {
        (AnswerKind.MODEL, Provenance.SAMPLED, "tests/scripted", revision, 7, None)
    }
    assert answers[0].text == "Mara Quill rebuilt the burned mill in stone within two years, and"


def test_temperatures_are_drawn_from_the_eleven_of_the_paper(questions: list[Question]) -> None:
    run("sample_answers", study="A round", n=9)
    drawn = list(Answer.objects.values_list("temperature", flat=True))
    assert set(drawn) == {step / 10 for step in range(11)}
    # 108 draws, 9.8 of each expected: one that is far more or less likely than the others would show.
    assert max(drawn.count(step / 10) for step in range(11)) < 25


def test_asking_again_does_nothing_and_asking_for_more_adds_only_what_is_missing(questions: list[Question]) -> None:
    run("sample_answers", study="A round", n=2)
    before = list(Answer.objects.order_by("pk").values())
    assert "Stored 0 answers; 24 were there already." in run("sample_answers", study="A round", n=2)
    assert list(Answer.objects.order_by("pk").values()) == before
    assert "Stored 12 answers; 24 were there already." in run("sample_answers", study="A round", n=3)
    more = sorted(Answer.objects.values_list("question", "temperature"))
    Answer.objects.all().delete()
    run("sample_answers", study="A round", n=3)
    assert sorted(Answer.objects.values_list("question", "temperature")) == more


def test_questions_can_be_named_and_unknown_ones_are_told(questions: list[Question]) -> None:
    run("sample_answers", questions=[questions[0].pk], temperature=0.5)
    assert Answer.objects.get().temperature == 0.5
    with pytest.raises(CommandError, match="no questions with these ids: 999999"):
        run("sample_answers", questions=[questions[0].pk, 999999])
    with pytest.raises(CommandError, match="no study named “Another”"):
        run("sample_answers", study="Another")


def test_a_model_that_the_site_lacks_is_told() -> None:
    make_passage()
    question = asked(make_passage("Another text."), "What?", [])
    with pytest.raises(CommandError, match="no critic named “nobody”"):
        call_command("sample_answers", critic="nobody", questions=[question.pk])


def test_a_model_refines_its_own_answers_directly_and_in_the_light_of_a_critique(questions: list[Question]) -> None:
    with pytest.raises(CommandError, match="nothing to refine"):
        run("sample_refinements", study="A round")
    run("sample_answers", study="A round")
    assert "Stored 24 refinements" in run("sample_refinements", study="A round", n=2)
    direct = Refinement.objects.all()
    assert {(one.method, one.temperature, one.text == one.answer.text + ".") for one in direct} == {
        ("direct", 0.5, True)
    }
    with pytest.raises(CommandError, match="or none with a critique"):
        run("sample_refinements", study="A round", conditional=True)
    make_bundle(Answer.objects.order_by("pk")[0])
    assert "Stored 1 refinements" in run("sample_refinements", study="A round", conditional=True)
    conditional = Refinement.objects.get(critique__isnull=False)
    assert conditional.critique is not None
    assert conditional.critique.text == "The year is wrong: it was 1872."
    assert "Stored 0 refinements; 1 were there already." in run("sample_refinements", study="A round", conditional=True)


def test_a_model_critiques_the_answers_of_a_round_and_its_judges_are_asked(questions: list[Question]) -> None:
    with pytest.raises(CommandError, match="nothing to critique"):
        run("sample_critiques", study="A round")
    run("sample_answers", study="A round")
    assert "Stored 12 bundles of critiques; 0 were there already." in run("sample_critiques", study="A round")
    study = Study.objects.get()
    assert not study.answers_to_judge.exists(), "this round has no judges"
    study.activities.create(activity=Activity.JUDGING, labelers_each=2)
    said = run("sample_critiques", study="A round")
    assert "Stored 0 bundles of critiques; 12 were there already." in said
    assert "asked about 12 more answers" in said
    assert study.slots.filter(activity=Activity.JUDGING).count() == 2, "one passage, two judges"
    for bundle in AssistanceBundle.objects.all():
        to_judge = study.answers_to_judge.get(answer=bundle.answer)
        asked_about = [row.critique for row in to_judge.critiques.order_by("position")]
        assert asked_about == [suggestion.critique for suggestion in bundle.released()]
