"""A small study of our own, worked through the same verbs as the pages."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from labeling.actions.assisting import Sample, store_bundle
from labeling.actions.critiquing import add_critique, change_critique, rate, submit
from labeling.actions.dealing import deal_study
from labeling.actions.opening import open_next
from labeling.actions.studies import SIX_CONDITIONS, add_questions, create_study, open_study
from labeling.enums import AnswerKind, CritiqueOrigin
from labeling.models import (
    Answer,
    Assignment,
    Critique,
    IntendedCritique,
    Labeler,
    LabelerCritique,
    Passage,
    Question,
    Study,
    Suggestion,
    User,
)

#: Eight samples: two repeat an earlier text, and the order by temperature is not the order by helpfulness.
SAMPLES = [
    Sample(0.0, "It is omitted.", 0.25, None),
    Sample(0.1, "It is omitted.", 0.25, 0),
    Sample(0.2, "A fact is wrong.", 0.75, None),
    Sample(0.3, "It is omitted.", 0.25, 0),
    Sample(0.4, "The wording is odd.", 0.5, None),
    Sample(0.5, "A fact is wrong.", 0.75, 2),
    Sample(0.6, "Nobody says so.", 0.125, None),
    Sample(1.0, "", 0.0, None),
]


def account(name: str) -> Labeler:
    return Labeler.objects.create(user=User.objects.create_user(name, password=None))


def question_with_answers(*kinds: AnswerKind, text: str = "What happened?") -> Question:
    author, _ = Labeler.objects.get_or_create(outside_name="the author")
    passage = Passage.objects.create(text=f" A report: {uuid.uuid4()} ", title="Report", author=author)
    question = Question.objects.create(passage=passage, index=3, text=text, covered=True)
    for kind in kinds:
        if kind == AnswerKind.MODEL:
            Answer.objects.create(
                question=question, kind=kind, text="model's", model_name="toy", temperature=0.5, seed=1
            )
        else:
            Answer.objects.create(question=question, kind=kind, text=f"{kind}'s", author=author)
    misleading = question.answers.filter(kind=AnswerKind.HUMAN_MISLEADING).first()
    if misleading is not None:
        critique = Critique.objects.create(answer=misleading, text="It never did.", origin=CritiqueOrigin.INTENDED)
        IntendedCritique.objects.create(critique=critique, category="accuracy", severity=4)
    return question


def started_study(
    questions: Sequence[Question],
    name: str = "our study",
    conditions: Sequence[tuple[AnswerKind, bool]] = tuple(SIX_CONDITIONS),
) -> Study:
    """Open, with suggestions stored and every cell dealt to one of six labelers."""
    labelers = [account(f"{name}-{number}") for number in range(6)]
    study = create_study(name=name, conditions=conditions, critic="toy critic", seed=7, labelers=labelers)
    add_questions(study, questions)
    for question in questions:
        for answer in question.answers.all():
            store_bundle(
                answer=answer,
                critiqueability=0.625,
                samples=SAMPLES,
                critic="toy critic",
                model_name="toy",
                model_revision="1",
                format_name="plain",
                format_version=1,
                seed=7,
            )
    open_study(study)
    deal_study(study)
    return study


def opened(study: Study, kind: AnswerKind, assisted: bool) -> Assignment:
    """The cell's assignment, opened by its labeler."""
    dealt = Assignment.objects.live().get(slot__study=study, slot__answer_kind=kind, slot__assisted=assisted)
    assignment = open_next(dealt.labeler)
    assert assignment is not None
    assert assignment.pk == dealt.pk
    return assignment


def write_critique(assignment: Assignment, text: str, *, using: Suggestion | None = None) -> LabelerCritique:
    labeler = assignment.labeler
    found = add_critique(labeler=labeler, assignment=assignment, client_key=uuid.uuid4(), suggestion=using)
    return change_critique(
        labeler=labeler,
        found=found,
        base_revision=found.revision,
        text=text,
        category="accuracy",
        category_text="",
        severity=2,
    )


def hand_in(assignment: Assignment, rating: int = 4) -> None:
    rate(labeler=assignment.labeler, assignment=assignment, rating=rating)
    submit(labeler=assignment.labeler, assignment=assignment, confirmed=True)
