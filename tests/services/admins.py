"""Requests of admins and labelers, each in a process: `python -m tests.services.admins ACT ME ALL ROUNDS FOLDER`.

Each round, who takes part leaves a file and waits for the files of the others, so that all ask together.
"""

# ruff: noqa: E402 - Django first

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import django

django.setup()

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from labeling.actions.studies import add_questions, create_study, open_study
from labeling.enums import AnswerKind, Role
from labeling.models import Labeler, Study, User
from tests.services.acts import _question
from tests.services.servers import wait_until

settings.ALLOWED_HOSTS = ["testserver"]
UNASSISTED = [(kind, False) for kind in AnswerKind]
QUESTIONS, LABELERS = 4, 14


def prepare(how: str, rounds: int) -> None:
    """What the acts of a test need: a study for each round."""
    User.objects.create(username="admin", password="!", role=Role.ADMIN)
    if how == "names":
        return
    labelers = [
        Labeler.objects.create(user=User.objects.create(username=f"l{n}", password="!", role=Role.LABELER))
        for n in range(LABELERS)
    ]
    for number in range(rounds):
        study = create_study(name=f"Study {number}", conditions=UNASSISTED, labelers=labelers)
        questions = [_question(100 * number + place) for place in range(QUESTIONS)]
        if how != "questions":
            add_questions(study, questions)
            open_study(study)


def study_of(number: int) -> Study:
    return Study.objects.get(name=f"Study {number}")


def client_of(username: str) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username=username))
    return client


Posts = list[tuple[str, dict[str, object]]]


def posts(act: str, me: int, number: int) -> Posts:
    """What is asked in this act's round."""
    if act == "name":
        form = {"name": f"Round {number}", "conditions": "Model/0", "seed": 0, "idle_release_hours": 24}
        return [("/studies/new/", form)]
    if act == "claim":
        return [("/next/", {})] * 3
    if act == "upload":
        row = {"text": f"Text {number}.", "author": "both", "questions": [{"question": "Q?", "human_answer": "A."}]}
        file = SimpleUploadedFile("same.jsonl", json.dumps(row).encode())
        return [("/passages/upload/", {"file": file})]
    study = study_of(number)
    pages: dict[str, Posts] = {
        "add": [("questions/", {"all": "1"})],
        "deal": [("deal/", {})],
        "reassign": reassignments(study, me),
        "compare": [
            ("comparing/", {"first": "Model", "second": "Human", "labelers_each": 2, "critiques": "hidden"}),
        ],
        "activity": [("activities/", {"activity": "refining", "labelers_each": 2})],
    }
    return [(f"/studies/{study.public_id}/{page}", form) for page, form in pages[act]]


def reassignments(study: Study, me: int) -> Posts:
    """Every cell to somebody else than the others give it to."""
    people = list(Labeler.objects.filter(user__username__in=["l10", "l11", "l12", "l13"]).order_by("pk"))
    return [
        (f"cells/{cell.pk}/", {"labeler": people[(place + me) % len(people)].pk})
        for place, cell in enumerate(study.slots.order_by("pk"))
    ]


def together(folder: Path, me: int, everybody: int, number: int) -> None:
    (folder / f"{number}.{me}").touch()
    wait_until(lambda: len(list(folder.glob(f"{number}.*"))) >= everybody, 60, "the others to take part")
    (folder / f"{number}.{me}.ready").touch()
    deadline = time.monotonic() + 60
    while len(list(folder.glob(f"{number}.*.ready"))) < everybody:  # no sleep: they begin within a millisecond
        if time.monotonic() > deadline:
            raise TimeoutError("the others are not ready")


def take_part(act: str, me: int, everybody: int, rounds: int, folder: Path) -> dict[str, list[int]]:
    statuses = []
    for number in range(rounds):
        client = client_of(f"l{me}" if act == "claim" else "admin")
        asked = posts(act, me, number)
        together(folder, me, everybody, number)
        statuses += [client.post(address, form).status_code for address, form in asked]
    return {"statuses": statuses}


if __name__ == "__main__":
    _, name, one, many, rounds_, folder_ = sys.argv
    if name == "prepare":
        prepare(one, int(rounds_))
    else:
        print(json.dumps(take_part(name, int(one), int(many), int(rounds_), Path(folder_))))  # noqa: T201
