"""The four tasks of the paper's Table 3, by its own examples and by the promises all tasks keep."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_service.synthetic import TASKS, Problem, Race, read_race
from models_service.synthetic.addition import Addition
from models_service.synthetic.alphabetize import Alphabetize
from models_service.synthetic.race import Article, two_questions
from models_service.synthetic.three_sat import ThreeSat


@pytest.mark.parametrize("name", TASKS)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_oracles_of_a_task_agree_with_each_other(name: str, seed: int) -> None:
    task, rng = TASKS[name], Random(seed)
    problem = task.generate(rng)
    right, wrong = task.answer(problem), task.corrupt(rng, problem)

    assert not task.is_critiqueable(problem, right)
    assert task.valid_critiques(problem, right) == []
    assert task.is_critiqueable(problem, wrong)
    valid = task.valid_critiques(problem, wrong)
    assert valid
    assert all(task.is_helpful(problem, wrong, critique) for critique in valid)
    for answer in (right, wrong):
        invalid = task.invalid_critiques(rng, problem, answer)
        assert not any(task.is_helpful(problem, answer, critique) for critique in invalid)
    assert not any(task.is_helpful(problem, right, critique) for critique in valid)


@pytest.mark.parametrize("name", TASKS)
def test_the_same_seed_makes_the_same_problem(name: str) -> None:
    task = TASKS[name]
    assert task.generate(Random(5)) == task.generate(Random(5)) != task.generate(Random(6))


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("text", ["", "Yes", "The answer is wrong.", "Digit at index 0 should be 4"])
def test_text_outside_the_grammar_is_no_helpful_critique(name: str, text: str) -> None:
    task, rng = TASKS[name], Random(1)
    problem = task.generate(rng)
    assert not task.is_helpful(problem, task.corrupt(rng, problem), text)


class TestAddition:
    problem = Problem("", "505579 + 900050")

    def test_the_papers_example_counts_digits_from_the_right(self) -> None:
        task = Addition()
        assert task.answer(self.problem) == "1405629"
        assert task.valid_critiques(self.problem, "1505629") == ["Digit at index 6 should be 4"]
        assert task.is_helpful(self.problem, "1505629", "Digit at index 6 should be 4")

    def test_a_right_digit_where_the_answer_has_it_already_is_no_critique(self) -> None:
        assert not Addition().is_helpful(self.problem, "1505629", "Digit at index 1 should be 9")

    def test_an_answer_of_another_length_is_compared_digit_by_digit(self) -> None:
        assert Addition().valid_critiques(self.problem, "405629") == ["Digit at index 7 should be 1"]
        assert Addition().valid_critiques(self.problem, "21405629") == ["Digit at index 8 should be 0"]

    def test_one_changed_digit_is_one_flaw(self) -> None:
        task, rng = Addition(), Random(2)
        for _ in range(200):
            problem = task.generate(rng)
            assert len(task.valid_critiques(problem, task.corrupt_one_digit(rng, problem))) == 1

    def test_another_question_is_refused_with_the_reason(self) -> None:
        with pytest.raises(ValueError, match="not an addition: 'two and two'"):
            Addition().answer(Problem("", "two and two"))


class TestThreeSat:
    problem = Problem("", "Provide boolean values for a, b, c that satisfy: (¬g ∨ f ∨ a) ∧ (g ∨ b ∨ ¬c)")
    answer = "a = false, b = true, c = false, d = false, e = false, f = false, g = true, h = true, i = false"

    def test_the_papers_clause_fails_under_its_answer(self) -> None:
        critique = "The following clause is not satisfied: (¬g ∨ f ∨ a)"
        assert ThreeSat().valid_critiques(self.problem, self.answer) == [critique]

    def test_a_clause_may_be_named_in_any_order(self) -> None:
        critique = "The following clause is not satisfied: (a ∨ f ∨ ¬g)"
        assert ThreeSat().is_helpful(self.problem, self.answer, critique)

    def test_a_false_clause_that_is_not_in_the_formula_is_no_critique(self) -> None:
        critique = "The following clause is not satisfied: (¬h ∨ f ∨ a)"
        assert not ThreeSat().is_helpful(self.problem, self.answer, critique)

    def test_an_unsatisfiable_formula_has_no_answer(self) -> None:
        with pytest.raises(ValueError, match="no satisfying assignment"):
            ThreeSat().answer(Problem("", "(a) ∧ (¬a)"))


class TestAlphabetize:
    problem = Problem("", "Alphabetize the following words: evolve estimate growing")

    def test_the_papers_example_names_neighbours_out_of_order(self) -> None:
        critique = "Words misordered: evolve comes alphabetically after estimate"
        assert Alphabetize().valid_critiques(self.problem, "evolve estimate growing") == [critique]

    def test_only_neighbours_count(self) -> None:
        critique = "Words misordered: growing comes alphabetically after estimate"
        assert not Alphabetize().is_helpful(self.problem, "growing evolve estimate", critique)

    def test_missing_and_extra_words_are_named(self) -> None:
        valid = Alphabetize().valid_critiques(self.problem, "estimate estimate growing")
        assert valid == ["Word missing: evolve", "Extra word: estimate"]


class TestRace:
    article: Article = {
        "article": "A tree fell.",
        "questions": ["What fell?", "When?"],
        "options": [["A cup", "A cat", "A tree", "Rain"], ["Now", "Then", "Never", "Unknown"]],
        "answers": ["C", "D"],
        "id": "high1.txt",
    }

    def test_the_papers_example_names_the_keys_letter(self) -> None:
        problem = two_questions(self.article, 0, 1)
        race = Race([self.article])
        assert problem.question.startswith("Q1. What fell? A. A cup B. A cat C. A tree D. Rain Q2. When? A. Now")
        assert race.answer(problem) == "1 = C, 2 = D"
        assert race.valid_critiques(problem, "1 = C, 2 = A") == ["Answer to question 2 should be D"]

    def test_reads_the_published_layout(self, tmp_path: Path) -> None:
        (tmp_path / "dev" / "high").mkdir(parents=True)
        (tmp_path / "dev" / "high" / "1.txt").write_text(json.dumps(self.article), encoding="utf-8")
        assert list(read_race(tmp_path, "dev")) == [self.article]

    def test_a_bad_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "dev" / "high").mkdir(parents=True)
        (tmp_path / "dev" / "high" / "7.txt").write_text("{}", encoding="utf-8")
        with pytest.raises(ValueError, match=r"7\.txt: not a RACE article"):
            list(read_race(tmp_path, "dev"))

    def test_a_missing_copy_says_what_was_expected(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="expected train/middle and train/high"):
            list(read_race(tmp_path, "train"))

    def test_a_problem_without_key_cannot_be_judged(self) -> None:
        with pytest.raises(ValueError, match="has none"):
            Race([]).answer(Problem("A tree fell.", "Q1. What fell?"))
