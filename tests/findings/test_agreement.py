"""Agreement between labelers, worked by hand, and on the released rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from findings import records
from findings.human_study.same_flaw import category_ratings, critiqued_ratings, label_pairs, overlap, severity_ratings
from findings.human_study.verdicts import HelpfulnessCounts, count, follows_the_form, helpful_ratings, order_ratings
from findings.statistics.agreement import Rating, agreement
from tests.findings.rows import assistance_row, check, found, helpfulness_row, label
from tests.findings.test_records import released


def rate(*units: str, passages: Iterable[str] | None = None) -> list[Rating]:
    """One unit a word, one labeler a letter: "yn" is a unit that the first calls y and the second n."""
    where = list(passages or units)
    return [
        Rating(n, where[n] + str(n if passages is None else ""), f"labeler {k}", value)
        for n, unit in enumerate(units)
        for k, value in enumerate(unit)
        if value != "."
    ]


def test_the_worked_example_of_the_docstring() -> None:
    agreed = agreement(rate("yy", "yn"), "yn", reps=10)
    assert agreed is not None
    assert agreed.percent.value == pytest.approx(1 / 2)
    assert agreed.kappa is not None
    assert agreed.alpha is not None
    assert agreed.kappa.value == pytest.approx(-1 / 3)
    assert agreed.alpha.value == pytest.approx(0)
    assert (agreed.n_pairs, agreed.n_agree, agreed.n_units, agreed.n_labelers) == (2, 1, 2, 2)


def test_krippendorffs_own_example() -> None:
    """Krippendorff (2011), “Computing Krippendorff's alpha-reliability”: nominal .743, interval .849."""
    matrix = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    ratings = [
        Rating(unit, str(unit), f"coder {coder}", value)
        for coder, row in enumerate(matrix)
        for unit, value in enumerate(row)
        if value is not None
    ]
    nominal = agreement(ratings, [1, 2, 3, 4, 5], reps=10)
    by_size = agreement(ratings, [1, 2, 3, 4, 5], as_interval=True, reps=10)
    assert nominal is not None
    assert nominal.alpha is not None
    assert nominal.alpha.value == pytest.approx(0.743, abs=0.0005)
    assert by_size is not None
    assert by_size.alpha is not None
    assert by_size.alpha.value == pytest.approx(0.849, abs=0.0005)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("yn.", min_size=3, max_size=3), min_size=1, max_size=12))
def test_percent_counts_every_pair_once(units: list[str]) -> None:
    ratings = rate(*units)
    agreed = agreement(ratings, "yn", reps=5)
    pairs = [
        one.value == other.value
        for one, other in itertools.combinations(ratings, 2)
        if one.unit == other.unit and one.labeler != other.labeler
    ]
    if agreed is None:
        assert pairs == []
    else:
        assert (agreed.n_pairs, agreed.n_agree) == (len(pairs), sum(pairs))
        assert agreed.percent.value == pytest.approx(np.mean(pairs))


def test_agreeing_on_one_value_throughout_is_not_called_chance_corrected_agreement() -> None:
    agreed = agreement(rate("yy", "yy"), "yn", reps=10)
    assert agreed is not None
    assert agreed.percent.value == 1
    assert agreed.kappa is None
    assert agreed.alpha is None


def test_a_labeler_does_not_agree_with_itself() -> None:
    twice = [Rating("unit", "passage", "one", "y"), Rating("unit", "passage", "one", "y")]
    assert agreement(twice, "yn") is None


def test_a_value_outside_the_list_is_refused() -> None:
    with pytest.raises(ValueError, match="'x' is not one of"):
        agreement(rate("yx"), "yn")


def test_units_of_a_passage_are_resampled_together() -> None:
    ratings = rate("yy", "yy", "yn", "yn", passages="aabb")
    agreed = agreement(ratings, "yn", reps=20_000)
    assert agreed is not None
    assert agreed.n_passages == 2
    assert agreed.percent.low is not None
    assert agreed.percent.value - agreed.percent.low == pytest.approx(np.sqrt(1 / 8), abs=0.01)


def verdict_rows(one: list[bool], ranks: list[Any], other: list[bool], below: list[Any]) -> list[Any]:
    return [helpfulness_row(one, ranks, labeler="a" * 64), helpfulness_row(other, below, labeler="b" * 64)]


def test_orders_are_compared_by_sign_only() -> None:
    """Tiers 0, 0, 4 and 1, 1, 2 say the same: the first two tie and both beat the third."""
    same = verdict_rows([True] * 3, [0, 0, 4], [True] * 3, [1, 1, 2])
    agreed = agreement(order_ratings(same, helpful_only=True), [-1, 0, 1], reps=10)
    assert agreed is not None
    assert (agreed.n_pairs, agreed.n_agree) == (3, 3)


