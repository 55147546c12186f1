"""The coverage of intervals and the power of sample sizes, from many simulated studies whose truth is known.

Coverage: of many simulated studies, how many intervals hold the true effect; z = 1 should hold it in 68.3 %
of them and 95 % in 95 %. Power: in how many the 95 % interval of the effect excludes 0. Every study goes
through the same estimators as a real one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from findings.human_study.assistance import estimate
from findings.human_study.labels import ANSWER_SOURCES, Labels
from findings.human_study.regression import robust_effect
from findings.planning.simulate import StudyPlan, simulate_labels, uniform_effect
from findings.statistics.estimates import Interval

#: What an interval of one normal standard deviation on each side holds.
ONE_SIGMA: Final = 0.682689

Progress = Callable[[int], None]

#: The studies that the intervals are judged on: with and without an effect, with labelers who differ in how
#: much assistance helps them and without, at the size of a study and small, complete and with gaps.
SCENARIOS: Final[dict[str, StudyPlan]] = {
    "effect": StudyPlan(),
    "null": StudyPlan(effect=uniform_effect(0.0)),
    "effect, labeler slopes": StudyPlan(labeler_slopes=True),
    "null, labeler slopes": StudyPlan(effect=uniform_effect(0.0), labeler_slopes=True),
    "null, strong labeler slopes": StudyPlan(
        labelers=12,
        effect=uniform_effect(0.0),
        labeler_slopes=True,
        labeler_share=0.5,
        labeler_variance=1.0,
    ),
    "effect, 10 passages": StudyPlan(passages=10),
    "effect, two questions a passage, a fifth missing": StudyPlan(questions_per_passage=2, missing=0.2),
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often one kind of interval held the truth of one quantity."""

    method: str
    """`bootstrap` or `robust`."""
    quantity: str
    """`effect`, `effect on Model` ..., `unassisted`, `assisted`."""
    truth: float
    held: int
    held95: int
    studies: int
    """Studies in which the interval existed."""
    mean_value: float
    """Mean of the estimates: the truth, if the estimator is unbiased."""
    mean_width95: float

    @property
    def share(self) -> float:
        return self.held / self.studies

    @property
    def share95(self) -> float:
        return self.held95 / self.studies

    def error(self, nominal: float) -> float:
        """One standard error of a coverage, were it nominal: what simulation alone would scatter."""
        return float(np.sqrt(nominal * (1 - nominal) / self.studies))


def coverage(
    plan: StudyPlan, *, studies: int, seed: int = 0, reps: int = 1000, progress: Progress | None = None
) -> list[Coverage]:
    """Simulate `studies` studies of one plan (seeds seed, seed + 1, ...) and count what the intervals hold.

    Raises StatsMissingError without the `stats` extra.
    """
    truths: dict[tuple[str, str], float] = {}
    seen: dict[tuple[str, str], list[Interval]] = {}
    for n in range(studies):
        labels = simulate_labels(plan, seed=seed + n)
        for method, quantity, truth, interval in _intervals(plan, labels, seed=seed + n, reps=reps):
            truths[method, quantity] = truth
            seen.setdefault((method, quantity), []).append(interval)
        if progress is not None:
            progress(n + 1)
    return [_coverage(*key, truths[key], intervals) for key, intervals in seen.items()]


@dataclass(frozen=True, slots=True)
class Power:
    """How often the 95 % interval of the pooled effect excluded 0, by either method."""

    passages: int
    labelers: int
    effect: float
    bootstrap: float
    robust: float
    studies: int


def power(
    plan: StudyPlan,
    *,
    passages: Sequence[int],
    labelers: Sequence[int],
    studies: int,
    seed: int = 0,
    reps: int = 1000,
    progress: Progress | None = None,
) -> list[Power]:
    """The power to see the plan's effect at each size. Raises StatsMissingError without the `stats` extra."""
    results: list[Power] = []
    for size in passages:
        for people in labelers:
            sized = replace(plan, passages=size, labelers=people)
            hits: Counter[str] = Counter()
            for n in range(studies):
                labels = simulate_labels(sized, seed=seed + n)
                for method, quantity, _, bounds in _intervals(sized, labels, seed=seed + n, reps=reps):
                    hits[method] += quantity == "effect" and _excludes_zero(bounds)
                if progress is not None:
                    progress(len(results) * studies + n + 1)
            shares = {method: hits[method] / studies for method in ("bootstrap", "robust")}
            results.append(Power(size, people, sized.truth(None), **shares, studies=studies))
    return results


def _intervals(plan: StudyPlan, labels: Labels, *, seed: int, reps: int) -> Iterator[tuple[str, str, float, Interval]]:
    """(method, quantity, truth, interval) of one study's critiques per answer, by both methods."""
    summary = estimate(labels, seed=seed, reps=reps)
    for effect in summary.effects:
        if effect.name == "critiques_per_answer":
            source = effect.answer_source
            yield "bootstrap", _effect_on(source), plan.truth(source), effect.difference
    for finding in summary.findings:
        cell = (finding.name, finding.answer_source)
        if cell == ("critiques_per_answer", None) and finding.assisted is not None:
            level = "assisted" if finding.assisted else "unassisted"
            bounds = Interval(finding.value, finding.low, finding.high, finding.low95, finding.high95)
            yield "bootstrap", level, plan.truth(None, assisted=finding.assisted), bounds
    for source in (*ANSWER_SOURCES, None):
        robust = robust_effect(labels, "critiques_per_answer", labels.critiques, source)
        if robust is not None:
            yield "robust", _effect_on(source), plan.truth(source), robust.difference


def _effect_on(source: str | None) -> str:
    return "effect" if source is None else f"effect on {source}"


def _coverage(method: str, quantity: str, truth: float, intervals: Sequence[Interval]) -> Coverage:
    bounds = np.array(
        [(i.value, i.low, i.high, i.low95, i.high95) for i in intervals if i.low is not None],
        dtype=np.float64,
    ).reshape(-1, 5)
    value, low, high, low95, high95 = bounds.T
    return Coverage(
        method=method,
        quantity=quantity,
        truth=truth,
        held=int(((low <= truth) & (truth <= high)).sum()),
        held95=int(((low95 <= truth) & (truth <= high95)).sum()),
        studies=len(bounds),
        mean_value=float(value.mean()),
        mean_width95=float((high95 - low95).mean()),
    )


def _excludes_zero(bounds: Interval) -> bool:
    return bounds.low95 is not None and bounds.high95 is not None and not bounds.low95 <= 0 <= bounds.high95
