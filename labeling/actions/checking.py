"""Checking what was found in misleading answers: who checks what, and the only code that writes what they say."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from labeling.actions import sittings
from labeling.actions.dealing import offer
from labeling.actions.exposures import has_written_about, texts_met
from labeling.actions.members import add_labeler
from labeling.actions.rounds import round_over
from labeling.actions.sittings import Draft, Seen, begin, check_fresh, record, shuffled
from labeling.enums import Activity, AnswerKind, AssignmentState, EventKind, StudyState
from labeling.models import (
    Answer,
    Assignment,
    CheckedCritique,
    IntendedCheck,
    IntendedCritique,
    Labeler,
    LabelerCritique,
    LabelToCheck,
    Passage,
    Sitting,
    Slot,
    Study,
)
from labeling.refusals import Refused


@dataclass(frozen=True)
class CheckReport:
    """What asking for checks did, for the admin who asked."""

    study: Study
    labels: int
    """Labels that are to be checked from now on."""
    assigned: int
    """Sittings given to somebody."""
    unfinished: int
    """Misleading answers left for later: not all of their labels are in."""
    nobody: int
    """Texts that nobody checks yet: the author has no account, and nobody else may."""


def ask_checks(source: Study, *, by_authors: bool = True, third_parties: Iterable[Labeler] = ()) -> CheckReport:
    """Have what a study found in misleading answers checked: by their authors, by third parties, or by both.

    An answer is added once all its labels are in (or the study is closed). An author checks their own answers and
    needs an account; a third party must never have met the text, or it goes to the others alone. Asked again it
    adds what was finished since, and checkers who are new.
    """
    third_parties = list(third_parties)
    if not by_authors and not third_parties:
        raise Refused("Choose who checks: the authors, somebody else, or both.")
    with transaction.atomic():
        study = round_over(source, Activity.CHECKING, "checking", labelers_each=1, options={})
        finished, unfinished = _finished_answers(source)
        labels = Sitting.objects.filter(
            assignment__slot__study=source,
            assignment__slot__answer__in=finished,
            assignment__slot__answer_kind=AnswerKind.HUMAN_MISLEADING,
            assignment__state=AssignmentState.SUBMITTED,
        ).exclude(to_check__study=study)
        new = LabelToCheck.objects.bulk_create(
            LabelToCheck(study=study, label=label) for label in labels.order_by("pk")
        )
        if not study.labels_to_check.exists():
            raise Refused(f"“{source}” has no misleading answer yet of which all labels are in.")
        passages = list(Passage.objects.filter(questions__answers__in=_answers_to_check(study)).distinct())
        assigned = sum(
            _assign(study, passage, checker)
            for passage in passages
            for checker in [*(_authors(study, passage) if by_authors else []), *third_parties]
        )
        nobody = sum(
            not Assignment.objects.live().filter(slot__study=study, slot__passage=p).exists() for p in passages
        )
    return CheckReport(study, len(new), assigned, unfinished, nobody)


def _finished_answers(source: Study) -> tuple[list[Answer], int]:
    """The study's misleading answers (with intended critiques) whose labels are all in; how many are not so far."""
    cells = source.slots.filter(activity=Activity.CRITIQUING, answer_kind=AnswerKind.HUMAN_MISLEADING)
    answers = list(Answer.objects.filter(slots__in=cells, critiques__intended__isnull=False).distinct())
    if source.state == StudyState.CLOSED:
        return answers, 0
    submitted = Assignment.objects.filter(slot__study=source, state=AssignmentState.SUBMITTED)
    at_work = set(cells.exclude(assignments__in=submitted).values_list("answer", flat=True))
    finished = [answer for answer in answers if answer.pk not in at_work]
    return finished, len(answers) - len(finished)


def _answers_to_check(study: Study) -> QuerySet[Answer]:
    return Answer.objects.filter(slots__assignments__sitting__to_check__study=study).distinct()


def _authors(study: Study, passage: Passage) -> list[Labeler]:
    """Who wrote the answers about this passage, where they have an account."""
    written = _answers_to_check(study).filter(question__passage=passage)
    return list(Labeler.objects.able_to_work().filter(answers_written__in=written).distinct().order_by("pk"))


def _assign(study: Study, passage: Passage, checker: Labeler) -> bool:
    """Give the checker a sitting with this passage, unless there is nothing in it for them, or they may not."""
    at_it = Assignment.objects.live().of(checker).filter(slot__study=study, slot__passage=passage)
    if at_it.exclude(state=AssignmentState.SUBMITTED).exists() or not _unchecked(study, passage, checker).exists():
        return False
    if not has_written_about(checker, passage) and passage.text_digest in texts_met([checker])[checker.pk]:
        return False
    add_labeler(study, checker)
    offer(_free_slot(study, passage), checker)
    return True


def _free_slot(study: Study, passage: Passage) -> Slot:
    """A slot of this passage that was given back, or a new one."""
    slots = study.slots.filter(activity=Activity.CHECKING, passage=passage)
    free: Slot | None = slots.exclude(assignments__in=Assignment.objects.live()).first()
    if free is not None:
        return free
    return Slot.objects.create(study=study, activity=Activity.CHECKING, passage=passage, number=slots.count())