def test_a_helpful_critique_beats_one_that_is_not() -> None:
    same = verdict_rows([True, False], [None, None], [True, False], [None, None])
    assert [r.value for r in order_ratings(same, helpful_only=False)] == [1, 1]
    assert list(order_ratings(same, helpful_only=True)) == []


def bent(helpful: list[bool], ranks: list[Any], **fields: Any) -> bool:
    question = helpfulness_row(helpful, ranks)["data"]["questions"][0] | fields
    return follows_the_form(question)


def test_the_form_asks_one_question_after_the_verdicts() -> None:
    new = {"text": "Better.", "category": "accuracy", "severity": 2, "category_text": ""}
    assert bent([True, True], [0, 0])
    assert bent([True, False], [None, None])
    assert bent([True, False], [None, None], has_better_critique=True, new_critique=new)
    assert bent([False], [None], has_better_critique=None, is_critiqueable=False)
    assert not bent([True, True], [0, None])
    assert not bent([True, False], [0, None])
    assert not bent([True], [None], is_critiqueable=True)
    assert not bent([True], [None], new_critique=new)
    assert not bent([False], [None])


def assisted_pair() -> list[Any]:
    one = label(found("The date is wrong."), found("Too long.", severity=4), id="a", labeler="a" * 64)
    two = label(found("the date is wrong", severity=3, category="coverage"), id="b", labeler="b" * 64, assisted=True)
    empty = label(id="c", labeler="a" * 64), label(id="d", labeler="b" * 64)
    return [assistance_row(one, two), assistance_row(*empty, source_id="s2")]


def test_two_labelers_found_the_same_flaw() -> None:
    pairs = list(label_pairs(assisted_pair()))
    assert [pair.matches for pair in pairs] == [[(0, 0)], []]
    shared = overlap(pairs, reps=10)
    assert shared.shared is not None
    assert shared.shared.value == pytest.approx(2 / 3)
    assert (shared.n_label_pairs, shared.n_both_empty, shared.n_matches, shared.n_critiques) == (2, 1, 1, 3)
    assert [r.value for r in severity_ratings(pairs)] == [2, 3]
    assert [r.value for r in category_ratings(pairs)] == ["accuracy", "coverage"]
    critiqued = agreement(critiqued_ratings(assisted_pair()), [False, True], reps=10)
    assert critiqued is not None
    assert (critiqued.n_pairs, critiqued.n_agree) == (2, 2)


def test_a_check_outweighs_the_words() -> None:
    """Same words about different intended flaws are no match; different words about the same one are."""
    one = label(found("It is wrong."), found("No."), id="a", labeler="a" * 64)
    other = label(found("It is wrong."), found("Entirely another wording."), id="b", labeler="b" * 64)
    row = assistance_row(one, other, planted=2)
    checks = [
        check("a", ("It is wrong.", True, [0]), ("No.", True, [1]), intended=2),
        check("b", ("It is wrong.", True, []), ("Entirely another wording.", True, [1]), intended=2),
    ]
    assert next(label_pairs([row])).matches == [(0, 0)]
    assert next(label_pairs([row], intended=checks)).matches == [(1, 1)]


def test_one_critique_is_matched_once() -> None:
    one = label(found("The date is wrong."), found("The date is wrong!"), id="a", labeler="a" * 64)
    other = label(found("The date is wrong."), id="b", labeler="b" * 64)
    assert len(next(label_pairs([assistance_row(one, other)])).matches) == 1


def test_labels_of_different_answers_are_not_compared() -> None:
    one, other = label(found(), labeler="a" * 64), label(found(), labeler="b" * 64, source="Human")
    assert list(label_pairs([assistance_row(one, other)])) == []


def test_the_released_rows_count_as_the_paper_released_them() -> None:
    rows = list(records.read(records.HELPFULNESS, released("helpfulness.jsonl")))
    assert count(rows) == HelpfulnessCounts(
        rows=196,
        passages=140,
        questions=563,
        critiques=3314,
        helpful=1067,
        new_critiques=125,
        state_exceptions=22,
        ranked=248,
    )


def test_the_released_verdicts_agree_in_21_of_31_pairs() -> None:
    rows = records.read(records.HELPFULNESS, released("helpfulness.jsonl"))
    agreed = agreement(helpful_ratings(rows), [False, True], reps=100)
    assert agreed is not None
    assert (agreed.n_agree, agreed.n_pairs) == (21, 31)
