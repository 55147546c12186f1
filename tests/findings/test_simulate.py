"""Simulated studies: their truth is what it says, and the intervals hold it about as often as they say."""

from __future__ import annotations

import pytest

from findings import records
from findings.human_study.cells import design
from findings.human_study.labels import tabulate
from findings.human_study.regression import robust_effect
from findings.planning.coverage_and_power import ONE_SIGMA, SCENARIOS, coverage, power
from findings.planning.simulate import StudyPlan, from_pilot, simulate, simulate_labels, uniform_effect


def test_every_simulated_row_is_a_record_of_the_released_file() -> None:
    rows = [records.validate("assistance", row) for row in simulate(StudyPlan(passages=5), seed=3)]
    assert len(rows) == 5
    assert rows == list(simulate(StudyPlan(passages=5), seed=3))
    assert rows != list(simulate(StudyPlan(passages=5), seed=4))


def test_nobody_labels_a_passage_twice_and_every_cell_is_filled() -> None:
    covered = design(tabulate(simulate(StudyPlan(passages=10, questions_per_passage=3), seed=0)))
    assert covered.repeated_labelers == 0
    assert covered.complete == covered.questions == 30
    assert len(covered.cells) == 6


def test_the_means_of_a_large_study_are_the_stated_truth() -> None:
    plan = StudyPlan(passages=2500, labelers=400)
    labels = simulate_labels(plan, seed=1)
    for assisted in (False, True):
        mean = labels.critiques[labels.assisted == assisted].mean()
        assert mean == pytest.approx(plan.truth(None, assisted=assisted), abs=0.06)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"labelers": 5}, "needs 6 labelers"),
        ({"labelers": 11, "questions_per_passage": 2}, "needs 12 labelers"),
        ({"passages": 0}, "at least one passage"),
        ({"effect": uniform_effect(-0.1)}, "may not be negative"),
        ({"missing": 1.0}, "below 1"),
        ({"base": {"Model": 1.0}}, "a value for each"),
    ],
)
def test_an_impossible_plan_is_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StudyPlan(**wrong)  # type: ignore[arg-type]


def test_a_pilot_gives_back_the_plan_it_came_from() -> None:
    truth = StudyPlan(passages=1500, labelers=150, labeler_share=0.5, labeler_variance=0.5, passage_variance=0.5)
    plan = from_pilot(simulate_labels(truth, seed=0))
    assert plan.truth(None) == pytest.approx(truth.truth(None), abs=0.06)
    assert plan.truth(None, assisted=False) == pytest.approx(truth.truth(None, assisted=False), abs=0.06)
    assert plan.passage_variance == pytest.approx(0.5, abs=0.2)
    assert plan.labeler_variance == pytest.approx(0.5, abs=0.2)


def test_a_pilot_without_a_cell_is_refused() -> None:
    labels = tabulate(row | {"labels": row["labels"][:5]} for row in simulate(StudyPlan(passages=3), seed=0))
    with pytest.raises(ValueError, match="no label of Human misleading, assisted"):
        from_pilot(labels)


def test_the_robust_difference_is_that_of_the_means() -> None:
    labels = simulate_labels(StudyPlan(passages=20), seed=5)
    effect = robust_effect(labels, "critiques_per_answer", labels.critiques, "Model")
    assert effect is not None
    model = labels.source == 0
    apart = [labels.critiques[model & (labels.assisted == k)].mean() for k in (0, 1)]
    assert effect.difference.value == pytest.approx(apart[1] - apart[0])
    assert effect.degrees == min(effect.n_passages, effect.n_labelers) - 1


def test_labelers_who_differ_widen_the_robust_interval_only() -> None:
    """With labeler slopes the truth is about labelers yet unseen: a bootstrap of passages cannot know."""
    plan = StudyPlan(passages=60, labelers=8, effect=uniform_effect(0.0), labeler_slopes=True, labeler_variance=1.0)
    held = {c.method: c for c in coverage(plan, studies=40, reps=100) if c.quantity == "effect"}
    assert held["robust"].mean_width95 > 1.3 * held["bootstrap"].mean_width95
    assert held["robust"].held95 > held["bootstrap"].held95


@pytest.mark.parametrize("name", ["effect", "null"])
def test_intervals_hold_the_truth_about_as_often_as_they_say(name: str) -> None:
    """80 studies scatter by 5 % about 68 %: four such errors are for a broken interval only."""
    for counted in coverage(SCENARIOS[name], studies=80, reps=100):
        assert counted.studies >= 78
        assert counted.share == pytest.approx(ONE_SIGMA, abs=4 * counted.error(ONE_SIGMA))
        assert counted.share95 == pytest.approx(0.95, abs=4 * counted.error(0.95))
        assert counted.mean_value == pytest.approx(counted.truth, abs=0.1)


def test_more_passages_see_more_and_the_null_is_seldom_seen() -> None:
    sizes = power(StudyPlan(effect=uniform_effect(0.3)), passages=[6, 80], labelers=[12], studies=20, reps=100)
    assert sizes[0].bootstrap < sizes[1].bootstrap
    assert sizes[1].bootstrap >= 0.8
    null = power(StudyPlan(effect=uniform_effect(0.0)), passages=[40], labelers=[12], studies=20, reps=100)
    assert null[0].bootstrap <= 0.25
    assert null[0].robust <= 0.25
