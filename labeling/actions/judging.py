"""Judging critiques: what a study asks of its judges, and the only code that writes what they say."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from labeling.actions import sittings
from labeling.actions.rounds import round_over
from labeling.actions.sittings import Draft, Seen, begin, check_fresh, options_of, record, shuffled
from labeling.actions.studies import make_sitting_slots
from labeling.enums import Activity, CritiqueOrigin, EventKind
from labeling.models import (
    Answer,
    AnswerToJudge,
    Assignment,
    AssistanceBundle,
    BetterCritique,
    Critique,
    CritiqueToJudge,
    HelpfulnessJudgement,
    JudgedQuestion,
    Labeler,
    Sitting,
    Study,
)
from labeling.refusals import Refused
from labeling.rules import helpfulness
from labeling.rules.helpfulness import Asks, Judged, NewCritique, Verdict

#: What StudyActivity.options may hold for judging, each true or false.
OPTIONS = ("clearly_helpful", "severity")


def asks_of(study: Study) -> Asks:
    """What the study asks about each helpful critique besides."""
    options = options_of(study, Activity.JUDGING)
    return Asks(**{name: bool(options.get(name)) for name in OPTIONS})


def ask_judgements(study: Study, critiques: Iterable[Critique]) -> int:
    """Put critiques before the judges of a study, in the order given. Returns how many answers were added.

    An answer that is being judged already stays as it was asked about: all its judges meet the same critiques.
    """
    of_answers: dict[int, list[Critique]] = {}
    for critique in critiques:
        of_answers.setdefault(critique.answer_id, []).append(critique)
    with transaction.atomic():
        present = set(study.answers_to_judge.values_list("answer", flat=True))
        answers = Answer.objects.filter(pk__in=set(of_answers) - present)
        for answer in answers:
            to_judge = AnswerToJudge.objects.create(study=study, answer=answer)
            CritiqueToJudge.objects.bulk_create(
                CritiqueToJudge(answer_to_judge=to_judge, position=position, critique=critique)
                for position, critique in enumerate(of_answers[answer.pk])
            )
        make_sitting_slots(study, study.answers_to_judge.values_list("answer__question__passage", flat=True))
    return len(answers)


def judge_shown(source: Study, *, labelers_each: int = 1, asks: Asks = Asks()) -> Study:  # noqa: B008 - frozen
    """Send every suggestion that a study showed, used or not, to a judging round of its own."""
    with transaction.atomic():
        study = round_over(source, Activity.JUDGING, "judging", labelers_each=labelers_each, options=vars(asks))
        ask_judgements(study, (suggestion for bundle in bundles_shown(source) for suggestion in _critiques(bundle)))
        if not study.answers_to_judge.exists():
            raise Refused(f"“{source}” has shown no suggestions yet, so there is nothing to judge.")
    return study


def bundles_shown(source: Study) -> QuerySet[AssistanceBundle]:
    """The bundles that the study's labelers were shown, given back assignments included."""
    shown = Assignment.objects.filter(slot__study=source, bundle__isnull=False)
    bundles = AssistanceBundle.objects.filter(pk__in=shown.values("bundle"))
    return bundles.prefetch_related("suggestions__critique").order_by("answer__question", "pk")


def _critiques(bundle: AssistanceBundle) -> list[Critique]:
    return [suggestion.critique for suggestion in bundle.released()]


def prepare(assignment: Assignment) -> Sitting:
    """The sitting of an opened assignment with its empty drafts, made at the first call.

    Answers stand in an order of the labeler's own, for a fixed one would tell the kinds apart; so do critiques
    on the page, while they are stored in the order in which they were sampled.
    """
    return sittings.prepare(assignment, _place_answers)


def _place_answers(assignment: Assignment, sitting: Sitting) -> None:
    if sitting.judged_questions.exists():
        return
    asked = AnswerToJudge.objects.filter(study=assignment.slot.study, answer__question__passage=assignment.slot.passage)
    for position, to_judge in enumerate(shuffled(assignment, "answers", asked)):
        judged = JudgedQuestion.objects.create(sitting=sitting, position=position, answer_id=to_judge.answer_id)
        critiques = list(to_judge.critiques.all())
        places = shuffled(assignment, f"critiques {to_judge.pk}", range(len(critiques)))
        HelpfulnessJudgement.objects.bulk_create(
            HelpfulnessJudgement(
                judged_question=judged, position=row.position, critique_id=row.critique_id, shown_position=place
            )
            for row, place in zip(critiques, places, strict=True)
        )