def _unchecked(study: Study, passage: Passage, checker: Labeler) -> QuerySet[Sitting]:
    """Labels of this passage that the checker has not checked here: an author's of their own answers alone.

    What was given back was not checked.
    """
    kept = Sitting.objects.filter(study=study, assignment__in=Assignment.objects.live().of(checker))
    labels = Sitting.objects.filter(to_check__study=study, assignment__slot__answer__question__passage=passage).exclude(
        checks__sitting__in=kept
    )
    if has_written_about(checker, passage):
        labels = labels.filter(assignment__slot__answer__author=checker)
    return labels.select_related("assignment__slot__answer").order_by("assignment__slot__answer", "pk")


def prepare(assignment: Assignment) -> Sitting:
    """The sitting of an opened assignment with its empty drafts, made at the first call.

    Critiques of all labels stand together in an order of the checker's own. Those of one text stand there once:
    who found a suggestion helpful is not to be told from how often it comes.
    """
    return sittings.prepare(assignment, _place_unchecked)


def _place_unchecked(assignment: Assignment, sitting: Sitting) -> None:
    slot = assignment.slot
    drafts: list[CheckedCritique] = []
    position = sitting.intended_checks.count()
    for label in _unchecked(slot.study, slot.passage, assignment.labeler):
        answer = label.own_assignment.slot.answer
        assert answer is not None
        check = IntendedCheck.objects.create(
            sitting=sitting,
            position=position,
            label=label,
            by_author=answer.author_id == assignment.labeler_id,
        )
        position += 1
        found = LabelerCritique.objects.filter(sitting=label, removed_ms=None).select_related("critique")
        drafts += [CheckedCritique(check_of=check, found=one) for one in found]
    _place(assignment, sitting, drafts)
    CheckedCritique.objects.bulk_create(drafts)


def _place(assignment: Assignment, sitting: Sitting, drafts: list[CheckedCritique]) -> None:
    """Give each text of each answer its place on the page, after those that have one."""
    texts: dict[tuple[int, str], int] = {}
    for draft in shuffled(assignment, "found", drafts):
        texts.setdefault((draft.found.critique.answer_id, draft.found.critique.text), len(texts))
    start = len(shown(sitting))
    for draft in drafts:
        draft.shown_position = start + texts[draft.found.critique.answer_id, draft.found.critique.text]


def shown(sitting: Sitting) -> dict[int, list[CheckedCritique]]:
    """The drafts at each place of the page, from 0; all those of a place have one text and one verdict."""
    places: dict[int, list[CheckedCritique]] = {}
    rows = CheckedCritique.objects.filter(check_of__sitting=sitting, shown_position__isnull=False)
    for row in rows.select_related("found__critique").prefetch_related("covers").order_by("shown_position", "pk"):
        assert row.shown_position is not None
        places.setdefault(row.shown_position, []).append(row)
    return places


def part_of(sitting: Sitting, client_key: uuid.UUID) -> list[CheckedCritique] | None:
    """The drafts of the part with this key, which is that of its first."""
    return next((rows for rows in shown(sitting).values() if rows[0].client_key == client_key), None)


def check(
    *,
    labeler: Labeler,
    sitting: Sitting,
    client_key: uuid.UUID,
    base_revision: int,
    valid: bool | None,
    covers: Iterable[IntendedCritique] = (),
) -> list[CheckedCritique]:
    """Save the verdict on the critiques of one part. What is not valid covers nothing.

    Raises Stale if it was saved elsewhere since, unless that is what is stored already.
    """
    with transaction.atomic():
        assignment = begin(labeler, sitting.own_assignment)
        rows = part_of(sitting, client_key)
        if rows is None:
            raise Refused("There is no such critique in this page. Reload it.")
        covered = set(covers) if valid else set()
        if any(intended.critique.answer_id != rows[0].found.critique.answer_id for intended in covered):
            raise Refused("This intended critique is of another answer.")
        if rows[0].valid == valid and set(rows[0].covers.all()) == covered:
            return rows
        check_fresh(rows[0], base_revision)
        for row in rows:
            row.valid = valid
            row.revision += 1
            row.covers.set(covered)
        CheckedCritique.objects.bulk_update(rows, ["valid", "revision"])
        record(assignment, EventKind.DRAFT_CHANGED, value=rows[0].pk)
    return rows


def submit(*, labeler: Labeler, assignment: Assignment, seen: Seen | None = None) -> Sitting:
    """Hand in the sitting once every critique is found valid or not."""
    return sittings.submit(labeler, assignment, seen=seen, draft_of=_draft_of)


def _draft_of(assignment: Assignment) -> Draft:
    places = shown(assignment.sitting)
    revisions = {rows[0].client_key: rows[0].revision for rows in places.values()}
    undecided = next(((place, rows[0]) for place, rows in places.items() if rows[0].valid is None), None)
    refusal = None
    if undecided is not None:
        place, row = undecided
        refusal = Refused(f"Critique {place + 1}: say whether it is valid.", field=str(row.client_key))
    return Draft(revisions, refusal, len(places))
