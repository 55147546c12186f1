"""Everything that is estimated about one human study, gathered from its records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from findings.human_study.agreements import StudyAgreements, of_study
from findings.human_study.assistance import Finding, Summary, edit_distance, estimate
from findings.human_study.cells import Design, design
from findings.human_study.labels import tabulate
from findings.human_study.regression import RobustEffect, StatsMissingError, robust_effects
from findings.human_study.trust import Trust, trust
from findings.records import AssistanceRecord, ExtendedAssistanceRecord, IntendedCheckRecord, JudgementRecord
from findings.statistics.estimates import REPS


@dataclass(frozen=True, slots=True)
class Results:
    """The numbers of one study and how they came about."""

    source: str
    """Where the records came from, as a reader should see it: a file's name, a study's."""
    seed: int
    reps: int
    design: Design
    summary: Summary
    edit_distance: float | None
    robust: list[RobustEffect]
    robust_missing: str | None
    """Why there is no cluster-robust estimate, where there is none."""
    agreements: StudyAgreements
    trust: Trust | None
    """Null where no judgements of suggestions were given."""

    @property
    def findings(self) -> list[Finding]:
        return self.summary.findings


def analyse(
    records: Iterable[AssistanceRecord | ExtendedAssistanceRecord],
    *,
    source: str,
    intended: Iterable[IntendedCheckRecord] = (),
    judgements: Iterable[JudgementRecord] = (),
    seed: int = 0,
    reps: int = REPS,
) -> Results:
    """Estimate everything. Raises CheckError if `intended` does not fit the records."""
    rows, checks, judged = list(records), list(intended), list(judgements)
    labels = tabulate(rows, intended=checks)
    robust: list[RobustEffect] = []
    robust_missing = None
    try:
        robust = robust_effects(labels)
    except StatsMissingError as missing:
        robust_missing = str(missing)
    return Results(
        source=source,
        seed=seed,
        reps=reps,
        design=design(labels),
        summary=estimate(labels, seed=seed, reps=reps),
        edit_distance=edit_distance(labels),
        robust=robust,
        robust_missing=robust_missing,
        agreements=of_study(rows, intended=checks, seed=seed, reps=reps),
        trust=trust(rows, judged, seed=seed, reps=reps) if judged else None,
    )
