"""The demo's study in English: questions about passages its critic never saw, made only where that critic can run."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from assist.demo import english_study
from assist.models import Run
from labeling.enums import AnswerKind
from labeling.models import Answer, Assignment, Critique, Slot, Study
from models_service.synthetic.english import read_passages, split_of
from tests.factories import make_labelers

CHECKOUT = Path(__file__).parents[2]


def test_there_are_twelve_passages_of_150_to_700_words_that_the_critic_was_not_trained_on() -> None:
    asked = list(english_study.passages())
    shipped = {f"english-{passage.key}": passage for passage in read_passages()}
    assert len(asked) == 12
    assert all(150 <= len(row["text"].split()) <= 700 for row in asked)
    assert all(split_of(shipped[row["id"]]) != "train" for row in asked)


def test_every_question_has_three_kinds_of_answers_and_says_what_is_wrong_with_the_misleading_one() -> None:
    for question in (question for row in english_study.passages() for question in row["questions"]):
        texts = [question["human_answer"], question["misleading_answer"], question["model_answer"]["text"]]
        assert all(text.strip() for text in texts)
        assert texts[0] != texts[1]
        assert question["intended_critiques"]
        assert question["covered"] == (question["human_answer"] != "No answer")


@pytest.mark.django_db
def test_loading_it_opens_a_study_dealt_out_to_six_labelers(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.CRITICS |= {"english": {"model": "tests/scripted", "engine": "scripted"}}
    monkeypatch.setattr("assist.tasks.call", lambda run_id: None)
    people = make_labelers(6)
    with django_capture_on_commit_callbacks(execute=True):
        study = english_study.load(people, seed=1, tell=lambda line: None)
    assert study is not None
    assert study.is_open
    assert Counter(Assignment.objects.values_list("labeler", flat=True)) == {person.pk: 12 for person in people}
    assert Slot.objects.filter(study=study, assisted=True).count() == 36
    assert Run.objects.filter(critic="english").count() == 36
    assert Critique.objects.filter(answer__kind=AnswerKind.HUMAN_MISLEADING).count() == 12
    assert set(Answer.objects.filter(kind=AnswerKind.MODEL).values_list("model_name", flat=True)) == {
        "SmolLM2-135M-Instruct.Q4_1.gguf"
    }
    assert english_study.load(people, seed=1, tell=lambda line: None) is None, "it is there already"


def adapter_on(base: Path, directory: Path) -> Path:
    """As much of an adapter as says what its base is."""
    directory.mkdir()
    (directory / "adapter_config.json").write_text("{}", encoding="utf-8")
    digest = hashlib.sha256(base.read_bytes()).hexdigest()
    card = {"base": {"name": base.name, "digest": digest}}
    (directory / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return directory


@pytest.mark.django_db
@pytest.mark.parametrize(("base", "small"), [(True, False), (True, True), (False, False)])
def test_the_study_is_made_only_where_its_critic_s_base_is_and_nobody_asked_for_less(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    base: bool,
    small: bool,
) -> None:
    file = tmp_path / "base.gguf"
    file.write_bytes(b"weights")
    settings.CRITICS |= {"english": {"model": str(adapter_on(file, tmp_path / "adapter"))}}
    monkeypatch.setattr("assist.demo.reports_study.load", lambda *args, **options: None)
    make_labelers(6)
    if not base:
        file.unlink()
    call_command("load_demo", small=small)
    made = base and not small
    assert Study.objects.filter(name=english_study.NAME).exists() == made
    told = [line for line in capsys.readouterr().out.splitlines() if "Without the critic “english”" in line]
    assert len(told) == (not made)


@pytest.mark.parametrize("small", [True, False])
def test_make_demo_fetches_the_base_unless_it_shall_be_small(small: bool) -> None:
    command = ["make", "--dry-run", "demo", *(["SMALL=1"] if small else [])]
    said = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert ("scripts/base-model" in said) == (not small)
    assert ("manage.py demo" in said and "--small" in said) == small
