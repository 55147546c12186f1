"""Turn a helpfulness score into a calibrated probability: Platt's sigmoid or isotonic regression.

A calibration is fitted on verdicts of one study and switched on in the next; it is a small JSON object, so
it can be kept with the study. Isotonic calibration never reverses two suggestions but may tie them; Platt's
keeps their order, unless the verdicts run against the scores and its slope is negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import numpy as np
from scipy.optimize import isotonic_regression, minimize
from scipy.special import expit, logit

from findings.statistics.estimates import Floats
from findings.statistics.scoring import Scored

Method = Literal["platt", "isotonic"]
METHODS: Final[tuple[Method, ...]] = ("platt", "isotonic")

#: Scores of exactly 0 or 1 have no logit.
_EDGE: Final = 1e-6
FOLDS: Final = 5


class TooFewVerdictsError(ValueError):
    """There is nothing to calibrate on: no critique that is helpful, or none that is not."""


class Calibration(Protocol):
    """A fitted map from scores to probabilities."""

    def apply(self, scores: Floats) -> Floats:
        """Calibrated probabilities, one a score."""

    def as_dict(self) -> dict[str, Any]:
        """What `from_dict` reads."""


@dataclass(frozen=True, slots=True)
class Platt:
    """expit(slope * logit(score) + intercept); slope 1 and intercept 0 leave scores as they are."""

    slope: float
    intercept: float

    def apply(self, scores: Floats) -> Floats:
        return np.asarray(expit(self.slope * _logit(scores) + self.intercept), dtype=np.float64)

    def as_dict(self) -> dict[str, Any]:
        return {"method": "platt", "slope": self.slope, "intercept": self.intercept}


@dataclass(frozen=True, slots=True)
class Isotonic:
    """Straight lines between knots; beyond them the outermost value holds."""

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def apply(self, scores: Floats) -> Floats:
        return np.interp(scores, self.scores, self.probabilities)

    def as_dict(self) -> dict[str, Any]:
        return {"method": "isotonic", "scores": [*self.scores], "probabilities": [*self.probabilities]}


@dataclass(frozen=True, slots=True)
class Gain:
    """Brier score and log loss (nats) before and after, each critique calibrated without its own passage."""

    method: Method
    brier_before: float
    brier_after: float
    log_loss_before: float
    log_loss_after: float
    n: int


def fit(scored: Scored, method: Method) -> Calibration:
    """Fit on all critiques. Raises TooFewVerdictsError unless some are helpful and some are not."""
    if not 0 < scored.helpful.sum() < len(scored):
        raise TooFewVerdictsError("calibration needs critiques that are helpful and critiques that are not")
    return _fit_platt(scored) if method == "platt" else _fit_isotonic(scored)


def from_dict(saved: dict[str, Any]) -> Calibration:
    """Read back what `as_dict` gave. Raises ValueError for anything else."""
    match saved:
        case {"method": "platt", "slope": float(slope), "intercept": float(intercept)}:
            return Platt(slope, intercept)
        case {"method": "isotonic", "scores": [*scores], "probabilities": [*probabilities]} if (
            len(scores) == len(probabilities) > 0
        ):
            return Isotonic(tuple(scores), tuple(probabilities))
    raise ValueError("not a saved calibration: it holds a method (platt, isotonic) and its numbers")


def gain(scored: Scored, method: Method) -> Gain:
    """What calibrating would bring on passages that it was not fitted on (five folds of passages).

    Raises TooFewVerdictsError if that leaves a fold without helpful critiques, or without others, to fit on.
    """
    after = np.empty(len(scored))
    for fold in range(FOLDS):
        held_out = scored.passage % FOLDS == fold
        if held_out.any():
            after[held_out] = fit(_where(scored, ~held_out), method).apply(scored.score[held_out])
    return Gain(
        method=method,
        brier_before=_brier(scored.score, scored.helpful),
        brier_after=_brier(after, scored.helpful),
        log_loss_before=_log_loss(scored.score, scored.helpful),
        log_loss_after=_log_loss(after, scored.helpful),
        n=len(scored),
    )


def _fit_platt(scored: Scored) -> Platt:
    x = _logit(scored.score)
    good = scored.helpful.sum()
    bad = len(scored) - good
    # Platt's targets, a little inside 0 and 1, keep separable data from an infinite slope.
    target = np.where(scored.helpful > 0, (good + 1) / (good + 2), 1 / (bad + 2))

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = parameters[0] * x + parameters[1]
        gap = expit(z) - target
        return float((np.logaddexp(0, z) - target * z).sum()), np.array([(gap * x).sum(), gap.sum()])

    fitted = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS")
    return Platt(float(fitted.x[0]), float(fitted.x[1]))


def _fit_isotonic(scored: Scored) -> Isotonic:
    knots, which, sizes = np.unique(scored.score, return_inverse=True, return_counts=True)
    shares = np.bincount(which, weights=scored.helpful) / sizes
    fitted = isotonic_regression(shares, weights=sizes).x
    return Isotonic(tuple(knots.tolist()), tuple(fitted.tolist()))


def _where(scored: Scored, rows: Any) -> Scored:
    return Scored(scored.score[rows], scored.helpful[rows], scored.question[rows], scored.passage[rows])


def _logit(scores: Floats) -> Floats:
    return np.asarray(logit(np.clip(scores, _EDGE, 1 - _EDGE)), dtype=np.float64)


def _brier(probability: Floats, helpful: Floats) -> float:
    return float(((probability - helpful) ** 2).mean())


def _log_loss(probability: Floats, helpful: Floats) -> float:
    p = np.clip(probability, _EDGE, 1 - _EDGE)
    return float(-(helpful * np.log(p) + (1 - helpful) * np.log(1 - p)).mean())
