"""A text met is met, however its file was saved since: what tells texts apart is their words."""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from labeling.actions.dealing import deal_study
from labeling.actions.exposures import expose
from labeling.actions.studies import add_questions, create_study, open_study, questions_to_choose
from labeling.enums import Activity, AnswerKind
from labeling.exchange.sittings import split_of
from labeling.exchange.uploads import Report, add_passages
from labeling.models import Answer, Assignment, Exposure, IntendedCritique, Passage, Question
from labeling.models.fields import text_digest
from tests.factories import make_labelers

pytestmark = pytest.mark.django_db
TEXT = "Caf\u00e9 by the sea.\nIt opened in 1872.\n\nNobody came."
RESAVED = {
    "CRLF": TEXT.replace("\n", "\r\n"),
    "CR": TEXT.replace("\n", "\r"),
    "CRLF written twice": TEXT.replace("\n", "\r\r\n"),
    "a space at the end": TEXT + " ",
    "spaces at line ends": TEXT.replace("\n", "  \n"),
    "a new line at the end": TEXT + "\n",
    "NFD": unicodedata.normalize("NFD", TEXT),
    "no-break spaces": TEXT.replace(" ", "\u00a0"),
    "a byte order mark": "\ufeff" + TEXT,
    "soft hyphens and zero widths": TEXT.replace("sea", "se\u00ada").replace(" ", "\u200b "),
    "marks of direction": f"\u202b{TEXT}\u202c",
}


def table(text: str) -> bytes:
    cells = {
        "text": text,
        "title": f"The {text.split(maxsplit=1)[0]}",
        "author": "the desk",
        "question": f"{text.split(maxsplit=1)[0]} opened when?",
        "human_answer": text,
        "misleading_answer": f"Never. {text}",
        "intended_critique": f"It did. {text}",
        "intended_category": "accuracy",
        "intended_severity": "4",
        "model_answer": f"Once. {text}",
    }
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, cells)
    writer.writeheader()
    writer.writerow(cells)
    return out.getvalue().encode()


def add(text: str) -> Report:
    return add_passages(io.BytesIO(table(text)), "rows.csv")


@pytest.mark.parametrize("how", RESAVED)
def test_a_resaved_file_is_here_already_and_what_was_given_first_stays(how: str) -> None:
    add(TEXT)
    given = list(Answer.objects.order_by("pk").values_list("text", flat=True))
    assert str(add(RESAVED[how])) == "Nothing added: all of rows.csv is here already."
    assert Passage.objects.get().text == TEXT
    assert list(Answer.objects.order_by("pk").values_list("text", flat=True)) == given
    assert Question.objects.count() == IntendedCritique.objects.count() == 1


def test_what_is_given_is_stored_as_given() -> None:
    add(RESAVED["CRLF"])
    assert Passage.objects.get().text == RESAVED["CRLF"]
    assert Answer.objects.get(kind="Human").text == RESAVED["CRLF"]


def test_other_words_are_another_text() -> None:
    add(TEXT)
    assert add(TEXT.replace("1872", "1873")).new_passages == 1
    assert text_digest("the sea") != text_digest("thesea")


def test_nobody_is_dealt_the_same_words_twice_whatever_they_are_saved_as() -> None:
    for number, text in enumerate([TEXT, *RESAVED.values()]):
        passage = Passage.objects.create(public_id=f"copy{number}", text=text)
        question = Question.objects.create(passage=passage, text="When?")
        Answer.objects.create(question=question, kind=AnswerKind.MODEL, text="In 1872.")
    study = create_study(name="study", conditions=[(AnswerKind.MODEL, False)], labelers=make_labelers(3))
    add_questions(study, list(questions_to_choose(study)))
    open_study(study)
    assert deal_study(study).dealt == 3
    assert Assignment.objects.live().values("labeler").distinct().count() == 3


# -- databases of older versions ------------------------------------------------------------------------

migration: Any = import_module("labeling.migrations.0017_a_text_is_its_words")


def digest_before(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def as_before(*texts: str) -> list[Passage]:
    """Passages as an older version stored them, told apart by every character."""
    passages = [Passage.objects.create(public_id=f"p{number}", text=text) for number, text in enumerate(texts)]
    for passage in passages:
        passage.text_digest = digest_before(passage.text)
        Passage.objects.filter(pk=passage.pk).update(text_digest=passage.text_digest)
    return passages


def test_texts_of_an_older_database_are_told_apart_by_their_words() -> None:
    passages = as_before(TEXT, *RESAVED.values(), "Another text.")
    (one, other) = make_labelers(2)
    for passage in passages:
        expose(one, passage, Activity.CRITIQUING)
    expose(other, passages[3], Activity.ANSWERING)
    migration.forwards(apps, None)
    assert set(Passage.objects.values_list("text_digest", flat=True)) == {
        text_digest(TEXT),
        text_digest("Another text."),
    }
    assert set(one.exposures.values_list("passage", flat=True)) == {passages[0].pk, passages[-1].pk}
    assert set(one.exposures.values_list("text_digest", flat=True)) == {text_digest(TEXT), text_digest("Another text.")}
    assert Exposure.objects.get(labeler=other).text_digest == text_digest(TEXT)
    assert [passage.text for passage in Passage.objects.order_by("pk")] == [passage.text for passage in passages]


def test_no_passage_of_an_older_database_changes_its_side_of_the_split() -> None:
    passages = as_before(*(f"Text {number}.\r\n" for number in range(60)))
    before = [split_of(passage) for passage in passages]
    assert before != [split_of(Passage(text_digest=text_digest(passage.text))) for passage in passages]
    migration.forwards(apps, None)
    assert [split_of(passage) for passage in Passage.objects.order_by("pk")] == before
