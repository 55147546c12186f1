"""Have labelers shown calibrated scores: learned from verdicts of one study, switched on in the next."""

from __future__ import annotations

from findings.statistics.calibration import Method, Platt, TooFewVerdictsError, fit
from findings.statistics.scoring import Scored
from labeling.enums import StudyState
from labeling.models import Study
from labeling.refusals import Refused


def calibrate(study: Study, *, source: Study, verdicts: Scored, method: Method) -> None:
    """Show this study's labelers the critic's scores as `verdicts`, those on `source`, calibrate them.

    Only before the study opens, so that all its labelers are shown scores of one kind. The order of suggestions
    and what is exported stay the critic's own; what each labeler saw is kept beside (ShownSuggestion).
    """
    _check_can_change(study)
    if source.critic != study.critic:
        raise Refused("Verdicts on another critic's suggestions say nothing about this one's scores.")
    try:
        learned = fit(verdicts, method)
    except TooFewVerdictsError as few:
        raise Refused(f"“{source}” has too few verdicts to calibrate on: some must be helpful and some not.") from few
    if isinstance(learned, Platt) and learned.slope < 0:
        raise Refused("The verdicts run against the scores: calibrated, the first suggestions would score lowest.")
    study.calibration = {"map": learned.as_dict(), "source": source.name, "verdicts": len(verdicts)}
    study.save(update_fields=["calibration"])


def show_own_scores(study: Study) -> None:
    """Show the critic's own scores again."""
    _check_can_change(study)
    study.calibration = None
    study.save(update_fields=["calibration"])


def _check_can_change(study: Study) -> None:
    if study.state != StudyState.PREPARING:
        raise Refused("Scores are calibrated before a study opens, so that all of its labelers see the same kind.")
