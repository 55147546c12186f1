"""Verdicts of one study calibrate the scores that the next one's labelers are shown."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from labeling.actions import judging
from labeling.actions.calibrating import calibrate, show_own_scores
from labeling.actions.dealing import deal_study
from labeling.actions.opening import open_next
from labeling.actions.studies import SIX_CONDITIONS, add_questions, create_study, open_study
from labeling.enums import Role
from labeling.exchange.kinds import dataset_records
from labeling.models import Study
from labeling.reading.findings import scored, studies_judged
from labeling.refusals import Refused
from labeling.visibility.critiquing import worksheet
from tests.factories import give_suggestions, make_labelers, make_question, make_study, make_user
from tests.labeling.test_judging import a_round, complete

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Study:
    """A study whose suggestions were judged."""
    (assignment,) = a_round()
    complete(assignment)
    judging.submit(labeler=assignment.labeler, assignment=assignment)
    return Study.objects.order_by("pk")[0]


@pytest.fixture
def study() -> Study:
    """Another one with the same critic, not open yet."""
    made = create_study(
        name="Next", conditions=SIX_CONDITIONS, critic="reports", labelers=make_labelers(6, prefix="next")
    )
    add_questions(made, [make_question(77)])
    return made


def test_labelers_see_the_calibrated_scores_in_the_critic_s_own_order(source: Study, study: Study) -> None:
    calibrate(study, source=source, verdicts=scored(source), method="isotonic")
    open_study(study)
    deal_study(study)
    give_suggestions(study)
    for labeler in study.labelers.all():
        assignment = open_next(labeler)
        assert assignment is not None
        if assignment.bundle is None:
            continue
        rows = list(assignment.shown_suggestions.order_by("rank"))
        own = [row.suggestion.helpfulness for row in rows]
        seen = [row.score for row in rows]
        assert own == sorted(own, reverse=True)
        assert seen != own
        assert all(0 <= score <= 1 for score in seen)
        assert [one.score for one in worksheet(assignment).suggestions or ()] == seen


def test_the_export_keeps_the_critic_s_own_scores(source: Study) -> None:
    before = list(dataset_records("assistance", study=source.name))
    Study.objects.filter(pk=source.pk).update(calibration={"map": {"method": "platt", "slope": 2, "intercept": 1}})
    assert list(dataset_records("assistance", study=source.name)) == before


def test_a_study_that_has_opened_shows_what_it_showed(source: Study) -> None:
    people = make_labelers(6, prefix="open")
    opened = make_study([make_question(55)], labelers=people, name="Opened", assisted=False)
    with pytest.raises(Refused, match="before a study opens"):
        calibrate(opened, source=source, verdicts=scored(source), method="platt")
    with pytest.raises(Refused, match="before a study opens"):
        show_own_scores(opened)


def test_another_critic_s_verdicts_are_refused(source: Study, study: Study) -> None:
    Study.objects.filter(pk=study.pk).update(critic="addition")
    study.refresh_from_db()
    with pytest.raises(Refused, match="another critic"):
        calibrate(study, source=source, verdicts=scored(source), method="platt")


def test_a_study_without_verdicts_is_refused(study: Study) -> None:
    unjudged = make_study(1, name="Unjudged")
    assert len(scored(unjudged)) == 0
    assert not studies_judged("reports").exists()
    with pytest.raises(Refused, match="too few verdicts"):
        calibrate(study, source=unjudged, verdicts=scored(unjudged), method="isotonic")


def test_an_admin_switches_it_on_and_off(source: Study, study: Study) -> None:
    client = Client()
    client.force_login(make_user("boss", Role.ADMIN), backend="django.contrib.auth.backends.ModelBackend")
    url = reverse("studies:calibrate", args=[study.public_id])
    assert source in studies_judged("reports")
    client.post(url, {"source": source.pk, "method": "isotonic"})
    page = client.get(reverse("studies:study", args=[study.public_id])).content.decode()
    assert f"verdicts of “{source.name}”" in page
    client.post(url, {"source": "", "method": "isotonic"})
    study.refresh_from_db()
    assert study.calibration is None
