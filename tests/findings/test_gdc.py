"""Generator, discriminator, critique gaps, win rates and critique quality, worked by hand."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from findings import jsonl, records
from findings.__main__ import main
from findings.model_evaluations.gdc import METRICS, Gaps, Metric, Question, Sample, gaps, severity
from findings.model_evaluations.quality import Share, helpful_by_critic
from findings.model_evaluations.refining import Contest, Outcome, outcomes, win_rates
from findings.statistics.means import means
from tests.findings.test_records import refinement_judgement
from tests.findings.test_trust import judgement


def sample(score: float, *, perfect: bool = False, severe: int | None = None, rating: int | None = None) -> Sample:
    """`severe` is the severity of a helpful critique; none means that the critique is not helpful."""
    return Sample(score, severe is not None, severe, perfect, rating)


def told(samples: list[Sample], metric: Metric = "uncritiqueable", *, n: int = 2) -> dict[str, float]:
    result = gaps([Question("p", tuple(samples))], metric, n=n, reps=2)
    return {name: mean.value for name, mean in result.values.items()}


def test_the_worked_example_of_the_docstring() -> None:
    """Of the three pairs two choose the perfect sample, and one a tie between two that are not."""
    values = told([sample(0.1, perfect=True), sample(0.2), sample(0.2)])
    assert values["G"] == pytest.approx(1 / 3)
    assert values["D"] == pytest.approx(2 / 3)
    assert values["GD"] == pytest.approx(1 / 3)


def test_ties_share_the_choice() -> None:
    """Equal scores choose at random: D equals G, whichever sample comes first."""
    for order in itertools.permutations([sample(0.5, perfect=True), sample(0.5), sample(0.5)]):
        values = told(list(order))
        assert values["D"] == pytest.approx(values["G"]) == pytest.approx(1 / 3)
        assert values["GD"] == pytest.approx(0)


def test_a_critique_that_is_not_helpful_is_least_severe_whatever_it_claims() -> None:
    assert severity(Sample(0.5, False, None, True)) == 0
    assert severity(Sample(0.5, True, None, True)) == 1
    assert severity(Sample(0.5, True, 3, True)) == 3


def test_helpfulness_first_and_severity_breaks_ties() -> None:
    """Ratings 7, 4, 1; critiques: none helpful, severity 2, severity 4. C picks 7, 7 and 4."""
    values = told([sample(0.9, rating=7), sample(0.5, severe=2, rating=4), sample(0.1, severe=4, rating=1)], "likert")
    assert values["G"] == pytest.approx(4)
    assert values["C"] == pytest.approx((7 + 7 + 4) / 3)
    assert values["D"] == pytest.approx((4 + 1 + 1) / 3)
    assert values["CD"] == pytest.approx(values["D"] - values["C"])
    assert values["oracle"] == values["C"]


@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_win_rate_of_the_best_reaches_its_ceiling_and_g_is_a_half(n: int) -> None:
    """Distinct ratings, chosen truly: the best beats all but itself, 1 - 1/(2N)."""
    samples = [sample(0.1 * k, rating=7 - k) for k in range(5)]
    values = told(samples, "win_rate", n=n)
    assert values["G"] == pytest.approx(1 / 2)
    assert values["oracle"] == values["D"] == pytest.approx(1 - 1 / (2 * n))


def test_ties_between_labelers_keep_the_win_rate_below_the_ceiling() -> None:
    """Two equal samples and a better one: pairs (better, equal) twice win 3/4, the tied pair 1/2."""
    samples = [sample(0.1, rating=6), sample(0.5, rating=3), sample(0.6, rating=3)]
    assert told(samples, "win_rate")["oracle"] == pytest.approx((3 / 4 + 3 / 4 + 1 / 2) / 3)


SAMPLES = st.lists(
    st.builds(
        Sample,
        st.sampled_from([0.1, 0.5, 0.9]),
        st.booleans(),
        st.none() | st.integers(1, 4),
        st.booleans(),
    ),
    min_size=2,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(samples=SAMPLES, n=st.integers(2, 4))
def test_for_binary_quality_the_win_rate_is_linear_in_accuracy(samples: list[Sample], n: int) -> None:
    """The paper: win rate = (1 + ACC_X - ACC_G) / 2."""
    if len(samples) < n:
        return
    accuracy, wins = told(samples, "uncritiqueable", n=n), told(samples, "win_rate", n=n)
    for value in ("G", "D", "C", "oracle"):
        assert wins[value] == pytest.approx((1 + accuracy[value] - accuracy["G"]) / 2)


@settings(max_examples=60, deadline=None)
@given(samples=SAMPLES)
def test_no_choice_beats_the_oracles(samples: list[Sample]) -> None:
    values = told(samples)
    assert values["G"] == pytest.approx(np.mean([s.perfect for s in samples]))
    assert values["oracle"] >= max(values["G"], values["D"], values["C"]) - 1e-9
    assert values["GD"] + 0 == pytest.approx(values["GC"] + values["CD"])


def over(passages: list[str]) -> Gaps:
    good, poor = sample(0.1, perfect=True), sample(0.9)
    return gaps([Question(p, (good, poor)) for p in passages], "uncritiqueable", reps=100)


def test_questions_without_enough_samples_or_ratings_are_left_out_and_counted() -> None:
    single = Question("p", (sample(0.1, rating=4),))
    unrated = Question("q", (sample(0.1, rating=4), sample(0.2)))
    rated = Question("r", (sample(0.1, rating=4), sample(0.2, rating=2)))
    result = gaps([single, unrated, rated], "likert", reps=2)
    assert (result.n_left_out, result.values["G"].n) == (2, 1)
    assert result.values["GD"].value == pytest.approx(1)
    assert over(["p", "q"]).values["G"].n_passages == 2


def test_best_of_one_and_too_many_subsets_are_refused() -> None:
    with pytest.raises(ValueError, match="2 or more"):
        gaps([], "likert", n=1)
    many = Question("p", tuple(sample(0.1) for _ in range(40)))
    with pytest.raises(ValueError, match="more than 50000 subsets"):
        gaps([many], "uncritiqueable", n=8)


def gap_row(**more: Any) -> Any:
    """Two answers: one perfect, rated 7, its critique not helpful; one flawed, rated 3, its critique severe."""
    good = {"answer": "A", "temperature": 0.5, "critiqueability": 0.2, "critique": "No.", "helpful": False}
    poor = {"answer": "B", "temperature": 0.5, "critiqueability": 0.7, "critique": "Yes.", "helpful": True}
    samples = [
        good | {"severity": None, "perfect": True, "rating": 7},
        poor | {"severity": 3, "perfect": False, "rating": 3},
    ]
    data = {"passage": {"text": "P", "title": None}, "question": "Q", "samples": samples}
    return {"id": "g1", "model": "small", "judge": "people", "data": data, **more}


def test_human_rows_give_the_gaps_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jsonl.write(tmp_path / "rows.jsonl", [gap_row(), gap_row(judge="oracle")])
    assert main(["gaps", str(tmp_path / "rows.jsonl"), "--reps", "5"]) == 0
    told_gaps = orjson.loads(capsys.readouterr().out)["gaps"]
    assert {(g["judge"], g["metric"]) for g in told_gaps} == {
        (judge, metric) for judge in ("people", "oracle") for metric in METRICS
    }
    likert = next(g for g in told_gaps if g["metric"] == "likert")
    values = {name: mean["interval"]["value"] for name, mean in likert["values"].items()}
    assert values == {"G": 5, "D": 7, "C": 7, "oracle": 7, "GD": 2, "GC": 2, "CD": 0}


def test_win_rates_and_quality_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jsonl.write(tmp_path / "wins.jsonl", [refinement_judgement(better="refinement")])
    assert main(["winrates", str(tmp_path / "wins.jsonl")]) == 0
    rate = orjson.loads(capsys.readouterr().out)["win_rates"][0]
    assert (rate["method"], rate["judge"], rate["interval"]["value"], rate["n"]) == ("direct", "people", 1, 1)
    jsonl.write(tmp_path / "judged.jsonl", [judgement((0, True), (1, False))])
    assert main(["quality", str(tmp_path / "judged.jsonl")]) == 0
    share = orjson.loads(capsys.readouterr().out)["helpful"][0]
    assert (share["critic"], share["answers"], share["interval"]["value"]) == ("small", "all", 0.5)


def test_only_a_helpful_critique_is_severe() -> None:
    row = gap_row()
    assert records.validate("gap_samples", row) is row
    row["data"]["samples"][0]["severity"] = 1
    with pytest.raises(records.RecordError, match=r"samples\[0\]\.severity: is set although"):
        records.validate("gap_samples", row)


def test_win_rates_are_kept_apart_by_contest_and_judge() -> None:
    rows: list[Any] = [
        refinement_judgement(better="refinement"),
        refinement_judgement(better=None),
        refinement_judgement(better="original", method="conditional", n=4),
    ]
    direct = Contest("small", "direct", 1, True, "people")
    by_oracle = Outcome(direct._replace(judge="oracle"), "p", 0.0)
    rates = win_rates([*outcomes(rows), by_oracle], reps=2)
    assert {contest: (mean.value, mean.n) for contest, mean in rates.items()} == {
        direct: (0.75, 2),
        Contest("small", "conditional", 4, True, "people"): (0.0, 1),
        direct._replace(judge="oracle"): (0.0, 1),
    }


def test_helpful_shares_by_critic_over_all_and_over_critiqueable_answers() -> None:
    """Answer A is flawed (a helpful critique), answer B is not; `small` wrote two critiques of each."""
    flawed, sound = judgement((0, True), (1, False)), judgement((0, False), (1, False))
    sound["data"] |= {"answer": "B", "critiqueable": False}
    shares = helpful_by_critic([flawed, sound], reps=2)
    assert shares[Share("small", "all", False)].value == pytest.approx(1 / 4)
    assert shares[Share("small", "critiqueable", False)].value == pytest.approx(1 / 2)
    assert Share("small", "all", True) not in shares
    flawed["data"]["critiques"][0]["clearly_helpful"] = True
    asked = helpful_by_critic([flawed, sound], reps=2)
    assert asked[Share("small", "all", True)].value == pytest.approx(1 / 4)


def test_means_resample_the_passages_of_all_groups_together() -> None:
    values = [("a", "p", 0.0), ("a", "q", 1.0), ("b", "p", 0.0), ("b", "q", 1.0), ("b", "q", 1.0)]
    told_means = means(values, reps=20_000)
    assert told_means["a"].interval.low is not None
    assert told_means["a"].value - told_means["a"].interval.low == pytest.approx(np.sqrt(1 / 8), abs=0.01)
    assert told_means["b"].value == pytest.approx(2 / 3)
    assert (told_means["b"].n, told_means["b"].n_passages) == (3, 2)
    assert means([]) == {}
