"""Every critic that ships says of a text whether it can read it; one without a setting says nothing."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from models_service.critic import critic_for, shipped
from models_service.critic.readable import says_what_it_reads, why_unreadable
from models_service.synthetic import TASKS
from models_service.synthetic.english import English, read_passages
from models_service.synthetic.report_passages import Vocabulary
from models_service.synthetic.reports import Reports
from models_service.synthetic.task import SyntheticTask
from models_service.types import Subject

SPANISH = (
    "La casa fue construida en 1846 por dos hermanos que habían llegado de la costa. Se quemó en 1902, y nadie la "
    "volvió a levantar porque el pueblo no tenía dinero para pagar las obras."
)
ENGLISH = (
    "The mill was built in 1846 by two brothers who had come from the coast. It burned down in 1902, and nobody "
    "rebuilt it because the town had no money to pay for the work."
)


def subject(passage: str, question: str = "When did it burn?", answer: str = "In 1902.") -> Subject:
    return Subject("a", passage, question, answer)


def drawn(task: SyntheticTask, number: int = 60) -> list[Subject]:
    rng = Random(11)
    made = [task.draw(rng, flawed=place % 2 == 1) for place in range(number)]
    return [Subject("a", problem.passage, problem.question, answer, problem.title) for problem, answer in made]


@pytest.mark.parametrize(
    ("critic", "task"),
    [
        ("addition", TASKS["addition"]),
        ("reports", Reports()),
        ("reports", Reports((250, 400))),
        ("reports", Reports(vocabulary=Vocabulary(held_out=True))),
        ("english", English("held_out_sources")),
        ("english", English("train")),
    ],
)
def test_a_critic_reads_what_it_was_made_for(critic: str, task: SyntheticTask) -> None:
    said = [why_unreadable(critic_for(critic), one) for one in drawn(task)]
    assert said == [None] * len(said)


def test_all_that_ship_say_what_they_read() -> None:
    assert [says_what_it_reads(critic_for(task)) for task in shipped()] == [True, True, True]


@pytest.mark.parametrize("critic", ["addition", "reports"])
def test_the_small_ones_read_no_english(critic: str) -> None:
    for passage in read_passages()[::40]:
        assert why_unreadable(critic_for(critic), subject(passage.text)) is not None


@pytest.mark.parametrize(
    ("passage", "why"),
    [
        (SPANISH, "the passage: it does not look like English"),
        ("Мельница была построена в 1846 году двумя братьями.", "the passage: it is not in Latin script"),
        ("工厂建于1846年,由两兄弟建造。", "the passage: it is not in Latin script"),
        (f"{ENGLISH} " * 50, "the passage has 1,750 words, more than 1,500"),
    ],
)
def test_english_reads_neither_other_languages_nor_scripts_nor_what_is_too_long(passage: str, why: str) -> None:
    assert why_unreadable(critic_for("english"), subject(passage)) == why
    assert why_unreadable(critic_for("english"), subject(ENGLISH)) is None


def test_the_answer_is_read_too() -> None:
    said = why_unreadable(critic_for("english"), subject(ENGLISH, answer=SPANISH))
    assert said == "the question and answer: it does not look like English"


def test_words_that_the_critic_knows_are_counted() -> None:
    assert why_unreadable(critic_for("reports"), subject(ENGLISH)) == "the passage: it knows 13 of 25 common words"


def test_a_critic_without_the_setting_or_a_card_says_nothing(tmp_path: Path) -> None:
    assert why_unreadable(tmp_path, subject(SPANISH)) is None
    carded = tmp_path / "carded"
    carded.mkdir()
    (carded / "card.json").write_text(json.dumps({"name": "mine"}), encoding="utf-8")
    assert why_unreadable(carded, subject(SPANISH)) is None
    assert not says_what_it_reads(carded)