def shown(judged: JudgedQuestion) -> list[HelpfulnessJudgement]:
    """The verdicts on an answer's critiques as they stand on the page."""
    return list(judged.judgements.select_related("critique").order_by("shown_position"))


def stored(judged: JudgedQuestion) -> Judged:
    """The draft as plain values, its verdicts in the order shown."""
    better = getattr(judged, "better_critique", None)
    new = None
    if better is not None:
        new = NewCritique(better.critique.text, better.category, better.category_text, better.severity)
    verdicts = tuple(Verdict(row.helpful, row.clearly_helpful, row.severity, row.tier) for row in shown(judged))
    return Judged(verdicts, judged.has_better_critique, judged.is_critiqueable, new)


def judge(*, labeler: Labeler, judged: JudgedQuestion, base_revision: int, said: Judged) -> JudgedQuestion:
    """Save what stands in the page about one answer. What an earlier answer made void is cleared.

    Raises Stale if it was saved elsewhere since, unless that is what is stored already.
    """
    with transaction.atomic():
        assignment = begin(labeler, judged.sitting.own_assignment)
        judged = JudgedQuestion.objects.select_related("answer", "better_critique__critique").get(pk=judged.pk)
        rows = shown(judged)
        if len(rows) != len(said.verdicts):
            raise Refused("This page is out of date. Reload it.")
        said = helpfulness.settled(said, asks_of(assignment.slot.study))
        if said == stored(judged):
            return judged
        check_fresh(judged, base_revision)
        for row, verdict in zip(rows, said.verdicts, strict=True):
            row.helpful, row.clearly_helpful = verdict.helpful, verdict.clearly_helpful
            row.severity, row.tier = verdict.severity, verdict.tier
        HelpfulnessJudgement.objects.bulk_update(rows, ["helpful", "clearly_helpful", "severity", "tier"])
        judged.has_better_critique, judged.is_critiqueable = said.has_better_critique, said.is_critiqueable
        judged.revision += 1
        judged.save(update_fields=["has_better_critique", "is_critiqueable", "revision"])
        _keep_new(judged, said.new_critique)
        record(assignment, EventKind.DRAFT_CHANGED, value=judged.pk)
    return judged


def _keep_new(judged: JudgedQuestion, new: NewCritique | None) -> None:
    """Store the labeler's own critique, or remove the one that is not asked for any more."""
    better = BetterCritique.objects.filter(judged_question=judged).select_related("critique").first()
    if new is None:
        if better is not None:
            better.critique.delete()
        return
    grades = {"category": new.category, "category_text": new.category_text, "severity": new.severity}
    if better is None:
        critique = Critique.objects.create(answer=judged.answer, text=new.text, origin=CritiqueOrigin.LABELER)
        BetterCritique.objects.create(critique=critique, judged_question=judged, **grades)
        return
    Critique.objects.filter(pk=better.pk).update(text=new.text)
    BetterCritique.objects.filter(pk=better.pk).update(**grades)


def submit(*, labeler: Labeler, assignment: Assignment, seen: Seen | None = None) -> Sitting:
    """Hand in the sitting once every answer's critiques are judged as far as they are asked about."""
    return sittings.submit(labeler, assignment, seen=seen, draft_of=_draft_of)


def _draft_of(assignment: Assignment) -> Draft:
    sitting, asks = assignment.sitting, asks_of(assignment.slot.study)
    rows = list(sitting.judged_questions.all())
    return Draft({row.client_key: row.revision for row in rows}, _incomplete(rows, asks), len(rows))


def _incomplete(rows: Iterable[JudgedQuestion], asks: Asks) -> Refused | None:
    for judged in rows:
        lacking = helpfulness.missing(stored(judged), asks)
        if lacking is not None:
            return Refused(f"Answer {judged.position + 1}: {lacking}", field=str(judged.client_key))
    return None
