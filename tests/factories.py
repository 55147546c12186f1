"""Small studies for tests, built through the actions that build real ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from labeling.actions.assisting import Sample, offer_questions_about, store_bundle
from labeling.actions.dealing import deal_study
from labeling.actions.exposures import expose
from labeling.actions.studies import SIX_CONDITIONS, add_questions, create_study, open_study
from labeling.enums import Activity, AnswerKind, CritiqueOrigin, Provenance, Role
from labeling.models import (
    Answer,
    AssistanceBundle,
    Critique,
    IntendedCritique,
    Labeler,
    Passage,
    Question,
    Study,
    User,
)

PASSWORD = "a long enough password"
SAMPLES = [
    Sample(0.0, "The answer should mention the harbour.", 0.81, None),
    Sample(0.1, "The answer should mention the harbour.", 0.81, 0),
    Sample(0.2, "The mill is not mentioned in the text.", 0.35, None),
    Sample(0.3, "The year is wrong: it was 1872.", 0.92, None),
    Sample(0.4, "The year is wrong: it was 1872.", 0.92, 3),
    Sample(0.5, "The answer is unclear.", 0.12, None),
    Sample(0.6, "The answer should mention the harbour.", 0.81, 0),
    Sample(1.0, "Mara's sister is missing.", 0.35, None),
]


def make_user(name: str, role: Role = Role.LABELER) -> User:
    user = User.objects.create_user(username=name, password=PASSWORD, role=role)
    if role == Role.LABELER:
        Labeler.objects.create(user=user)
    return user


def make_labelers(count: int, prefix: str = "labeler") -> list[Labeler]:
    """Labelers with accounts, without usable passwords (hashing is slow)."""
    users = [User(username=f"{prefix}{number}", role=Role.LABELER, password="!") for number in range(1, count + 1)]
    for user in users:
        user.save()
    return [Labeler.objects.create(user=user) for user in users]


def make_author(name: str = "author") -> Labeler:
    return Labeler.objects.get_or_create(outside_name=name)[0]


def make_question(number: int = 0, *, passage: Passage | None = None, author: Labeler | None = None) -> Question:
    """A question with an answer of each kind and an intended critique, its author entered in the ledger."""
    author = author or make_author()
    if passage is None:
        passage = Passage.objects.create(
            title=f"Town {number}", text=f"Town {number} lies by the sea. Its harbour was built in 1872.", author=author
        )
        expose(author, passage, Activity.ANSWERING)
    question = Question.objects.create(
        passage=passage,
        index=passage.questions.count(),
        text=f"What does the text say about the harbour of town {number}?",
    )
    Answer.objects.create(
        question=question,
        kind=AnswerKind.MODEL,
        text=f"Model text {number}: the harbour.",
        provenance=Provenance.SAMPLED,
        model_name="tests/tiny",
        temperature=0.7,
        seed=1,
    )
    Answer.objects.create(
        question=question, kind=AnswerKind.HUMAN, author=author, text=f"Honest text {number}: built in 1872."
    )
    misleading = Answer.objects.create(
        question=question, kind=AnswerKind.HUMAN_MISLEADING, author=author, text=f"Wrong text {number}: built in 1882."
    )
    critique = Critique.objects.create(
        answer=misleading, text=f"Intended {number}: 1872, not 1882.", origin=CritiqueOrigin.INTENDED
    )
    IntendedCritique.objects.create(critique=critique, category="accuracy", severity=3)
    return question


def make_bundle(answer: Answer, *, critic: str = "reports", samples: Sequence[Sample] = SAMPLES) -> AssistanceBundle:
    """A bundle as a worker stores it."""
    return store_bundle(
        answer=answer,
        critic=critic,
        critiqueability=0.7,
        samples=samples,
        model_name="tests/tiny",
        model_revision="0" * 64,
        format_name="finetuned",
        format_version=1,
        engine="scripted",
        dtype="float32",
        device="cpu",
        seed=0,
    )


def make_study(
    questions: int | Sequence[Question] = 1,
    *,
    labelers: int | Iterable[Labeler] = 6,
    conditions: Sequence[tuple[AnswerKind, bool]] = tuple(SIX_CONDITIONS),
    assisted: bool = True,
    name: str = "Harbours",
    seed: int = 0,
) -> Study:
    """An open study, dealt out; with its suggestions if `assisted` is left on."""
    if isinstance(questions, int):
        questions = [make_question(number) for number in range(questions)]
    people = make_labelers(labelers) if isinstance(labelers, int) else list(labelers)
    study = create_study(
        name=name,
        instructions="Write every critique you can find.",
        conditions=conditions,
        critic="reports",
        seed=seed,
        labelers=people,
    )
    add_questions(study, questions)
    open_study(study, though_unreadable=True)  # tests tell of ferries, harbours and names in any script
    if people:
        deal_study(study)
    if assisted:
        give_suggestions(study)
    study.refresh_from_db()
    return study


def give_suggestions(study: Study) -> None:
    for answer in Answer.objects.filter(slots__study=study, slots__assisted=True).distinct():
        make_bundle(answer, critic=study.critic)
        offer_questions_about(answer)
