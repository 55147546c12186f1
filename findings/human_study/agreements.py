"""The agreements that each kind of file allows, gathered by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from findings.human_study.labels import CATEGORIES, SEVERITIES
from findings.human_study.same_flaw import (
    Overlap,
    category_ratings,
    critiqued_ratings,
    label_pairs,
    overlap,
    severity_ratings,
)
from findings.human_study.verdicts import helpful_ratings, order_ratings
from findings.records import (
    AssistanceRecord,
    ExtendedAssistanceRecord,
    HelpfulnessRecord,
    IntendedCheckRecord,
)
from findings.statistics.agreement import Agreement, agreement
from findings.statistics.estimates import REPS


@dataclass(frozen=True, slots=True)
class StudyAgreements:
    """How far labelers of one answer agree; null where no two labelers can be compared."""

    critiqued: Agreement | None
    """Whether the answer has any flaw."""
    overlap: Overlap
    severity: Agreement | None
    """Of flaws that both found."""
    category: Agreement | None


@dataclass(frozen=True, slots=True)
class VerdictAgreements:
    """How far judges of model critiques agree; null where no two judged the same."""

    helpful: Agreement | None
    order: Agreement | None
    """Better, tie or worse, on every two critiques of an answer."""
    order_of_helpful: Agreement | None
    """The same, on pairs whose both members both labelers find helpful."""


def of_study(
    records: Sequence[AssistanceRecord | ExtendedAssistanceRecord],
    *,
    intended: Sequence[IntendedCheckRecord] = (),
    seed: int = 0,
    reps: int = REPS,
) -> StudyAgreements:
    """Agreement between the labelers of a human study, whatever their conditions."""
    pairs = list(label_pairs(records, intended=intended))
    return StudyAgreements(
        critiqued=agreement(critiqued_ratings(records), [False, True], seed=seed, reps=reps),
        overlap=overlap(pairs, seed=seed, reps=reps),
        severity=agreement(severity_ratings(pairs), SEVERITIES, as_interval=True, seed=seed, reps=reps),
        category=agreement(category_ratings(pairs), CATEGORIES, seed=seed, reps=reps),
    )


def of_verdicts(records: Sequence[HelpfulnessRecord], *, seed: int = 0, reps: int = REPS) -> VerdictAgreements:
    """Agreement between the judges of helpfulness rows."""
    return VerdictAgreements(
        helpful=agreement(helpful_ratings(records), [False, True], seed=seed, reps=reps),
        order=agreement(order_ratings(records, helpful_only=False), [-1, 0, 1], seed=seed, reps=reps),
        order_of_helpful=agreement(order_ratings(records, helpful_only=True), [-1, 0, 1], seed=seed, reps=reps),
    )
