"""What each small critic is taught is true: the oracles' words, the training-only hints, and it fits a row."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from findings import jsonl
from models_service.__main__ import main
from models_service.synthetic.task import Problem
from models_service.synthetic.three_sat import holds, read_answer, read_formula
from models_service.training.small import curriculum_addition, curriculum_alphabetize, curriculum_three_sat
from models_service.training.small.__main__ import CURRICULA
from models_service.training.small.decoder import Decoder, Shape
from models_service.training.small.export import save_for_transformers
from models_service.training.small.lessons import Graded, Layout
from models_service.training.small.vocabulary import learn_vocabulary

PLAIN = (curriculum_addition, curriculum_alphabetize, curriculum_three_sat)
STAGES = (0.0, 0.5, 1.0, 1.5, 2.0)


def taught(curriculum: ModuleType, number: int = 40) -> Iterator[Graded]:
    """Answers of every stage."""
    for stage in STAGES:
        rng = Random(f"{stage}")
        for _ in range(number):
            yield from curriculum.sheet(rng, stage).graded


def asked(graded: Graded, question: int) -> dict[int, int]:
    """The right class at each character where the question is asked."""
    return {place: answer for place, which, answer in graded.hints if which == question}


@pytest.mark.parametrize("curriculum", PLAIN)
def test_the_oracles_agree_with_every_graded_answer(curriculum: ModuleType) -> None:
    for graded in taught(curriculum):
        problem = Problem("", graded.question)
        assert bool(graded.valid) == curriculum.TASK.is_critiqueable(problem, graded.answer)
        assert all(curriculum.TASK.is_helpful(problem, graded.answer, text) for text in graded.valid)
        assert not any(curriculum.TASK.is_helpful(problem, graded.answer, text) for text in graded.invalid)


@pytest.mark.parametrize("curriculum", PLAIN)
def test_sound_and_flawed_answers_are_both_common_at_every_stage(curriculum: ModuleType) -> None:
    for stage in STAGES:
        rng = Random(5)
        flawed = [bool(one.valid) for _ in range(200) for one in curriculum.sheet(rng, stage).graded]
        assert 0.3 < sum(flawed) / len(flawed) < 0.7


@pytest.mark.parametrize("curriculum", PLAIN)
def test_every_hint_is_asked_at_the_end_of_a_token_and_every_tree_fits_a_row(curriculum: ModuleType) -> None:
    """A hint that no token ends at would be dropped without a word."""
    tokenizer = learn_vocabulary(curriculum.corpus(Random(7)), 2048, split=curriculum.SPLIT)
    layout = Layout(tokenizer)
    for stage in STAGES:
        rng = Random(11)
        layout.proportions = curriculum.proportions(stage)
        for _ in range(20):
            sheet = curriculum.sheet(rng, stage)
            tree = layout.tree(rng, sheet)
            kept = [hint for branch in tree.children for hint in branch.hints]
            assert len(kept) == sum(len(graded.hints) for graded in sheet.graded)
            assert all(0 <= which < curriculum.QUESTIONS for _, which, _ in kept)
            assert all(0 <= answer < curriculum.CLASSES for *_, answer in kept)
            assert tree.size() <= 512


def test_a_sum_is_hinted_digit_by_digit() -> None:
    for graded in taught(curriculum_addition):
        first, _, second = graded.question.partition(" + ")
        truth = str(int(first) + int(second))
        assert asked(graded, 0) == {place + 1: int(digit) for place, digit in enumerate(truth)}
        wrong = {place + 1: int(digit != truth[place]) for place, digit in enumerate(graded.answer)}
        assert asked(graded, 1) == wrong


def test_a_list_is_hinted_word_by_word() -> None:
    words = curriculum_alphabetize.known_words()
    for graded in taught(curriculum_alphabetize):
        given = graded.question.partition(": ")[2].split()
        misordered, skipped, extra, follows, following, missing = (asked(graded, question) for question in range(6))
        for end in misordered:
            said = graded.answer[:end].split()
            before, word = ["", *said][-2:]
            assert misordered[end] == (word < before)
            assert skipped[end] == any(before < one < word and one not in said for one in given)
            assert extra[end] == (said.count(word) > given.count(word))
            assert follows[end] == (words.index(before) if before else len(words))
            later = [one for one in words if one in given and one > word]
            assert following[end] == (words.index(later[0]) if later else len(words))
        absent = sorted(set(given) - set(graded.answer.split()))
        assert missing == {len(graded.answer): words.index(absent[0]) if absent else len(words)}
        assert len(misordered) == len(graded.answer.split())


def test_values_are_hinted_with_the_clauses_they_leave_false() -> None:
    pairs = list(curriculum_three_sat._PAIRS)
    for graded in taught(curriculum_three_sat):
        values = read_answer(graded.answer)
        clauses = read_formula(Problem("", graded.question))
        fails, others = asked(graded, 0), asked(graded, 1)
        assert len(fails) == len(values) == 9
        for end, failing in fails.items():
            so_far = read_answer(graded.answer[:end])
            latest = list(so_far)[-1]
            false = [
                {name for name, _ in clause} - {latest}
                for clause in clauses
                if latest in dict(clause)
                and {name for name, _ in clause} <= so_far.keys()
                and not holds(clause, so_far)
            ]
            assert failing == bool(false)
            assert (end in others) == bool(false)
            assert not false or set(pairs[others[end]]) == false[0]
        assert asked(graded, 2)[len(graded.answer)] == min(3, sum(not holds(clause, values) for clause in clauses))
        told = [asked(graded, 3 + place)[len(graded.answer)] for place in range(9)]
        assert told == [int(value) for value in values.values()]


def test_problems_grow_to_the_tasks_full_size() -> None:
    rng = Random(2)
    lists = [[curriculum_alphabetize.words(rng, stage) for _ in range(200)] for stage in (0.0, 2.0)]
    assert max(lists[0]) <= 6
    assert lists[1].count(18) > 140
    formulas = [[curriculum_three_sat.clauses(rng, stage) for _ in range(200)] for stage in (0.0, 2.0)]
    assert set(formulas[0]) == {(3, 3)}
    assert set(formulas[1]) == {(3, 14), (14, 24)}
    assert formulas[1].count((14, 24)) > 120


@pytest.mark.parametrize("name", CURRICULA.values())
def test_a_curriculum_travels_between_processes_by_name(name: str) -> None:
    curriculum = import_module(name).curriculum()
    again = pickle.loads(pickle.dumps(curriculum))
    assert again.sheet(Random(1), 2.0) == curriculum.sheet(Random(1), 2.0)


def test_a_literal_is_one_token_and_any_text_survives() -> None:
    curriculum = curriculum_three_sat
    tokenizer = learn_vocabulary(curriculum.corpus(Random(7)), 2048, split=curriculum.SPLIT)
    tokens = tokenizer.encode(" (¬a ∨ b ∨ ¬c) ∧ (d ∨ e ∨ f)")
    assert len(tokens.ids) == 11
    for text in (" a = true, b = false\n", "Yes, no.\n\n\tÄ  b (¬"):
        assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_a_critic_that_does_not_ship_is_measured_where_it_is_told_to_go(tmp_path: Path) -> None:
    curriculum = curriculum_alphabetize
    tokenizer = learn_vocabulary(curriculum.corpus(Random(7)), 2048, split=curriculum.SPLIT)
    untrained = Decoder(Shape(tokenizer.get_vocab_size(), width=16, layers=1, heads=1, head_width=16, hidden=16))
    save_for_transformers(untrained, tokenizer, tmp_path / "run" / "model")
    seen = {"valid": 0.25, "critiqueability": 0.5, "helpfulness": 0.5, "base": 0.0}
    jsonl.write(
        tmp_path / "run" / "curve.jsonl",
        [
            {"plan": {}, "parameters": 1234},
            {"step": 50, "millions": 0.5, "core_minutes": 1.5, "text": 3.0},
            {"step": 50, "probe": seen},
        ],
    )
    words = ["publish-critic", "alphabetize", "--run", str(tmp_path / "run"), "--trained-by", "a command", "--n", "4"]
    with pytest.raises(SystemExit, match=r"no critic ships for 'alphabetize', .*: give --output"):
        main(words)
    assert main([*words, "--output", str(tmp_path / "out")]) == 0
    card = json.loads((tmp_path / "out" / "card.json").read_text(encoding="utf-8"))
    found = {(row["set"], row["measure"]): row for row in card["numbers"]}
    assert found["made answers", "greedy critique valid"]["n"] == 2
    assert found["its own answers, temperature 1", "own answers critiqueable"]["value"] == 1.0
    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "1,234 parameters" in readme
    assert "| 50 | 0.250 | 0.500 | 0.500 | 0.000 |" in readme
    assert (tmp_path / "out" / "model.safetensors").exists()
