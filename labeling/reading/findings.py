"""Reading a study: its findings, computed from its own export, kept until more is submitted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from findings.files import details_json, findings_json
from findings.human_study.study import Results, analyse
from findings.human_study.trust import scored_judgements
from findings.rendering import report
from findings.statistics.scoring import Scored
from labeling.enums import Activity, AssignmentState
from labeling.exchange.intended_checks import intended_check_records
from labeling.exchange.judgements import judgement_records
from labeling.exchange.kinds import dataset_records
from labeling.models import Assignment, FindingsSnapshot, IntendedCheck, JudgedQuestion, Sitting, Study

#: Up to so many submissions a visit of the page has the findings renewed; above, the sweeper does it.
COMPUTED_AT_ONCE = 1_000


def results_of(study: Study) -> Results:
    """Everything `python -m findings` says of the study's extended export, with what was checked and judged of it."""
    labels = set(_labels(study).values_list("public_id", flat=True))
    checks: Iterator[Any] = intended_check_records(Study.objects.filter(pk__in=_checks(study).values("sitting__study")))
    judgements: Iterator[Any] = judgement_records(Study.objects.filter(pk__in=_judged(study).values("sitting__study")))
    return analyse(
        dataset_records("assistance", study=study.name, extended=True),
        source=study.name,
        intended=(check for check in checks if check["label_id"] in labels),
        judgements=judgements,
        seed=study.seed,
    )


def scored(study: Study) -> Scored:
    """Every verdict, given in whichever round, on a suggestion that the study showed, with the critic's score."""
    judged = judgement_records(Study.objects.filter(pk__in=_judged(study).values("sitting__study")))
    records: Iterator[Any] = judged
    return Scored.of(scored_judgements(records))


def studies_judged(critic: str) -> QuerySet[Study]:
    """Studies whose suggestions, by this critic, were judged."""
    judged = JudgedQuestion.objects.filter(sitting__submitted_at__isnull=False)
    return Study.objects.filter(
        critic=critic,
        slots__assignments__bundle__suggestions__critique__judgements__judged_question__in=judged,
    ).distinct()


def _labels(study: Study) -> QuerySet[Sitting]:
    return Sitting.objects.filter(
        assignment__slot__study=study,
        assignment__slot__activity=Activity.CRITIQUING,
        assignment__state=AssignmentState.SUBMITTED,
    )


def _checks(study: Study) -> QuerySet[IntendedCheck]:
    """Checks of the study's labels, in whichever round they were made."""
    return IntendedCheck.objects.filter(label__assignment__slot__study=study, sitting__submitted_at__isnull=False)


def _judged(study: Study) -> QuerySet[JudgedQuestion]:
    """Verdicts on suggestions that the study showed, in whichever round they were given."""
    shown = Assignment.objects.filter(slot__study=study, bundle__isnull=False).values("bundle")
    return JudgedQuestion.objects.filter(
        judgements__critique__suggestion__bundle__in=shown, sitting__submitted_at__isnull=False
    ).distinct()


def submissions_of(study: Study) -> int:
    return _labels(study).count()


def basis_of(study: Study) -> str:
    """Changes whenever the findings may have."""
    return f"{submissions_of(study)} labels, {_checks(study).count()} checks, {_judged(study).count()} judged"


def compute(study: Study) -> FindingsSnapshot:
    """Compute the findings anew and keep them."""
    basis, began = basis_of(study), time.monotonic()
    results = results_of(study)
    values: dict[str, Any] = {
        "basis": basis,
        "report": report.body(results),
        "findings_json": findings_json(results.findings).decode(),
        "details_json": details_json(results).decode(),
        "seconds": time.monotonic() - began,
    }
    return FindingsSnapshot.objects.update_or_create(study=study, defaults=values)[0]


def kept_findings(study: Study) -> FindingsSnapshot | None:
    """The findings as last computed; None before the first time."""
    return FindingsSnapshot.objects.filter(study=study).first()


def is_fresh(study: Study, kept: FindingsSnapshot | None) -> bool:
    return kept is not None and kept.basis == basis_of(study)


def renewed_findings(study: Study) -> FindingsSnapshot | None:
    """Fresh findings of a small study; of a large one the last ones, which the sweeper renews."""
    kept = kept_findings(study)
    if is_fresh(study, kept) or submissions_of(study) > COMPUTED_AT_ONCE:
        return kept
    return compute(study)


def stale_studies() -> Iterator[Study]:
    """Studies too large for their page to compute, with something submitted since their last snapshot."""
    for study in Study.objects.readable().select_related("findings_snapshot"):
        if submissions_of(study) > COMPUTED_AT_ONCE:
            kept = getattr(study, "findings_snapshot", None)
            if not is_fresh(study, kept):
                yield study
