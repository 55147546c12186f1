"""Judges, checkers and comparers at their desks, over a text worth reading."""

from __future__ import annotations

import uuid

from labeling.actions import checking, comparing, judging
from labeling.actions.comparing import Pair, Refined
from labeling.actions.critiquing import add_critique, change_critique, rate, submit
from labeling.actions.exposures import expose
from labeling.actions.opening import open_next
from labeling.actions.rounds import round_over
from labeling.actions.studies import open_study
from labeling.enums import Activity, AnswerKind, CritiqueOrigin, RefinementMethod
from labeling.models import Answer, Assignment, Critique, IntendedCritique, Labeler, Passage, Question, Study
from labeling.rules.helpfulness import Asks
from tests.browser.desks import ANSWER, HARBOUR, PASSAGE, QUESTION, SAMPLES, TITLE, YEAR, desk
from tests.factories import make_labelers, make_study
from tests.labeling.rounds import begun

INTENDED = ["She declined the post of toll collector; the answer says that she took it.", YEAR]


def judging_desk(asks: Asks = Asks(clearly_helpful=True, severity=True)) -> Assignment:  # noqa: B008 - frozen
    """A judge before the suggestions that an assisted labeler was shown."""
    desk(assisted=True)
    return begun(judging.judge_shown(Study.objects.get(), asks=asks))[0]


def checking_desk() -> Assignment:
    """The author of a misleading answer before what two labelers found in it."""
    (author,) = make_labelers(1, prefix="writer")
    source = _labeled_study(author)
    report = checking.ask_checks(source)
    open_study(report.study)
    assignment = open_next(author)
    assert assignment is not None
    return assignment


def _labeled_study(author: Labeler) -> Study:
    passage = Passage.objects.create(title=TITLE, text=PASSAGE, author=author)
    expose(author, passage, Activity.ANSWERING)
    question = Question.objects.create(passage=passage, text=QUESTION)
    misleading = Answer.objects.create(question=question, kind=AnswerKind.HUMAN_MISLEADING, text=ANSWER, author=author)
    for position, text in enumerate(INTENDED):
        critique = Critique.objects.create(answer=misleading, text=text, origin=CritiqueOrigin.INTENDED)
        IntendedCritique.objects.create(critique=critique, position=position, category="accuracy", severity=3)
    conditions = [(AnswerKind.HUMAN_MISLEADING, False), (AnswerKind.HUMAN_MISLEADING, True)]
    study = make_study([question], labelers=2, conditions=conditions)
    for labeler in study.labelers.all():
        _find(labeler, [YEAR, HARBOUR if labeler.pk % 2 else "The last sentence is too long."])
    return study


def _find(labeler: Labeler, texts: list[str]) -> None:
    assignment = open_next(labeler)
    assert assignment is not None
    for text in texts:
        found = add_critique(labeler=labeler, assignment=assignment, client_key=uuid.uuid4())
        graded = {"category": "accuracy", "category_text": "", "severity": 2}
        change_critique(labeler=labeler, found=found, base_revision=0, text=text, **graded)
    rate(labeler=labeler, assignment=assignment, rating=3)
    submit(labeler=labeler, assignment=assignment)


def comparing_desk(*, critiques: str = "shown") -> Assignment:
    """A labeler before two answers, with critiques of one, and before an answer and its refinement."""
    desk(assisted=True)
    source, first = Study.objects.get(), Answer.objects.get()
    second = Answer.objects.create(
        question=first.question,
        kind=AnswerKind.HUMAN,
        author=Passage.objects.get().author,
        text="The bridge took its passengers away. She bought the harbour shed and opened a school for boatbuilding.",
    )
    suggested = [sample.text for sample in SAMPLES if sample.same_as is None][:3]
    shown = [Critique.objects.filter(text=text).earliest("pk") for text in suggested]
    study = round_over(source, Activity.COMPARING, "comparing", labelers_each=1, options={"critiques": critiques})
    refined = Refined(ANSWER.replace("1992", "1996"), RefinementMethod.DIRECT, "tests/tiny")
    comparing.ask_comparisons(study, [Pair(first, second, shown), Pair(first, refined)])
    return begun(study)[0]
