"""Rounds for tests: studies that ask for sittings, through the actions that make real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labeling.actions.exposures import expose
from labeling.actions.opening import open_next
from labeling.actions.studies import add_questions, create_study, make_sitting_slots, open_study
from labeling.enums import Activity, AnswerKind, Provenance, Role
from labeling.models import Answer, Assignment, Labeler, Passage, Question, Study
from tests.factories import make_author, make_user

TEXT = "The mill at Low Sands burned in 1872.\n\nIts owner, Mara Quill, rebuilt it in stone within two years."


def make_passage(text: str = TEXT, *, title: str | None = "The mill", known_to_author: bool = False) -> Passage:
    """A passage that nobody has met, or only the author of its questions."""
    passage = Passage.objects.create(title=title, text=text)
    if known_to_author:
        Passage.objects.filter(pk=passage.pk).update(author=make_author())
        expose(make_author(), passage, Activity.ANSWERING)
    return passage


def asked(passage: Passage, text: str, answers: Sequence[str]) -> Question:
    """A question with answers of a model, as a command samples them."""
    question = Question.objects.create(passage=passage, text=text, index=passage.questions.count())
    for seed, answer in enumerate(answers):
        Answer.objects.create(
            question=question,
            kind=AnswerKind.MODEL,
            text=answer,
            provenance=Provenance.SAMPLED,
            model_name="tests/tiny",
            temperature=0.5,
            seed=seed,
        )
    return question


def round_of(
    activity: Activity,
    passages: Sequence[Passage],
    *,
    options: Mapping[str, Any] | None = None,
    each: int = 1,
    name: str = "A round",
    labelers: Sequence[Labeler] = (),
) -> Study:
    """An open round over these passages, with all their questions."""
    study = create_study(name=name, conditions=(), activities={activity: each}, labelers=labelers)
    study.activities.update(options=dict(options or {}))
    for passage in passages:
        add_questions(study, list(passage.questions.all()))
        make_sitting_slots(study, [passage.pk])
    open_study(study)
    return study


def sitting_for(
    activity: Activity, passage: Passage, *, options: Mapping[str, Any] | None = None, name: str = "labeler1"
) -> Assignment:
    """The opened assignment of a labeler who has just begun."""
    labeler = make_user(name, Role.LABELER).labeler
    round_of(activity, [passage], options=options, name=f"Round of {name}", labelers=[labeler])
    opened = open_next(labeler)
    assert opened is not None
    return opened
