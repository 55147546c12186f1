"""Beyond the paper: the assistance effect with standard errors that know labelers as well as passages.

The paper's bootstrap resamples passages, so it is blind to labelers who differ in how much assistance helps
them. Here each outcome is regressed by least squares on assistance (and the kind of answer, where kinds are
pooled), with errors clustered by passage and by labeler at once (Cameron, Gelbach and Miller 2011), from
statsmodels. The 95 % interval uses the t distribution with min(passages, labelers) - 1 degrees of freedom.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from findings.human_study.labels import ANSWER_SOURCES, Labels
from findings.statistics.estimates import Floats, Interval

#: What to say where the extra is not installed.
MISSING: Final = "statsmodels is not installed (pip install 'second-reader[stats]'): no cluster-robust estimate"


class StatsMissingError(Exception):
    """The optional `stats` extra is not installed."""


@dataclass(frozen=True, slots=True)
class RobustEffect:
    """Assisted minus unassisted; null bounds where two-way clustering gives no positive variance."""

    name: str
    answer_source: str | None
    difference: Interval
    degrees: int
    n_labels: int
    n_passages: int
    n_labelers: int


def robust_effects(labels: Labels) -> list[RobustEffect]:
    """The effect of assistance on each outcome, by answer source and for all. Raises StatsMissingError."""
    outcomes = {
        "critiques_per_answer": labels.critiques,
        "critiqued_share": (labels.critiques > 0).astype(np.float64),
        "mean_rating": labels.rating,
        "seconds": labels.seconds,
    }
    effects = (
        robust_effect(labels, name, outcome, source)
        for name, outcome in outcomes.items()
        for source in (*ANSWER_SOURCES, None)
    )
    return [effect for effect in effects if effect is not None]


def robust_effect(labels: Labels, name: str, outcome: Floats, source: str | None) -> RobustEffect | None:
    """One effect; None without both conditions, two passages, two labelers. Raises StatsMissingError."""
    inside = labels.source >= 0 if source is None else labels.source == ANSWER_SOURCES.index(source)
    assisted = labels.assisted[inside]
    clusters = np.column_stack([labels.passage[inside], labels.labeler[inside]])
    sizes = [int(np.unique(column).size) for column in clusters.T]
    if len(np.unique(assisted)) < 2 or min(sizes) < 2:
        return None
    kinds = [labels.source[inside] == k for k in np.unique(labels.source[inside])[1:]]
    design = np.column_stack([np.ones(assisted.size), assisted, *kinds]).astype(np.float64)
    value, error = _fit(outcome[inside], design, clusters)
    degrees = min(sizes) - 1
    return RobustEffect(name, source, _interval(value, error, degrees), degrees, int(inside.sum()), *sizes)


def _fit(outcome: Floats, design: Floats, clusters: Any) -> tuple[float, float | None]:
    """The coefficient of assistance and its two-way clustered standard error."""
    try:
        from statsmodels.regression.linear_model import OLS
    except ImportError as missing:
        raise StatsMissingError(MISSING) from missing
    with warnings.catch_warnings():
        # A negative variance estimate shows as NaN below; numpy's remark on it says nothing more.
        warnings.simplefilter("ignore", RuntimeWarning)
        fit = OLS(outcome, design).fit(cov_type="cluster", cov_kwds={"groups": clusters})
        error = float(fit.bse[1])
    return float(fit.params[1]), error if math.isfinite(error) and error > 0 else None


def _interval(value: float, error: float | None, degrees: int) -> Interval:
    if error is None:
        return Interval(value, None, None, None, None)
    from scipy.stats import t

    wide = float(t.ppf(0.975, degrees)) * error
    return Interval(value, value - error, value + error, value - wide, value + wide)
