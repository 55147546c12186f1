"""Our own passages come in whole or not at all, and their authors never meet them as labelers."""

from __future__ import annotations

import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from labeling.actions.exposures import texts_met
from labeling.actions.names import labeler_named
from labeling.actions.studies import add_questions, create_study, questions_to_choose
from labeling.enums import AnswerKind
from labeling.exchange.uploads import Report, UploadProblems, add_passages
from labeling.models import Answer, IntendedCritique, Labeler, Passage, Question, User
from labeling.refusals import Refused

pytestmark = pytest.mark.django_db
DOCUMENT = (Path(__file__).parents[2] / "docs" / "input-format.md").read_text()


def documented(language: str) -> str:
    """The worked example of docs/input-format.md."""
    found = re.search(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found is not None
    return found[1]


def add(*lines: Any, name: str = "rows.jsonl") -> Report:
    return add_passages(io.BytesIO(b"\n".join(json.dumps(line).encode() for line in lines)), name)


def add_csv(text: str) -> Report:
    return add_passages(io.BytesIO(text.encode()), "rows.csv")


def problems(*lines: Any) -> list[str]:
    with pytest.raises(UploadProblems) as refused:
        add(*lines)
    assert not Passage.objects.exists()
    return refused.value.lines


@pytest.mark.parametrize("form", ["json", "csv"])
def test_the_documented_example_is_loaded_as_documented(form: str) -> None:
    report = add(json.loads(documented("json"))) if form == "json" else add_csv(documented("csv"))
    assert (
        str(report) == f"Added 1 passage, 2 questions and 4 answers from rows.{'jsonl' if form == 'json' else 'csv'}."
    )
    (passage,) = report.passages
    assert (passage.public_id, passage.title) == ("ferry-2021", "The night ferry")
    assert list(passage.questions.values_list("index", "covered")) == [(0, True), (1, False)]
    intended = IntendedCritique.objects.get()
    assert (intended.critique.answer.text, intended.category, intended.severity) == ("It left at ten.", "accuracy", 4)
    model = Answer.objects.get(kind="Model")
    assert (model.model_name, model.temperature, model.author) == ("example/model-7b", 0.4, None)
    assert (
        Answer.objects.exclude(kind="Model").values_list("author__outside_name", flat=True).distinct().get() == "marit"
    )


def test_both_forms_of_the_example_say_the_same() -> None:
    add(json.loads(documented("json")))
    assert str(add_csv(documented("csv"))) == "Nothing added: all of rows.csv is here already."


def test_a_file_added_twice_adds_nothing_and_with_a_new_question_only_that() -> None:
    passage = {"text": "A text.", "author": "a", "questions": [{"question": "One?", "human_answer": "Yes."}]}
    add(passage)
    assert str(add(passage)) == "Nothing added: all of rows.jsonl is here already."
    passage["questions"] += [{"question": "Two?", "human_answer": "No."}]
    assert str(add(passage)) == "Added 0 passages, 1 question and 1 answer from rows.jsonl."
    assert list(Question.objects.values_list("index", "text")) == [(0, "One?"), (1, "Two?")]


def test_text_is_kept_exactly() -> None:
    text = "\ufeff  Edges 🧪 e\u0301\r\nand CR\r "
    add({"text": text, "title": ""})
    passage = Passage.objects.get()
    assert (passage.text, passage.title) == (text, None)


def test_csv_keeps_line_ends_inside_cells() -> None:
    add_csv('text,question\r\n" one\r\ntwo\rthree ",Why?\r\n')
    assert Passage.objects.get().text == " one\r\ntwo\rthree "


def test_an_author_with_an_account_is_that_labeler_and_is_never_dealt_the_text() -> None:
    user = User.objects.create_user("marit", password=None)
    add(json.loads(documented("json")))
    labeler = Labeler.objects.get(user=user)
    assert Passage.objects.get().text_digest in texts_met([labeler])[labeler.pk]
    assert not Labeler.objects.filter(outside_name="marit").exists()


def test_a_question_can_name_another_author_who_has_then_met_the_text() -> None:
    add({"text": "T", "author": "a", "questions": [{"question": "Q?", "human_answer": "A", "author": "b"}]})
    assert Answer.objects.get().author == Labeler.objects.get(outside_name="b")
    met = texts_met(Labeler.objects.all())
    assert len(met) == 2


def test_uploaded_questions_can_be_chosen_for_a_study_of_all_six_conditions() -> None:
    add(json.loads(documented("json")))
    study = create_study(name="study", critic="any")
    assert [question.text for question in questions_to_choose(study)] == ["When did the ferry leave?"]


def test_every_problem_is_listed_with_its_line_and_field_and_nothing_is_loaded() -> None:
    listed = problems(
        {"text": "Good."},
        {"text": " "},
        {"text": "T", "questions": [{"question": "Q?", "human_answer": "A"}]},
        {"text": "T", "questions": [{"question": "Q?", "intended_critiques": [{"text": "x", "severity": 5}]}]},
        {"text": "T", "colour": "red"},
        ["no object"],
    )
    assert listed[0] == "rows.jsonl:2: text: is empty"
    assert listed[1].startswith("rows.jsonl:3: questions[0].author: is missing")
    assert "questions[0].intended_critiques[0].category: is missing" in listed[2]
    assert "questions[0].intended_critiques[0].severity: " in listed[2]
    assert listed[3] == "rows.jsonl:5: colour: is not a field of this file"
    assert listed[4].startswith("rows.jsonl:6: a line must be one JSON object")


def test_an_id_cannot_name_two_texts() -> None:
    assert problems({"id": "x", "text": "One."}, {"id": "x", "text": "Two."}) == [
        "rows.jsonl:2: id: 'x' is the id of another text already"
    ]


def asked(author: str, **answers: str) -> dict[str, Any]:
    return {"text": "T", "author": author, "questions": [{"question": "When?", **answers}]}


def test_two_answers_of_one_author_to_one_question_are_refused_where_the_second_would_win() -> None:
    first, other = asked("a", human_answer="At nine."), asked("a", human_answer="At  ten.\n")
    assert problems(first, other) == [
        "rows.jsonl:2: questions[0].human_answer: the same author gives another one at rows.jsonl:1: questions[0]"
    ]
    asked_twice = asked("a", misleading_answer="One.")
    asked_twice["questions"] *= 2
    asked_twice["questions"][1] = asked_twice["questions"][1] | {"misleading_answer": "Two."}
    (listed,) = problems(asked_twice)
    assert "questions[1].misleading_answer: the same author gives another one" in listed


def test_a_line_given_twice_counts_once_and_two_authors_may_answer_one_question() -> None:
    line, other = asked("a", human_answer="At nine."), asked("b", human_answer="At ten.")
    assert str(add(line, line, other)) == "Added 1 passage, 1 question and 2 answers from rows.jsonl."


def test_an_empty_file_is_a_problem() -> None:
    assert problems() == ["rows.jsonl: holds no passage"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("text,question,sort\n", "rows.csv:1: unknown column 'sort'"),
        ("text,question,text,author\nT,Q,Another,a\n", "rows.csv:1: the column 'text' stands 2 times"),
        ("text,question,covered\nT,Q,yes\n\n\nT,Q,perhaps\n", "rows.csv:5: questions[0].covered: "),
        ('text,question,covered\n"T\r\nT\rT\nT",Q,yes\nT,Q,perhaps\n', "rows.csv:6: questions[0].covered: "),
        ('\n\n"text";"question"\nT;Q;more\n', "rows.csv:4: the number of cells is 3, that of columns 2"),
        ("text;question;temperature;model_answer\nT;Q;0,4;A\n", "rows.csv:2: questions[0].model_answer.temperature: "),
        ("text,question\n   ,Q\n", "rows.csv:2: text: is missing"),
        ("", "rows.csv:1: no column 'text'"),
        ("text\n", "rows.csv:1: no column 'question'"),
        ("text,question\nT\n", "rows.csv:2: the number of cells is 1, that of columns 2"),
        ("text,question\nT,Q,more\n", "rows.csv:2: the number of cells is 3, that of columns 2"),
        ('text,question\nT,Q\n"T', "rows.csv:3: unexpected end of data"),
        ("text,question,covered\nT,Q,perhaps\n", "rows.csv:2: questions[0].covered: "),
        ("text,question,model_answer,temperature\nT,Q,A,warm\n", "rows.csv:2: questions[0].model_answer.temperature: "),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_by_line(text: str, problem: str) -> None:
    with pytest.raises(UploadProblems) as refused:
        add_csv(text)
    assert refused.value.lines[0].startswith(problem)
    assert not Passage.objects.exists()


@pytest.mark.parametrize(
    "table", ["text;question\nA, b.;Why?\n", "text\tquestion\nA, b.\tWhy?\n", 'text,question\r"A, b.",Why?\r']
)
def test_a_table_is_read_as_spreadsheets_save_it(table: str) -> None:
    add_csv("\ufeff" + table)
    assert (Passage.objects.get().text, Question.objects.get().text) == ("A, b.", "Why?")


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert add_passages(io.BytesIO(b'\xef\xbb\xbf{"text": "T"}\n'), "rows.jsonl").new_passages == 1


def test_a_key_given_twice_is_refused_by_line() -> None:
    line = b'{"text": "T", "questions": [{"question": "Q?", "question": "Which?"}]}'
    with pytest.raises(UploadProblems, match=r"rows\.jsonl:2: the key 'question' stands twice in one object"):
        add_passages(io.BytesIO(b'{"text": "A"}\n' + line), "rows.jsonl")
    assert not Passage.objects.exists()


BLANK = {"question": "When?", "human_answer": "", "misleading_answer": " \n", "model_answer": {"text": "At dusk."}}


def test_what_is_empty_or_blank_is_absent_in_a_line_as_in_a_cell() -> None:
    add({"id": "", "title": " ", "text": "T", "author": "a", "questions": [BLANK | {"covered": None}]})
    add_csv("id,text,author,question,human_answer,misleading_answer,model_answer\n,T,a,When?,,  ,At dusk.\n")
    assert list(Answer.objects.values_list("kind", "text")) == [("Model", "At dusk.")]
    assert Passage.objects.get().title is None


def test_a_blank_answer_needs_no_author_and_hides_no_flaw() -> None:
    flaw = {"text": "", "category": "", "severity": ""}
    add({"text": "T", "questions": [BLANK | {"intended_critiques": [flaw], "model_answer": {"text": " "}}]})
    assert not Answer.objects.exists()
    assert not IntendedCritique.objects.exists()


@pytest.mark.parametrize(
    ("flaw", "problem"),
    [
        ({"text": " ", "category": "accuracy", "severity": 3}, "questions[0].intended_critiques[0].text: is missing"),
        (
            {"text": "x", "category": "accuracy", "severity": 3},
            "questions[0].intended_critiques: are about a misleading",
        ),
    ],
)
def test_a_blank_flaw_or_one_of_a_blank_answer_is_refused(flaw: dict[str, Any], problem: str) -> None:
    (listed,) = problems({"text": "T", "author": "a", "questions": [BLANK | {"intended_critiques": [flaw]}]})
    assert problem in listed


def test_a_question_without_an_answer_that_its_study_needs_cannot_join() -> None:
    add({"text": "T", "author": "a", "questions": [BLANK]})
    question = Question.objects.get()
    # What an older version let in:
    Answer.objects.create(question=question, kind="Human", text=" \n", author=labeler_named("a"))
    study = create_study(name="study", conditions=[(AnswerKind.HUMAN, False), (AnswerKind.MODEL, False)])
    assert not questions_to_choose(study).exists()
    with pytest.raises(Refused, match=r"“When\?” has no answer of kind Human\."):
        add_questions(study, [question])
    assert not study.slots.exists()


def test_a_file_in_another_encoding_is_refused() -> None:
    with pytest.raises(UploadProblems, match=r"rows\.csv:2: is not UTF-8"):
        add_passages(io.BytesIO("text,question\nT,Qé\n".encode("latin-1")), "rows.csv")


def test_a_broken_gzip_file_is_refused() -> None:
    whole = gzip.compress(json.dumps({"text": "T"}).encode())
    assert add_passages(io.BytesIO(whole), "a.jsonl.gz").new_passages == 1
    with pytest.raises(UploadProblems, match="cannot be read to its end"):
        add_passages(io.BytesIO(whole[:-6]), "b.jsonl.gz")


def test_the_command_adds_a_file_and_names_the_problems_of_a_bad_one(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "T"}\n')
    call_command("add_passages", str(path))
    assert "Added 1 passage," in capsys.readouterr().out
    path.write_text('{"text": ""}\n')
    with pytest.raises(CommandError, match=r"Nothing was added\.\nrows\.jsonl:1: text: is empty"):
        call_command("add_passages", str(path))
    with pytest.raises(CommandError, match="No such file"):
        call_command("add_passages", str(tmp_path / "absent.csv"))
