"""A small finished study, and rounds over it, for tests of judging, checking and comparing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.test import Client

from labeling.actions import studies
from labeling.actions.dealing import deal_study
from labeling.actions.opening import open_next
from labeling.enums import AnswerKind
from labeling.models import Assignment, Labeler, Study
from tests.factories import make_labelers, make_question, make_study
from tests.labeling.own_study import hand_in, write_critique

FRAGMENT = {"HX-Request": "true"}
#: What the labelers of the finished study wrote about its misleading answer; both wrote the first.
SHARED = "The year is wrong: it was 1872."
ONLY_ASSISTED = "The harbour is left out."
ONLY_UNASSISTED = "The sea is left out."


def finished_study(author: Labeler | None = None, name: str = "Harbours") -> Study:
    """One question, all six labels in. The unassisted labeler of the misleading answer wrote two critiques, the
    assisted one too, one of which both have."""
    study = make_study([make_question(0, author=author)], name=name)
    for labeler in study.labelers.order_by("pk"):
        assignment = open_next(labeler)
        assert assignment is not None
        if assignment.slot.answer_kind == AnswerKind.HUMAN_MISLEADING:
            write_critique(assignment, SHARED)
            write_critique(assignment, ONLY_ASSISTED if assignment.slot.assisted else ONLY_UNASSISTED)
        else:
            write_critique(assignment, "Something else.")
        hand_in(assignment)
    return study


def opened(study: Study, labeler: Labeler) -> Assignment:
    """The labeler's next piece of work, which is in this study."""
    assignment = open_next(labeler)
    assert assignment is not None
    assert assignment.slot.study_id == study.pk
    return assignment


def begun(study: Study, people: int | Sequence[Labeler] = 1, prefix: str = "judge") -> list[Assignment]:
    """The round opened and dealt to new labelers, each at the first sitting."""
    labelers = make_labelers(people, prefix=prefix) if isinstance(people, int) else list(people)
    study.labelers.set(labelers)
    studies.open_study(study)
    deal_study(study)
    return [opened(study, labeler) for labeler in labelers]


class Desk:
    """One labeler's pages of one assignment, without a browser."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.client = Client()
        assert assignment.labeler.user is not None
        self.client.force_login(assignment.labeler.user, backend="django.contrib.auth.backends.ModelBackend")

    def page(self) -> str:
        response = self.client.get(self.assignment.get_absolute_url())
        assert response.status_code == 200
        return response.content.decode()

    def save(self, part: Any, base_revision: int, **values: Any) -> Any:
        url = f"{self.assignment.get_absolute_url()}parts/{part.client_key}/"
        return self.client.post(url, {"base_revision": base_revision, **values}, headers=FRAGMENT)

    def submit(self, **values: Any) -> Any:
        return self.client.post(f"{self.assignment.get_absolute_url()}submit/", values, headers=FRAGMENT)
