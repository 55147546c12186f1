"""Generated reports: every sentence reads back, flaws are what the oracle says, and nothing gives them away."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from findings.statistics.auc import auc
from models_service.synthetic.lexicon import Words, language
from models_service.synthetic.report_answers import honest_answer, misleading_answer
from models_service.synthetic.report_passages import make_questions, make_report, uncovered_question
from models_service.synthetic.report_text import NO_ANSWER, Statement, read_question, read_sentence, sentence
from models_service.synthetic.reports import Reports
from models_service.synthetic.task import Problem

seeds = st.integers(0, 2**32)
PROBLEM = Problem(
    "Mara works at the harbour. She earns 45 euros a day. Bordra keeps a goat. At present, he calls the pet Velo.",
    "What does the report say about the job of Mara?",
)


@pytest.mark.parametrize(
    ("answer", "critiques"),
    [
        ("Mara is employed at the harbour. She gets 45 euros a day.", []),
        ("She earns 45 euros a day.", ["The answer leaves out the workplace: harbour."]),
        (
            "Mara works at the mill. She earns 45 euros a day.",
            ["The answer gets the workplace wrong: it says mill, the report says harbour."],
        ),
        (
            "Mara works at the harbour. She works on Mondays. She gets 45 euros a day.",
            ["The answer makes up the shift: Mondays."],
        ),
        (
            "Mara works at the harbour. Bordra keeps a goat. Mara earns 45 euros a day.",
            ["The answer strays to the animal of Bordra: goat."],
        ),
        (
            NO_ANSWER,
            ["The answer leaves out the workplace: harbour.", "The answer leaves out the wage: 45."],
        ),
    ],
)
def test_the_worked_example_has_these_flaws(answer: str, critiques: list[str]) -> None:
    task = Reports()
    assert task.valid_critiques(PROBLEM, answer) == critiques
    assert task.is_critiqueable(PROBLEM, answer) == bool(critiques)


def test_a_critique_must_name_the_fact_and_its_value() -> None:
    answer = "Mara works at the mill. She earns 45 euros a day."
    good = "the answer gets the workplace wrong: it says mill,  the report says harbour"
    assert Reports().is_helpful(PROBLEM, answer, good)
    for bad in (
        "The answer gets the workplace wrong.",
        "The answer gets the workplace wrong: it says mill, the report says school.",
        "The answer gets the wage wrong: it says mill, the report says harbour.",
        "The answer leaves out the workplace: harbour.",
    ):
        assert not Reports().is_helpful(PROBLEM, answer, bad)


def test_a_topic_the_report_does_not_cover_has_no_answer() -> None:
    problem = Problem(PROBLEM.passage, "What is known about the trip of Mara?")
    assert Reports().answer(problem) == NO_ANSWER
    assert not Reports().is_critiqueable(problem, NO_ANSWER)
    assert Reports().valid_critiques(problem, "Mara left in May.") == ["The answer makes up the departure: May."]


def test_an_answer_outside_the_language_is_critiqueable_though_no_critique_says_how() -> None:
    answer = "Mara is employed at the harbour. She gets 45 euros a day. Hooray!"
    assert Reports().is_critiqueable(PROBLEM, answer)
    assert Reports().valid_critiques(PROBLEM, answer) == []


def test_another_question_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="not a question about a generated report"):
        Reports().answer(Problem(PROBLEM.passage, "Who is Mara?"))


@pytest.mark.parametrize("key", list(language().facts))
def test_every_way_of_putting_a_fact_reads_back_as_that_fact(key: str) -> None:
    fact = language().facts[key]
    for template in fact.passage + fact.answer:
        for subject in ("Velmin", "She", "It"):
            for opener in ("", *language().openers):
                assert read_sentence(sentence(template, subject, "x1", opener)) == Statement(subject, key, "x1")


def test_fillers_state_nothing() -> None:
    assert all(read_sentence(filler) is None for filler in language().fillers)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, words=st.sampled_from([(40, 120), (120, 400)]), held_out=st.booleans())
def test_a_report_says_in_text_what_it_records(seed: int, words: tuple[int, int], held_out: bool) -> None:
    rng = Random(seed)
    report = make_report(rng, words=words, held_out=held_out)
    assert words[0] <= len(report.text.split()) <= words[1]
    for question in make_questions(rng, report, 4):
        problem = Problem(report.text, question.text)
        assert read_question(question.text) == question.asked
        answer = honest_answer(rng, report, question)
        assert (answer == NO_ANSWER) == (not question.covered)
        assert not Reports().is_critiqueable(problem, answer)


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_a_misleading_answer_has_the_one_flaw_it_is_said_to_have(seed: int) -> None:
    rng = Random(seed)
    report = make_report(rng)
    question = make_questions(rng, report, 1)[0]
    answer, flaw = misleading_answer(rng, report, question)
    flaws, readable = Reports().flaws(Problem(report.text, question.text), answer)
    assert (flaws, readable) == ([flaw], True)


def test_an_uncovered_topic_cannot_be_answered_misleadingly() -> None:
    rng = Random(1)
    report = make_report(rng)
    with pytest.raises(ValueError, match="does not cover"):
        misleading_answer(rng, report, uncovered_question(rng, report))


def test_no_held_out_word_is_in_the_training_lexicon() -> None:
    def everything(words: Words) -> set[str]:
        values = {value for some in words.values.values() for value in some}
        return values | set(words.first) | set(words.last) | {name for some in words.names.values() for name in some}

    shared = everything(language().words) & everything(language().held_out)
    assert shared == set()


#: What one can see of an answer without reading the report.
FEATURES: dict[str, Callable[[str], float]] = {
    "sentences": lambda answer: answer.count("."),
    "words": lambda answer: len(answer.split()),
    "characters": len,
    "numbers": lambda answer: sum(word.rstrip(".").isdigit() for word in answer.split()),
    "capitals": lambda answer: sum(word[0].isupper() for word in answer.split()),
    "pronouns": lambda answer: sum(word in ("She", "He", "It") for word in answer.split()),
    "repeated words": lambda answer: len(answer.split()) - len(set(answer.split())),
}


def _answers(number: int) -> list[tuple[str, bool]]:
    rng, task, found = Random(11), Reports(), []
    for place in range(number):
        problem, answer = task.draw(rng, flawed=place % 2 == 1)
        found.append((answer, task.is_critiqueable(problem, answer)))
    return found


def test_no_feature_of_the_answer_alone_tells_flawed_from_sound() -> None:
    answers = _answers(3000)
    labels = [flawed for _, flawed in answers]
    for name, feature in FEATURES.items():
        area = auc([feature(answer) for answer, _ in answers], labels)
        assert max(area, 1 - area) <= 0.65, (name, area)


def test_the_words_of_the_answer_alone_do_not_tell_either() -> None:
    answers = _answers(4000)
    half = len(answers) // 2
    weights = _naive_bayes(answers[:half])
    scores = [sum(weights.get(word, 0.0) for word in set(answer.split())) for answer, _ in answers[half:]]
    assert auc(scores, [flawed for _, flawed in answers[half:]]) <= 0.65


def _naive_bayes(answers: Sequence[tuple[str, bool]]) -> dict[str, float]:
    """Log odds of each word being in a flawed answer."""
    counts = {
        label: Counter(w for answer, it in answers if it is label for w in set(answer.split()))
        for label in (True, False)
    }
    words = counts[True] | counts[False]
    return {word: math.log((counts[True][word] + 1) / (counts[False][word] + 1)) for word in words}
