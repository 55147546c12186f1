"""The demo study: generated reports in the critic's own language, all three kinds of answers, six labelers.

Passages, honest answers and misleading ones with their intended critiques come from the generator; the model's
answers are sampled from the critic itself, each at a temperature drawn uniformly from {0, 0.1, …, 1} (paper,
section 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random

from django.db import transaction

from assist.critics import model_name, open_critic
from labeling.actions.dealing import deal_study
from labeling.actions.exposures import expose
from labeling.actions.names import labeler_named
from labeling.actions.studies import add_questions, create_study, open_study
from labeling.enums import Activity, AnswerKind, CritiqueOrigin, Provenance
from labeling.models import Answer, Critique, IntendedCritique, Labeler, Passage, Question, Study
from models_service.synthetic.report_answers import honest_answer, misleading_answer
from models_service.synthetic.report_flaws import Flaw
from models_service.synthetic.report_passages import make_questions, make_report
from models_service.types import Subject

NAME = "Demo: reports"
CRITIC = "reports"
AUTHOR = "report generator"
INSTRUCTIONS = """\
You see a text, a question about it, and an answer to the question. Write as many different critiques of the \
answer as you can find: what it leaves out, what it gets wrong, what does not belong.

Read only as much of the text as you need. There is no time limit: take long enough that you find every \
possible critique at least nine times out of ten.

Give each critique a category and a severity, then rate the answer from 1 to 7, where 7 is a perfect answer."""
NOTES = """\
Generated texts, made for trying the software out. The critic that writes the suggestions was trained on texts \
of this kind and can read nothing else; its card on this page says how well it does."""


@dataclass(frozen=True)
class GeneratedQuestion:
    """One report with one question and what people would have written."""

    title: str
    passage: str
    question: str
    human: str
    misleading: str
    intended: Flaw


def generate(number: int, seed: int) -> list[GeneratedQuestion]:
    """Reports of 40 to 120 words, each with one covered question."""
    rng = Random(f"demo:{seed}")
    made = []
    for _ in range(number):
        report = make_report(rng, words=(40, 120))
        question = make_questions(rng, report, 1)[0]
        misleading, flaw = misleading_answer(rng, report, question)
        made.append(
            GeneratedQuestion(
                title=report.title,
                passage=report.text,
                question=question.text,
                human=honest_answer(rng, report, question),
                misleading=misleading,
                intended=flaw,
            )
        )
    return made


def sample_answers(made: Sequence[GeneratedQuestion], seed: int) -> list[tuple[str, float]]:
    """The critic's own answers with the temperature of each."""
    rng = Random(f"temperatures:{seed}")
    temperatures = [rng.randint(0, 10) / 10 for _ in made]
    subjects = [
        Subject(key=f"demo-{index}", title=one.title, passage=one.passage, question=one.question, answer="")
        for index, one in enumerate(made)
    ]
    texts = open_critic(CRITIC).answer(subjects, seed=seed, temperatures=temperatures)
    return list(zip(texts, temperatures, strict=True))


def load(
    labelers: Iterable[Labeler], *, number: int = 12, seed: int = 2026, tell: Callable[[str], None] = print
) -> Study | None:
    """Make the study, open it and deal it out. None if it is there already."""
    if Study.objects.filter(name=NAME).exists():
        return None
    tell(f"Generating {number} reports")
    made = generate(number, seed)
    tell("Loading the critic and sampling its own answers")
    sampled = sample_answers(made, seed)
    identity = open_critic(CRITIC).identity
    with transaction.atomic():
        author = labeler_named(AUTHOR)
        study = create_study(
            name=NAME, instructions=INSTRUCTIONS, notes=NOTES, critic=CRITIC, seed=seed, labelers=labelers
        )
        questions = []
        for one, (answer, temperature) in zip(made, sampled, strict=True):
            question = _store(one, author)
            Answer.objects.create(
                question=question,
                kind=AnswerKind.MODEL,
                text=answer,
                provenance=Provenance.SAMPLED,
                model_name=model_name(CRITIC),
                model_revision=identity.revision,
                temperature=temperature,
                seed=seed,
            )
            questions.append(question)
        add_questions(study, questions)
        open_study(study)
        deal_study(study)
    return study


def _store(one: GeneratedQuestion, author: Labeler) -> Question:
    passage = Passage.objects.create(title=one.title, text=one.passage, author=author)
    expose(author, passage, Activity.ANSWERING)
    question = Question.objects.create(passage=passage, text=one.question, covered=True)
    written = {"question": question, "author": author, "provenance": Provenance.WRITTEN}
    Answer.objects.create(kind=AnswerKind.HUMAN, text=one.human, **written)
    misleading = Answer.objects.create(kind=AnswerKind.HUMAN_MISLEADING, text=one.misleading, **written)
    critique = Critique.objects.create(answer=misleading, text=one.intended.critique, origin=CritiqueOrigin.INTENDED)
    IntendedCritique.objects.create(critique=critique, category=one.intended.category, severity=one.intended.severity)
    return question
