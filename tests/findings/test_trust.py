"""Reliance on suggestions, the worth of their scores, and calibration, worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from findings.human_study.trust import display_order, reliance, shown_suggestions, trust
from findings.human_study.verdicts import ScoresError, scored_verdicts
from findings.statistics.calibration import Platt, TooFewVerdictsError, fit, from_dict, gain
from findings.statistics.scoring import Scored, ScoredCritique, ranking, reliability
from tests.findings.rows import LABELER, assistance_row, found, helpfulness_row, label, passage


def judgement(*verdicts: tuple[int, bool], label_id: str = "a", score: float | None = 0.5, id: str = "j") -> Any:
    critiques = [
        {
            "critique": f"Suggestion {index}.",
            "critic": "small",
            "helpful": helpful,
            "clearly_helpful": None,
            "severity": None,
            "rank": None,
            "score": score,
            "shown_as": [{"label_id": label_id, "assistance_critique": index}],
        }
        for index, helpful in verdicts
    ]
    data = {
        "passage": passage(),
        "question": "Q",
        "answer": "A",
        "answer_source": "Model",
        "critiqueable": True,
    }
    return {
        "id": id,
        "source_id": "s1",
        "time": 1.0,
        "labeler": LABELER,
        "data": data | {"critiques": critiques},
    }


def test_suggestions_are_shown_by_score_and_ties_as_stored() -> None:
    """The released row of the paper's assistance file: display order 0, 3, 5, 6, 2, 1, 4."""
    stored = [0.8506, 0.3561, 0.3963, 0.8051, 0.3507, 0.7884, 0.7581]
    assert display_order(stored) == [0, 3, 5, 6, 2, 1, 4]
    assert display_order([0.5, 0.7, 0.5]) == [1, 0, 2]


def assisted_row() -> Any:
    """Four suggestions stored with scores .1 .9 .5 .5; the labeler used 0 and 1."""
    offered = tuple(f"Suggestion {n}." for n in range(4))
    seen = label(
        found(used=0),
        found(used=1),
        found(),
        id="a",
        assisted=True,
        offered=offered,
        scores=(0.1, 0.9, 0.5, 0.5),
    )
    return assistance_row(seen, label(found(), id="b"))


def test_over_and_under_reliance_by_hand() -> None:
    """0 is not valid and used; 1 valid and used; 2 valid and passed over; 3 was never judged."""
    judged = [judgement((0, False), (1, True), (2, True))]
    groups = {r.group: r for r in reliance(shown_suggestions([assisted_row()], judged))}
    whole = groups["all"]
    assert whole.over is not None
    assert whole.under is not None
    assert (whole.over.value, whole.under.value) == (1, 1 / 2)
    assert (whole.n_invalid, whole.n_valid, whole.n_shown, whole.covered) == (1, 2, 4, 3 / 4)
    first, last = groups["rank 1"], groups["rank 4"]
    assert (first.n_valid, first.over, first.n_shown) == (1, None, 1)
    assert last.over is not None
    assert last.over.value == 1
    assert (groups["score 0.0-0.2"].n_invalid, groups["score 0.4-0.6"].n_shown) == (1, 2)
    assert groups["score 0.8-1.0"].n_valid == 1


def test_the_majority_of_judges_decides_and_a_tie_leaves_out() -> None:
    judged = [
        judgement((0, True)),
        judgement((0, True)),
        judgement((0, False)),
        judgement((1, True)),
        judgement((1, False)),
    ]
    met = {s.rank: s.valid for s in shown_suggestions([assisted_row()], judged)}
    assert met[3] is True  # suggestion 0, shown last
    assert met[0] is None  # suggestion 1, shown first


def scored(*rows: tuple[float, bool, str], passage_of: Any = None) -> Scored:
    return Scored.of(ScoredCritique(s, h, q, passage_of(q) if passage_of else q) for s, h, q in rows)


def test_ranking_by_hand() -> None:
    """Question a: helpful .9 over .2, AUC 1. Question b: helpful .4 ties one, loses to one, 1/4."""
    ranked = ranking(
        scored(
            (0.9, True, "a"),
            (0.2, False, "a"),
            (0.4, True, "b"),
            (0.4, False, "b"),
            (0.8, False, "b"),
            (0.5, True, "c"),
        )
    )
    assert ranked.auc is not None
    assert ranked.precision_at_1 is not None
    assert ranked.auc.value == pytest.approx((1 + 1 / 4) / 2)
    assert (ranked.n_auc, ranked.n_questions) == (2, 3)
    assert ranked.precision_at_1.value == pytest.approx((1 + 0 + 1) / 3)
    assert ranked.random_at_1 == pytest.approx((1 / 2 + 1 / 3 + 1) / 3)


