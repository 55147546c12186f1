"""A study's findings hold what was checked and judged about it in rounds of their own."""

from __future__ import annotations

import pytest

from labeling.actions import judging
from labeling.models import Study
from labeling.reading.findings import basis_of, results_of
from tests.factories import make_labelers
from tests.labeling.rounds import finished_study
from tests.labeling.test_checking import at_work, check_all
from tests.labeling.test_judging import a_round, complete

pytestmark = pytest.mark.django_db


def test_checks_of_the_study_s_labels_stand_in_its_findings() -> None:
    author = make_labelers(1, prefix="writer")[0]
    source = finished_study(author)
    before = basis_of(source)
    check_all(at_work(source, author))
    assert basis_of(source) != before, "so that the page renews them"
    found = {
        (finding.assisted, finding.answer_source): finding.value
        for finding in results_of(source).findings
        if finding.name == "intended_found"
    }
    assert found[True, "Human misleading"] == found[False, "Human misleading"] == 1.0


def test_verdicts_on_what_the_study_showed_stand_in_its_findings() -> None:
    (assignment,) = a_round()
    source = Study.objects.order_by("pk")[0]
    assert results_of(source).trust is None
    complete(assignment)
    judging.submit(labeler=assignment.labeler, assignment=assignment)
    judged = results_of(source).trust
    assert judged is not None
