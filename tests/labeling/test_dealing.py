"""Promises of the design: everybody equally often, nobody a text twice, the same seed the same deal."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from labeling.rules.dealing import deal

CONDITIONS = 6


def all_cells(questions: int, conditions: int = CONDITIONS) -> list[tuple[int, int]]:
    return [(question, condition) for question in range(questions) for condition in range(conditions)]


@given(questions=st.integers(1, 40), labelers=st.integers(6, 17), seed=st.integers(0, 1000))
def test_counts_per_condition_differ_by_at_most_one(questions: int, labelers: int, seed: int) -> None:
    dealt = deal(range(questions), all_cells(questions), range(labelers), lambda *_: True, seed)
    assert not dealt.undealt
    counts = Counter((labeler, condition) for (_, condition), labeler in dealt.labelers.items())
    table = [[counts[labeler, condition] for condition in range(CONDITIONS)] for labeler in range(labelers)]
    for of_labeler in table:
        assert max(of_labeler) - min(of_labeler) <= 1
    for of_condition in zip(*table, strict=True):
        assert max(of_condition) - min(of_condition) <= 1


@given(questions=st.integers(1, 40), labelers=st.integers(6, 17), seed=st.integers(0, 1000))
def test_six_people_share_a_question(questions: int, labelers: int, seed: int) -> None:
    dealt = deal(range(questions), all_cells(questions), range(labelers), lambda *_: True, seed)
    for question in range(questions):
        assert len({dealt.labelers[question, condition] for condition in range(CONDITIONS)}) == CONDITIONS


@given(data=st.data())
def test_nobody_gets_a_text_twice_or_one_they_may_not_meet(data: st.DataObject) -> None:
    labelers = data.draw(st.integers(1, 20))
    texts = data.draw(st.lists(st.integers(0, 8), min_size=1, max_size=24))
    barred = data.draw(st.sets(st.tuples(st.integers(0, labelers - 1), st.integers(0, 8)), max_size=20))
    dealt = deal(texts, all_cells(len(texts)), range(labelers), lambda labeler, text: (labeler, text) not in barred, 3)
    meetings = [(labeler, texts[question]) for (question, _), labeler in dealt.labelers.items()]
    assert len(meetings) == len(set(meetings))
    assert not barred.intersection(meetings)
    assert sorted([*dealt.labelers, *dealt.undealt]) == all_cells(len(texts))


@given(data=st.data())
def test_an_undealt_cell_really_has_nobody(data: st.DataObject) -> None:
    """Of a text with one question: whoever is left over may not meet it."""
    labelers = data.draw(st.integers(1, 9))
    questions = data.draw(st.integers(1, 10))
    barred = data.draw(st.sets(st.tuples(st.integers(0, labelers - 1), st.integers(0, 9)), max_size=12))
    dealt = deal(
        range(questions), all_cells(questions), range(labelers), lambda person, text: (person, text) not in barred, 5
    )
    for question, _ in dealt.undealt:
        busy = {labeler for (other, _), labeler in dealt.labelers.items() if other == question}
        free = {person for person in range(labelers) if (person, question) not in barred} - busy
        assert not free


def test_an_author_trades_places_and_stays_balanced() -> None:
    barred = {(0, 0), (1, 3), (2, 7)}
    dealt = deal(range(14), all_cells(14), range(7), lambda person, text: (person, text) not in barred, 1)
    assert dealt.badness(range(7)) <= (0, 1)


def test_the_same_seed_makes_the_same_deal_and_another_seed_another() -> None:
    def once(seed: int) -> dict[tuple[int, int], int]:
        return deal(range(12), all_cells(12), range(8), lambda *_: True, seed).labelers

    assert once(4) == once(4)
    assert once(4) != once(5)


def test_a_second_question_of_a_text_waits_for_more_people() -> None:
    dealt = deal(["a", "a"], all_cells(2), range(6), lambda *_: True, 0)
    assert {question for question, _ in dealt.labelers} == {0}
    assert dealt.undealt == [(1, condition) for condition in range(CONDITIONS)]