def test_scores_of_another_file_are_refused() -> None:
    rows = [helpfulness_row([True, False], [None, None])]
    fitting: Any = {"id": "b1", "question_index": 0, "scores": [0.9, 0.1]}
    assert [(c.score, c.helpful) for c in scored_verdicts(rows, [fitting])] == [(0.9, True), (0.1, False)]
    with pytest.raises(ScoresError, match="row b1, question 0: 1 scores, 2 critiques"):
        list(scored_verdicts(rows, [fitting | {"scores": [0.9]}]))
    with pytest.raises(ScoresError, match="row b1, question 4, which the rows do not hold"):
        list(scored_verdicts(rows, [fitting, fitting | {"question_index": 4}]))


def test_tied_first_places_are_shared() -> None:
    ranked = ranking(scored((0.5, True, "a"), (0.5, False, "a")))
    assert ranked.precision_at_1 is not None
    assert ranked.precision_at_1.value == 1 / 2


def test_reliability_by_hand() -> None:
    told = reliability(scored((0.1, False, "a"), (0.95, True, "a"), (0.95, False, "b"), (1.0, True, "b")))
    assert told is not None
    assert [(b.low, b.high, b.n) for b in told.bins] == [(0.1, 0.2, 1), (0.9, 1.0, 3)]
    assert told.bins[1].mean_score == pytest.approx(2.9 / 3)
    assert told.bins[1].helpful.value == pytest.approx(2 / 3)
    assert told.brier.value == pytest.approx((0.01 + 0.0025 + 0.9025 + 0) / 4)
    assert told.expected_error == pytest.approx((0.1 + 3 * (2.9 / 3 - 2 / 3)) / 4)


def test_a_score_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lies in 0\.\.1"):
        scored((1.2, True, "a"))


def overconfident(n: int = 4000) -> Scored:
    """Scores whose logit is twice what it should be: helpful with chance expit(logit(score) / 2)."""
    rng = np.random.default_rng(0)
    score = rng.uniform(0.01, 0.99, n)
    honest = 1 / (1 + np.exp(-np.log(score / (1 - score)) / 2))
    verdicts = rng.random(n) < honest
    return scored(*((float(s), bool(v), str(k % 50)) for k, (s, v) in enumerate(zip(score, verdicts, strict=True))))


def test_platt_finds_the_slope_that_made_the_verdicts() -> None:
    found_slope = fit(overconfident(), "platt")
    assert isinstance(found_slope, Platt)
    assert found_slope.slope == pytest.approx(0.5, abs=0.05)
    assert found_slope.intercept == pytest.approx(0, abs=0.1)


def test_isotonic_pools_adjacent_violators_by_hand() -> None:
    """Shares 0, 1, 0, 1 at rising scores: the middle two pool to a half."""
    fitted = fit(scored((0.1, False, "a"), (0.4, True, "a"), (0.6, False, "a"), (0.9, True, "a")), "isotonic")
    assert fitted.apply(np.array([0.0, 0.1, 0.4, 0.5, 0.6, 0.9, 1.0])).tolist() == [0, 0, 0.5, 0.5, 0.5, 1, 1]


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_calibration_helps_on_passages_it_has_not_seen(method: Any) -> None:
    told = gain(overconfident(), method)
    assert told.brier_after < told.brier_before
    assert told.log_loss_after < told.log_loss_before


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=30),
    st.sampled_from(["platt", "isotonic"]),
)
def test_a_saved_calibration_is_the_same_calibration(rows: list[tuple[float, bool]], method: Any) -> None:
    table = scored(*((s, h, "q") for s, h in rows))
    if len({h for _, h in rows}) == 1:
        with pytest.raises(TooFewVerdictsError):
            fit(table, method)
        return
    fitted = fit(table, method)
    scores = np.linspace(0, 1, 11)
    calibrated = fitted.apply(scores)
    assert ((calibrated >= 0) & (calibrated <= 1)).all()
    assert (from_dict(fitted.as_dict()).apply(scores) == calibrated).all()


def test_something_else_is_not_a_calibration() -> None:
    with pytest.raises(ValueError, match="not a saved calibration"):
        from_dict({"method": "platt"})


def test_trust_without_both_verdicts_has_no_calibration_but_says_the_rest() -> None:
    told = trust([assisted_row()], [judgement((1, True), score=0.9)], reps=10)
    assert told.calibration == []
    assert told.reliability is not None
    assert told.ranking.auc is None
    assert told.reliance[0].n_valid == 1
