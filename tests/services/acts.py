"""What tests let a site's own processes do: run as `python -m tests.services.acts NAME ARGUMENT...`, prints JSON."""

# ruff: noqa: E402 - Django first

from __future__ import annotations

import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import close_old_connections

from assist.critics import open_critic
from assist.models import Run
from assist.tasks import process
from labeling.actions.critiquing import rate, submit
from labeling.actions.dealing import deal_study
from labeling.actions.opening import open_next
from labeling.actions.people import create_account
from labeling.actions.studies import SIX_CONDITIONS, add_questions, create_study, open_study
from labeling.enums import AnswerKind, Role
from labeling.models import Answer, Labeler, Passage, Question


def make_study(questions: str, labelers: str, how: str) -> dict[str, int]:
    """A study of all six conditions (`assisted`, dealt out) or of the unassisted ones (`pool`, claimed freely)."""
    people = [
        Labeler.objects.get(user=create_account(username=f"labeler{n}", password=uuid.uuid4().hex, role=Role.LABELER))
        for n in range(int(labelers))
    ]
    assisted = how == "assisted"
    study = create_study(
        name="A study",
        conditions=SIX_CONDITIONS if assisted else [(kind, False) for kind in AnswerKind],
        critic="site" if assisted else "",
        labelers=people,
    )
    add_questions(study, [_question(number) for number in range(int(questions))])
    if assisted:
        deal_study(study)
    open_study(study)
    return {"slots": study.slots.count()}


def _question(number: int) -> Question:
    author, _ = Labeler.objects.get_or_create(outside_name="an author")
    passage = Passage.objects.create(text=f"The ship {number} left at dawn. A storm broke the mast.")
    question = Question.objects.create(passage=passage, text="What happened to the ship?")
    Answer.objects.create(question=question, kind=AnswerKind.MODEL, text=f"It left, {number}.")
    for kind in (AnswerKind.HUMAN, AnswerKind.HUMAN_MISLEADING):
        Answer.objects.create(question=question, kind=kind, text=f"{kind}: a storm, {number}.", author=author)
    return question


def work(username: str, go: str) -> dict[str, int]:
    """One labeler who says they are there (`go`.USERNAME), waits for `go`, then works until nothing is left."""
    labeler = Labeler.objects.get(user__username=username)
    Path(f"{go}.{username}").touch()
    while not Path(go).exists():
        time.sleep(0.002)
    done = 0
    while (assignment := open_next(labeler)) is not None:
        rate(labeler=labeler, assignment=assignment, rating=7)
        submit(labeler=labeler, assignment=assignment, confirmed=True)
        done += 1
    close_old_connections()
    return {"done": done}


def critique(go: str) -> dict[str, str]:
    """Do the first run that waits, asking its critic only once `go` is there: `go`.asked says that it is about to."""
    run = Run.objects.filter(state="queued")[0]
    engine = open_critic(run.critic)
    ask = engine.critique

    def ask_later(*args: Any, **options: Any) -> Any:
        Path(f"{go}.asked").touch()
        while not Path(go).exists():
            time.sleep(0.002)
        return ask(*args, **options)

    engine.critique = ask_later  # type: ignore[method-assign]
    process(run.pk)
    run.refresh_from_db()
    return {"state": run.state}


if __name__ == "__main__":
    _, name, *arguments = sys.argv
    print(json.dumps({"make_study": make_study, "work": work, "critique": critique}[name](*arguments)))  # noqa: T201
