"""A second demo study: longer passages written for this project, dealt out without assistance.

Nobody is assisted here, and no model wrote an answer: the study's conditions are the two human kinds of answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assist.demo.reports_study import INSTRUCTIONS
from labeling.actions.dealing import deal_study
from labeling.actions.studies import add_questions, create_study, open_study, questions_to_choose
from labeling.enums import AnswerKind
from labeling.exchange.uploads import add_passages
from labeling.models import Labeler, Study

NAME = "Demo: longer passages"
FILE = Path(__file__).with_name("long_passages.jsonl")
NOTES = "Original prose, nobody assisted: what people find alone."


def load(labelers: Sequence[Labeler], *, seed: int, tell: Callable[[str], None] = print) -> Study | None:
    """Make the study, open it and deal it out. None if it is there already."""
    if Study.objects.filter(name=NAME).exists():
        return None
    tell("Adding longer passages")
    with FILE.open("rb") as file:
        report = add_passages(file, FILE.name)
    study = create_study(
        name=NAME,
        instructions=INSTRUCTIONS,
        notes=NOTES,
        conditions=[(AnswerKind.HUMAN, False), (AnswerKind.HUMAN_MISLEADING, False)],
        seed=seed,
        labelers=labelers,
    )
    add_questions(study, list(questions_to_choose(study).filter(passage__in=report.passages)))
    open_study(study)
    deal_study(study)
    return study
