"""English: what is said to be wrong is wrong, critiques are judged by their claims, an answer alone tells nothing."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from findings import jsonl
from findings.statistics.auc import auc
from models_service.__main__ import main
from models_service.engine.scripted import ScriptedEngine
from models_service.evaluation.english import SETS, measure_english
from models_service.evaluation.self_critique import draw_problems
from models_service.synthetic import Problem
from models_service.synthetic.english import (
    English,
    Made,
    judged_passages,
    passages_of,
    problems,
    read_passages,
    split_of,
)
from models_service.synthetic.english.passages import HELD_OUT_SOURCES, cut
from models_service.synthetic.english.reading import Reading
from models_service.synthetic.english.text import content_words, occurs, split_paragraph
from models_service.synthetic.english.topics import find_topics
from models_service.synthetic.english.values import denied, find_values, same
from models_service.types import JudgedAnswer, JudgedPassage, Subject

TRUE = "In 1931, the UK transferred the islands to Australia, which accepted them in 1934."
MORE = "The islands became marine reserves in 1983."


def test_a_passage_is_split_into_sentences_at_ends_and_not_at_abbreviations() -> None:
    text = "Mr. Holmes met Dr. Watson in the U.S. Army. “You see,” he said. It cost $3.50 in all."
    assert split_paragraph(text) == [
        "Mr. Holmes met Dr. Watson in the U.S. Army.",
        "“You see,” he said.",
        "It cost $3.50 in all.",
    ]


def test_values_are_found_with_their_kinds() -> None:
    text = "On 3 March 1992, Dr. Jane Smith of the State Department paid $1.5 million to 12 French engineers in Peru."
    found = {(one.kind, one.text) for one in find_values(text)}
    assert found >= {
        ("date", "3 March 1992"), ("person", "Dr. Jane Smith"), ("organization", "State Department"),
        ("money", "$1.5 million"), ("number", "12"), ("nationality", "French"), ("role", "engineers"),
        ("place", "Peru"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Holmes", "Mr. Sherlock Holmes"),
        ("GSA", "General Services Administration"),
        ("US", "United States"),
        ("UK", "Britain"),
    ],
)
def test_two_names_of_one_thing_are_the_same(one: str, other: str) -> None:
    assert same(one, other)
    assert not same(one, "Portugal")


def test_denying_twice_says_the_same() -> None:
    for text in ("was annexed", "cannot be", "is not ready"):
        assert denied(denied(text)) == text


def test_a_number_is_not_found_inside_another() -> None:
    assert occurs("31", "It took 31 days.")
    assert not any(occurs("31", text) for text in ("1,310", "1931", "31,000", "31.5", "$31", "31%"))


def test_a_topic_has_every_sentence_that_tells_of_it() -> None:
    text = f"{TRUE} {MORE} Whalers sailed by the islands in the 1850s. Nothing else is known about this place at all."
    topic = next(one for one in find_topics(Reading(text)) if one.phrase == "the islands")
    assert [one.place for one in topic.sentences] == [0, 1, 2]


def test_the_splits_share_no_title_and_whole_sources_are_held_out() -> None:
    passages = read_passages()
    titles = {
        split: {(p.source, p.title) for p in passages_of(split)}
        for split in ("train", "held_out_passages", "held_out_sources")
    }
    assert not titles["train"] & titles["held_out_passages"]
    assert {source for source, _ in titles["held_out_sources"]} == HELD_OUT_SOURCES
    assert not {source for source, _ in titles["train"]} & HELD_OUT_SOURCES
    assert {source for source, _ in titles["train"]} == {source for source, _ in titles["held_out_passages"]}
    assert sum(split_of(one) == "train" for one in passages) > 1000


def test_cuts_are_of_many_lengths_and_of_whole_sentences() -> None:
    rng, passage = Random(1), max(read_passages(), key=lambda one: len(one.text))
    lengths = sorted(len(cut(rng, passage).split()) for _ in range(200))
    assert lengths[20] < 150
    assert lengths[-20] > 700
    whole = {text for paragraph in passage.text.split("\n\n") for text in split_paragraph(paragraph)}
    for _ in range(50):
        assert {text for one in cut(rng, passage).split("\n\n") for text in split_paragraph(one)} <= whole


@cache
def made(number: int = 500, split: str = "train") -> tuple[Made, ...]:
    return tuple(islice(problems(passages_of(split), 3), number))  # type: ignore[arg-type]


@cache
def stream(number: int = 240) -> tuple[JudgedPassage, ...]:
    return tuple(islice(judged_passages(passages_of("train"), 5), number))


def answers() -> Iterator[JudgedAnswer]:
    return (answer for passage in stream() for answer in passage.answers)


def test_the_same_seed_makes_the_same_stream() -> None:
    again = list(islice(judged_passages(passages_of("train"), 5), 3))
    assert again == list(stream()[:3])
    assert again != list(islice(judged_passages(passages_of("train"), 6), 3))


def test_problems_are_sound_and_flawed_by_turns_and_of_passages_never_trained_on() -> None:
    held_out = {one.text for one in passages_of("held_out_sources")}
    some = made(60, "held_out_sources")
    assert [bool(one.flaws) for one in some] == [True, False] * 30
    assert all(any(one.problem.passage.split("\n\n")[0] in text for text in held_out) for one in some)


def test_a_false_value_is_in_the_answer_and_not_in_its_sentence_of_the_passage() -> None:
    flaws = [(one, flaw) for one in made() for flaw in one.flaws if flaw.name == "misstated"]
    assert len(flaws) > 120
    for one, flaw in flaws:
        assert flaw.said in one.answer
        assert flaw.false.lower() in flaw.said.lower()
        assert occurs(flaw.true, flaw.source), flaw
        assert content_words(flaw.said) not in {content_words(text) for text in split_paragraph(one.problem.passage)}


def test_no_flaw_is_in_a_value_that_the_question_names() -> None:
    for one in made():
        for flaw in one.flaws:
            if flaw.name == "misstated" and flaw.kind != "order":
                assert not occurs(flaw.true, one.problem.question)
                assert not occurs(flaw.false, one.problem.question)


def test_what_is_left_out_is_in_the_passage_and_not_in_the_answer() -> None:
    flaws = [(one, flaw) for one in made() for flaw in one.flaws if flaw.name == "omitted"]
    assert len(flaws) > 20
    for one, flaw in flaws:
        missing = set(content_words(flaw.true)) - set(content_words(one.answer))
        assert len(missing) >= 4
        assert set(content_words(flaw.true)) <= set(content_words(one.problem.passage))


def test_what_is_added_is_not_in_the_passage() -> None:
    flaws = [(one, flaw) for one in made() for flaw in one.flaws if flaw.name == "added"]
    assert len(flaws) > 10
    for one, flaw in flaws:
        assert len(set(content_words(flaw.said)) - set(content_words(one.problem.passage))) >= 3


def test_every_flawed_answer_has_a_critique_to_learn_and_no_sound_one_a_valid_one() -> None:
    for answer in answers():
        assert any(one.learn for one in answer.critiques) == answer.critiqueable
        assert any(one.helpful for one in answer.critiques) == answer.critiqueable
        assert any(one.helpful is False for one in answer.critiques)
        assert all(one.helpful for one in answer.critiques if one.learn)


def test_some_untrue_critiques_blame_what_is_false_and_correct_it_wrongly() -> None:
    task, rng, found = English("held_out_passages"), Random(6), 0
    for _ in range(40):
        problem, answer = task.draw(rng, flawed=True)
        verdicts = [task.verdict(problem, answer, text) for text in task.invalid_critiques(rng, problem, answer)]
        found += any(one.names_false for one in verdicts)
        assert not any(one.valid for one in verdicts)
    assert found >= 10


def test_false_and_true_values_are_of_the_same_words() -> None:
    """What is false in one answer is true in others: the words themselves do not tell."""
    sound = " ".join(one.answer for one in answers() if not one.critiqueable)
    false = [
        flaw.false
        for one in made()
        for flaw in one.flaws
        if flaw.kind in {"person", "place", "organization", "nationality"}
    ]
    assert sum(occurs(value, sound) for value in false) > 0.5 * len(false)


FEATURES: dict[str, Callable[[str], float]] = {
    "words": lambda answer: len(answer.split()),
    "sentences": lambda answer: len(split_paragraph(answer)),
    "characters": len,
    "numbers": lambda answer: len(re.findall(r"\d[\d,.]*", answer)),
    "names": lambda answer: len(re.findall(r"(?<=[a-z,] )[A-Z]\w+", answer)),
    "different names": lambda answer: len(set(re.findall(r"(?<=[a-z,] )[A-Z]\w+", answer))),
    "repeated words": lambda answer: len(answer.split()) - len(set(answer.split())),
    "denials": lambda answer: len(re.findall(r"\bnot\b|n’t\b", answer)),
}


def test_no_feature_of_the_answer_alone_tells_flawed_from_sound() -> None:
    judged = list(answers())
    labels = [bool(one.critiqueable) for one in judged]
    often = Counter(word for one in judged for word in set(one.answer.lower().split()))
    features = FEATURES | {"rare words": lambda answer: sum(often[word] <= 3 for word in answer.lower().split())}
    for name, feature in features.items():
        area = auc([feature(one.answer) for one in judged], labels)
        assert max(area, 1 - area) <= 0.6, (name, area)


@pytest.mark.parametrize("pattern", [r"\w+", r"(?=\b(\w+ \w+)\b)"], ids=["words", "pairs of words"])
def test_the_words_of_the_answer_and_question_alone_do_not_tell_either(pattern: str) -> None:
    judged = [(re.findall(pattern, f"{one.question} {one.answer}"), bool(one.critiqueable)) for one in answers()]
    half = len(judged) // 2
    weights = _naive_bayes(judged[:half])
    scores = [sum(weights.get(word, 0.0) for word in set(found)) for found, _ in judged[half:]]
    assert auc(scores, [flawed for _, flawed in judged[half:]]) <= 0.6


def _naive_bayes(judged: Sequence[tuple[list[str], bool]]) -> dict[str, float]:
    """Log odds of each word being in a flawed answer."""
    counts = {
        label: Counter(word for found, it in judged if it is label for word in set(found)) for label in (True, False)
    }
    return {
        word: math.log((counts[True][word] + 1) / (counts[False][word] + 1)) for word in counts[True] | counts[False]
    }  # fmt: skip


def test_a_problem_has_a_sound_and_a_flawed_answer_on_record() -> None:
    task, rng = English("held_out_passages"), Random(4)
    for _ in range(8):
        problem = task.generate(rng)
        sound, flawed = task.answer(problem), task.corrupt(rng, problem)
        assert not task.is_critiqueable(problem, sound)
        assert task.is_critiqueable(problem, flawed)
        assert task.valid_critiques(problem, sound) == []
        assert all(task.is_helpful(problem, flawed, text) for text in task.valid_critiques(problem, flawed))
        assert not any(task.is_helpful(problem, flawed, text) for text in task.invalid_critiques(rng, problem, flawed))


def test_an_answer_that_is_not_on_record_is_refused_with_the_reason() -> None:
    task = English("held_out_passages")
    problem, _ = task.draw(Random(1), flawed=True)
    with pytest.raises(ValueError, match="does not know this answer"):
        task.is_critiqueable(problem, "The moon is made of cheese.")
    for key, reason in ((None, "`key` is missing"), ("{}", "`key` is no record")):
        with pytest.raises(ValueError, match=reason):
            task.is_critiqueable(replace(problem, key=key), "x")


def test_generated_records_are_judged_as_they_say(tmp_path: Path) -> None:
    made, asked, judged = tmp_path / "made.jsonl", tmp_path / "asked.jsonl", tmp_path / "judged.jsonl"
    assert main(["generate", "english", "--n", "6", "--seed", "3", "--output", str(made)]) == 0
    records = [line.value for line in jsonl.read(made)]
    assert [record["critiqueable"] for record in records] == [False, True] * 3
    expected = [(record, one) for record in records for one in record["critiques"]]
    jsonl.write(asked, [record | {"critique": one["text"]} for record, one in expected])
    assert main(["judge", "english", "--input", str(asked), "--output", str(judged)]) == 0
    assert [line.value["helpful"] for line in jsonl.read(judged)] == [one["helpful"] for _, one in expected]


class Knowing(ScriptedEngine):
    """Knows what is wrong with the answers that it is told of, if it is shown the passage."""

    def __init__(self, told: Sequence[tuple[Problem, str]]) -> None:
        task = English()
        self._known = {
            (problem.passage, answer): (task.valid_critiques(problem, answer) or ["The answer is fine."])[0]
            for problem, answer in told
        }
        super().__init__("knowing", script=lambda subject, *_: self._said(subject))

    def _said(self, subject: Subject) -> str:
        return self._known.get((subject.passage, subject.answer), "One of the names is wrong.")

    def score_critiqueability(self, subjects: Sequence[Subject]) -> list[float]:
        return [0.1 if self._said(one) == "The answer is fine." else 0.9 for one in subjects]


def test_a_critic_that_knows_scores_full_marks_and_one_that_does_not_read_none() -> None:
    engine = Knowing(draw_problems(English(), number=24, seed=2))
    found = {one.name: one.interval.value for one in measure_english(engine, number=24, seed=2)}
    assert found["greedy critique names the false"] == found["greedy critique names both"] == 1
    assert found["first critique shown names both"] == found["first critique shown valid"] == 1
    assert found["greedy critique names both, misstated values only"] == 1
    assert found["critiqueability AUC"] == 1
    assert found["greedy critique valid, passage removed"] == 0


def test_the_evaluation_is_written_by_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["evaluate", "english", "--model", "x", "--engine", "scripted", "--n", "8"]
    assert main([*arguments, "--output", str(tmp_path / "rows.jsonl")]) == 0
    rows = [line.value for line in jsonl.read(tmp_path / "rows.jsonl")]
    assert {row["figure"] for row in rows} == {f"self-critique, {name} answers" for name in SETS}
    assert "greedy critique names both" in capsys.readouterr().out


def test_it_imports_without_model_libraries() -> None:
    code = "import sys, models_service.synthetic.english; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
