"""Comparing two texts: what a study asks of its labelers, and the only code that writes what they choose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q

from labeling.actions import sittings
from labeling.actions.rounds import round_over
from labeling.actions.sittings import Draft, Seen, begin, options_of, record, save_part, shuffled
from labeling.actions.studies import make_sitting_slots
from labeling.enums import Activity, AnswerKind, Better, EventKind, Provenance, RefinementMethod
from labeling.models import (
    Answer,
    Assignment,
    AssistanceBundle,
    Comparison,
    Critique,
    Labeler,
    PairCritique,
    PairToCompare,
    RankedAnswer,
    Refinement,
    Sitting,
    Study,
)
from labeling.refusals import Refused

#: What StudyActivity.options["critiques"] may be: whether labelers see critiques of both texts. "by turns" shows
#: them to every second labeler of a passage, so that the two conditions are equally frequent.
CRITIQUES_SHOWN = {"hidden": "Hidden", "shown": "Shown", "by turns": "Shown to every second labeler"}


#: The source of what people write, as records name it.
HUMAN = "Human"


@dataclass(frozen=True)
class Refined:
    """What a method made of an answer (paper, section 4.3)."""

    text: str
    method: RefinementMethod
    source: str
    """A model's name, or `Human`."""
    n: int = 1
    opt_out: bool = False


@dataclass(frozen=True)
class Pair:
    """Two answers to one question to be compared; or an answer and its refinement, which is judged blind."""

    first: Answer
    second: Answer | Refined
    first_critiques: Sequence[Critique] = field(default=())
    second_critiques: Sequence[Critique] = field(default=())


def source_of(answer: Answer) -> str | None:
    """Where an answer comes from, as records of comparisons name it."""
    return answer.model_name if answer.kind == AnswerKind.MODEL else answer.kind


def ask_comparisons(study: Study, pairs: Iterable[Pair]) -> int:
    """Put pairs before the labelers of a study. Those asked about already are passed over. Returns how many are new."""
    with transaction.atomic():
        known = {(row.first_id, row.second_id, row.refinement) for row in study.pairs_to_compare.all()}
        added = 0
        for pair in pairs:
            row = _row(study, pair)
            key = (row.first_id, row.second_id, row.refinement)
            if key in known:
                continue
            known.add(key)
            row.save()
            PairCritique.objects.bulk_create(
                PairCritique(pair=row, of_second=of_second, position=position, critique=critique)
                for of_second, critiques in ((False, pair.first_critiques), (True, pair.second_critiques))
                for position, critique in enumerate(critiques)
            )
            added += 1
        make_sitting_slots(study, study.pairs_to_compare.values_list("first__question__passage", flat=True))
    return added


def _row(study: Study, pair: Pair) -> PairToCompare:
    row = PairToCompare(study=study, first=pair.first, first_source=source_of(pair.first))
    if isinstance(pair.second, Answer):
        if pair.second.question_id != pair.first.question_id:
            raise Refused("Two answers can only be compared if they answer the same question.")
        row.second, row.second_source = pair.second, source_of(pair.second)
    else:
        row.refinement, row.second_source = pair.second.text, pair.second.source
        row.method, row.n, row.opt_out = pair.second.method, pair.second.n, pair.second.opt_out
    return row


def compare_kinds(
    source: Study, kinds: tuple[AnswerKind, AnswerKind], *, labelers_each: int = 1, critiques: str = "hidden"
) -> Study:
    """Have the answers of two kinds to each question of a study compared, in a round of its own.

    The critiques are the suggestions of each answer's newest bundle, most helpful first.
    """
    one, other = kinds
    if one == other:
        raise Refused("Choose two different kinds of answers.")
    check_shown(critiques)
    with transaction.atomic():
        study = round_over(
            source, Activity.COMPARING, "comparing", labelers_each=labelers_each, options={"critiques": critiques}
        )
        ask_comparisons(study, _pairs(source, one, other))
        if not study.pairs_to_compare.exists():
            raise Refused(f"“{source}” has no question with answers of both kinds.")
    return study


def compare_refinements(source: Study, *, labelers_each: int = 1) -> Study:
    """Have what a study refined judged blind against the originals, in a round of its own.

    A refinement that left the answer as it was is no pair: there is nothing to choose.
    """
    with transaction.atomic():
        study = round_over(
            source,
            Activity.COMPARING,
            "judging refinements",
            labelers_each=labelers_each,
            options={"critiques": "hidden"},
        )
        ask_comparisons(study, [*_refined(source), *_mended(source)])
        if not study.pairs_to_compare.exists():
            raise Refused(f"“{source}” has no refinements yet that differ from their answers.")
    return study


