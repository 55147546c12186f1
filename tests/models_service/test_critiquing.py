"""Eight samples to suggestions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_service.critiquing import is_degenerate, suggestions
from models_service.types import PAPER_TEMPERATURES


def test_keeps_all_points_duplicates_at_the_first_and_ranks_the_rest():
    texts = ["b", "a", "b", "c", "a", "B", "c ", "c"]
    scores = [0.2, 0.9, 0.3, 0.9, 0.1, 0.2, 0.5, 0.0]
    made = suggestions(texts, PAPER_TEMPERATURES, scores)
    assert [s.text for s in made] == texts
    assert [s.same_as for s in made] == [None, None, 0, None, 1, None, None, 3]
    assert [s.rank for s in made] == [3, 0, None, 1, None, 4, 2, None], "ties keep sampling order"
    assert [s.helpfulness for s in made] == [0.2, 0.9, 0.2, 0.9, 0.9, 0.2, 0.5, 0.9]


def test_a_worked_example_of_the_prompt_is_no_suggestion():
    made = suggestions(["ferry", "a", "ferry", "b"], [0.0, 0.3, 0.6, 1.0], [0.9, 0.2, 0.9, 0.4], {"ferry", "frost"})
    assert [s.copied for s in made] == [True, False, True, False]
    assert [s.rank for s in made] == [None, 1, None, 0]
    assert [s.text for s in made] == ["ferry", "a", "ferry", "b"], "what was sampled stays on record"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), min_size=1, max_size=8))
def test_ranks_are_dense_and_never_rise_in_helpfulness(samples):
    texts, scores = zip(*samples, strict=True)
    made = suggestions(texts, [0.5] * len(texts), scores)
    shown = sorted((s for s in made if s.rank is not None), key=lambda s: s.rank)
    assert [s.rank for s in shown] == list(range(len(set(texts))))
    assert [s.helpfulness for s in shown] == sorted((s.helpfulness for s in shown), reverse=True)
    assert [s.text for s in made if s.same_as is None] == list(dict.fromkeys(texts))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "?! …",
        "The answer leavesgogogogogogogo",
        "The passage says that the passage says that the passage says that the passage says that the passage says that",
        "it is it was it is it was it was it is it is it was it is it was it is it was it was it is it is it was it",
    ],
)
def test_what_nobody_would_take_for_words_is_degenerate(text: str) -> None:
    assert is_degenerate(text)


@pytest.mark.parametrize(
    "text",
    [
        "No.",
        "1902, not 1846!",
        "No, no, no: it was never built.",
        "A trillion has twelve zeros: 1000000000000, not 1000000.",
        "答案遗漏了年份。",
        "The answer says “to the mill, to the mine and to the sea”, the passage “to the mill and to the mine”.",
        "----------------------------------- The year is wrong.",
    ],
)
def test_a_critique_however_short_or_wrong_is_none(text: str) -> None:
    assert not is_degenerate(text)


def test_what_is_degenerate_is_kept_and_never_ranked() -> None:
    made = suggestions(["", "good", "gogogogogogo", ""], [0.0, 0.1, 0.2, 0.3], [0.9, 0.2, 0.8, 0.9])
    assert [one.text for one in made] == ["", "good", "gogogogogogo", ""]
    assert [one.degenerate for one in made] == [True, False, True, True]
    assert [one.rank for one in made] == [None, 0, None, None]