def _refined(source: Study) -> Iterator[Pair]:
    """Refinements that the study's labelers handed in, and those that models made of its questions' answers."""
    written = Q(sitting__study=source, sitting__submitted_at__isnull=False)
    sampled = Q(provenance=Provenance.SAMPLED, answer__question__in_studies__study=source)
    rows = Refinement.objects.filter(written | sampled).select_related("answer__question__passage").distinct()
    for row in rows.order_by("pk"):
        if row.text != row.answer.text:
            made_by = HUMAN if row.model_name is None else row.model_name
            refined = Refined(row.text, RefinementMethod(row.method), made_by, opt_out=row.model_name is None)
            yield Pair(row.answer, refined)


def _mended(source: Study) -> Iterator[Pair]:
    """Answers of the study's demonstrations, each with what the last critique of its chain made of it."""
    rows = RankedAnswer.objects.filter(
        ranked_question__sitting__study=source, ranked_question__sitting__submitted_at__isnull=False
    )
    for row in rows.select_related("answer__question__passage").prefetch_related("chain").order_by("pk"):
        chain = list(row.chain.all())
        if chain and chain[-1].refinement != row.answer.text:
            yield Pair(row.answer, Refined(chain[-1].refinement, RefinementMethod.CONDITIONAL, HUMAN))


def check_shown(critiques: str) -> None:
    if critiques not in CRITIQUES_SHOWN:
        raise Refused(f"Critiques are {', '.join(CRITIQUES_SHOWN)}; not “{critiques}”.", field="critiques")


def _pairs(source: Study, one: AnswerKind, other: AnswerKind) -> list[Pair]:
    pairs = []
    for row in source.study_questions.select_related("question__passage"):
        shown = {slot.answer_kind: slot.answer for slot in row.slots.select_related("answer") if slot.answer}
        newest = {answer.kind: answer for answer in row.question.answers.order_by("pk")} | shown
        if one in newest and other in newest:
            first, second = newest[one], newest[other]
            pairs.append(Pair(first, second, suggestions_of(first), suggestions_of(second)))
    return pairs


def suggestions_of(answer: Answer) -> list[Critique]:
    """The suggestions of the answer's newest bundle as labelers see them."""
    bundle: AssistanceBundle | None = answer.bundles.prefetch_related("suggestions__critique").first()
    return [] if bundle is None else [suggestion.critique for suggestion in bundle.shown()]


def prepare(assignment: Assignment) -> Sitting:
    """The sitting of an opened assignment with its empty drafts, made at the first call.

    Which pair comes first, and which of its two texts, is the labeler's own random order.
    """
    return sittings.prepare(assignment, _place_pairs)


def _place_pairs(assignment: Assignment, sitting: Sitting) -> None:
    if sitting.comparisons.exists():
        return
    pairs = assignment.slot.study.pairs_to_compare.filter(first__question__passage=assignment.slot.passage)
    Comparison.objects.bulk_create(
        Comparison(
            sitting=sitting,
            position=position,
            pair=pair,
            is_swapped=shuffled(assignment, f"sides {pair.pk}", [False, True])[0],
            critiques_shown=_shows_critiques(assignment),
        )
        for position, pair in enumerate(shuffled(assignment, "pairs", pairs))
    )


def _shows_critiques(assignment: Assignment) -> bool:
    slot = assignment.slot
    shown = options_of(slot.study, Activity.COMPARING).get("critiques", "hidden")
    return shown == "shown" or (shown == "by turns" and slot.number % 2 == 1)


def compare(
    *, labeler: Labeler, comparison: Comparison, base_revision: int, better: str, confidence: int | None
) -> Comparison:
    """Save a choice; `better` is of the pair as stored, wherever its texts stood. Empty is undecided."""
    with transaction.atomic():
        assignment = begin(labeler, comparison.sitting.own_assignment)
        comparison = Comparison.objects.get(pk=comparison.pk)
        if save_part(comparison, base_revision, better=better, confidence=confidence):
            record(assignment, EventKind.DRAFT_CHANGED, value=comparison.pk)
    return comparison


def submit(*, labeler: Labeler, assignment: Assignment, seen: Seen | None = None) -> Sitting:
    """Hand in the sitting once every pair is decided, with a confidence."""
    return sittings.submit(labeler, assignment, seen=seen, draft_of=_draft_of)


def _draft_of(assignment: Assignment) -> Draft:
    rows = list(assignment.sitting.comparisons.all())
    return Draft({row.client_key: row.revision for row in rows}, _incomplete(rows), len(rows))


def _incomplete(rows: Iterable[Comparison]) -> Refused | None:
    for row in rows:
        for missing, needed in (
            (row.better not in Better.values, "say which is better, or that they are equally good."),
            (row.confidence is None, "say how sure you are."),
        ):
            if missing:
                return Refused(f"Pair {row.position + 1}: {needed}", field=str(row.client_key))
    return None
