"""Critiques and refinements to train on: answers ranked and rated, then mended critique by critique.

The critiques of one answer form a chain (protocol of the released files): each is about the refinement before
it, and only the last one's refinement can still be edited, so that no quote ever points into a text that is gone.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from labeling.actions import sittings
from labeling.actions.critiquing import PERFECT
from labeling.actions.sittings import Draft, Seen, begin, options_of, record, save_part, shuffled, still_there
from labeling.enums import Activity, AnswerKind, CritiqueOrigin, EventKind, QuoteOf
from labeling.models import (
    Answer,
    Assignment,
    ChainLink,
    Corroboration,
    Critique,
    Labeler,
    Question,
    Quote,
    RankedAnswer,
    RankedQuestion,
    Sitting,
)
from labeling.refusals import Gone, NeedsConfirmation, Refused
from labeling.rules.grades import missing_of_critique
from labeling.rules.quoting import Span, quoted

#: So many answers of a question are shown, unless the activity's option `answers_each` says otherwise.
ANSWERS_EACH = 4
Quotes = Mapping[QuoteOf, Sequence[Span]]


def answers_to_show(question: Question, options: Mapping[str, Any], seed: int) -> list[Answer]:
    """Different answers to one question, the same ones for all labelers of a study. Repeated texts count once."""
    answers = question.answers.filter(kind__in=options.get("kinds", [AnswerKind.MODEL])).order_by("pk")
    if options.get("model"):
        answers = answers.filter(model_name=options["model"])
    different = list({answer.text: answer for answer in reversed(answers)}.values())[::-1]
    chosen = random.Random(f"answers:{seed}:{question.pk}").sample(
        different, min(len(different), int(options.get("answers_each", ANSWERS_EACH)))
    )
    return sorted(chosen, key=lambda answer: answer.pk)


def prepare(assignment: Assignment) -> Sitting:
    """The sitting with all its questions and answers, made at the first call."""
    return sittings.prepare(assignment, _place_answers)


def _place_answers(assignment: Assignment, sitting: Sitting) -> None:
    if sitting.ranked_questions.exists():
        return
    study = assignment.slot.study
    options = options_of(study, Activity.DEMONSTRATING)
    asked = study.study_questions.filter(question__passage=sitting.passage).select_related("question")
    for row in asked.order_by("position"):
        answers = shuffled(assignment, f"answers:{row.pk}", answers_to_show(row.question, options, study.seed))
        if not answers:
            continue
        ranked = RankedQuestion.objects.create(
            sitting=sitting, position=sitting.ranked_questions.count(), question=row.question
        )
        RankedAnswer.objects.bulk_create(
            RankedAnswer(ranked_question=ranked, position=position, answer=answer)
            for position, answer in enumerate(answers)
        )


def ranked_answers(sitting: Sitting) -> list[RankedAnswer]:
    """All answers of a sitting in the order of its page; the page numbers them from 1."""
    rows = RankedAnswer.objects.filter(ranked_question__sitting=sitting)
    return list(rows.select_related("answer", "ranked_question").order_by("ranked_question__position", "position"))


def links_of(row: RankedAnswer) -> list[ChainLink]:
    return list(row.chain.select_related("critique").order_by("position"))


def text_before(link: ChainLink) -> str:
    """What a critique is about: the refinement before it, or the answer for the first."""
    earlier = link.ranked_answer.chain.filter(position__lt=link.position).order_by("-position").first()
    return earlier.refinement if earlier is not None else link.ranked_answer.answer.text


def text_now(row: RankedAnswer) -> str:
    """What the next critique is about: the last refinement, or the answer."""
    last = row.chain.order_by("-position").first()
    return last.refinement if last is not None else row.answer.text


def is_last(link: ChainLink) -> bool:
    return not link.ranked_answer.chain.filter(position__gt=link.position).exists()


def spans_of(link: ChainLink, of: QuoteOf) -> list[Span]:
    return [Span(quote.begin, quote.end) for quote in link.quotes.filter(of=of).order_by("position")]


def rate(
    *,
    labeler: Labeler,
    row: RankedAnswer,
    base_revision: int,
    tier: int | None,
    rating: int | None,
    is_skipped: bool,
    skip_reason: str,
    corroborations: Sequence[str],
) -> RankedAnswer:
    """Save an answer's tier and rating, whether its critiques are skipped, and what speaks for it."""
    with transaction.atomic():
        assignment = begin(labeler, row.sitting.own_assignment)
        row = still_there(RankedAnswer.objects.filter(pk=row.pk))
        if tier is not None and not 0 <= tier < row.ranked_question.answers.count():
            raise Refused("There are as many places as answers.", field="tier")
        if is_skipped and row.position == 0:
            raise Refused("The first answer of a question cannot be skipped.")
        new = list(row.corroborations.order_by("position").values_list("text", flat=True)) != list(corroborations)
        wanted = {"tier": tier, "rating": rating, "is_skipped": is_skipped, "skip_reason": skip_reason}
        if save_part(row, base_revision, beside=new, **wanted):
            record(assignment, EventKind.DRAFT_CHANGED, value=row.pk)
        if new:
            row.corroborations.all().delete()
            Corroboration.objects.bulk_create(
                Corroboration(ranked_answer=row, position=position, text=text)
                for position, text in enumerate(corroborations)
            )
    return row


def add_link(*, labeler: Labeler, row: RankedAnswer, client_key: uuid.UUID, **content: Any) -> ChainLink:
    """Begin the next critique of an answer: empty, or with the content of one that was removed.

    Its refinement begins as the text that it is about.
    """
    with transaction.atomic():
        assignment = begin(labeler, row.sitting.own_assignment)
        repeated = row.chain.filter(client_key=client_key).first()
        if repeated is not None:
            return repeated
        before = row.chain.order_by("-position").first()
        if before is not None and before.refinement == text_before(before):
            raise Refused(
                f"First edit the answer so that it addresses critique {before.position + 1}: "
                "the next critique is about what you make of it."
            )
        critique = Critique.objects.create(answer=row.answer, origin=CritiqueOrigin.LABELER)
        link = ChainLink.objects.create(
            critique=critique,
            ranked_answer=row,
            position=0 if before is None else before.position + 1,
            client_key=client_key,
            category_text="",
            refinement=text_now(row),
        )
        record(assignment, EventKind.DRAFT_ADDED, critique=critique.pk)
        if content:
            change_link(labeler=labeler, link=link, base_revision=link.revision, **content)
    return link


def change_link(
    *,
    labeler: Labeler,
    link: ChainLink,
    base_revision: int,
    text: str,
    category: str,
    category_text: str,
    severity: int | None,
    refinement: str | None,
    quotes: Quotes,
) -> ChainLink:
    """Save a critique and its refinement as they stand in the page. Without a refinement, that one stays.

    Raises Stale if it was saved elsewhere since, Refused for quotes that do not lie in the texts quoted and for a
    change of a refinement that a later critique is about.
    """
    with transaction.atomic():
        assignment = begin(labeler, link.ranked_answer.sitting.own_assignment)
        link = still_there(ChainLink.objects.filter(pk=link.pk).select_related("critique", "ranked_answer__answer"))
        if refinement is None:
            refinement = link.refinement
        if refinement != link.refinement and not is_last(link):
            raise Refused("A later critique is about this text. Remove that one first.")
        texts = {QuoteOf.PASSAGE: assignment.slot.passage.text, QuoteOf.RESPONSE: text_before(link)}
        for of, spans in quotes.items():
            for span in spans:
                quoted(texts[of], span)
        new_quotes = {of for of in QuoteOf if spans_of(link, of) != list(quotes.get(of, ()))}
        new_text = link.critique.text != text
        wanted = {"category": category, "category_text": category_text, "severity": severity, "refinement": refinement}
        if save_part(link, base_revision, beside=new_text or bool(new_quotes), **wanted):
            record(assignment, EventKind.DRAFT_CHANGED, critique=link.pk)
        if new_text:
            link.critique.text = text
            link.critique.save(update_fields=["text"])
        for of in new_quotes:
            _replace_quotes(link, of, quotes.get(of, ()))
    return link


def _replace_quotes(link: ChainLink, of: QuoteOf, spans: Sequence[Span]) -> None:
    """In the order in which they were selected."""
    link.quotes.filter(of=of).delete()
    Quote.objects.bulk_create(
        Quote(link=link, of=of, position=position, begin=span.begin, end=span.end)
        for position, span in enumerate(spans)
    )


def remove_link(*, labeler: Labeler, link: ChainLink) -> None:
    """Take the last critique of a chain out, with its refinement."""
    with transaction.atomic():
        assignment = begin(labeler, link.ranked_answer.sitting.own_assignment)
        if not is_last(link):
            raise Refused("A later critique is about what this one made of the answer. Remove that one first.")
        if Critique.objects.filter(pk=link.pk).delete()[0]:
            record(assignment, EventKind.DRAFT_REMOVED, critique=link.pk)


def submit(*, labeler: Labeler, assignment: Assignment, confirmed: bool = False, seen: Seen | None = None) -> Sitting:
    """Hand in the draft. Repeating it answers with the first submission, unchanged.

    Asks about a 7 with critiques (real labelers give them) and goes on once confirmed.
    """

    def draft_of(assignment: Assignment) -> Draft:
        rows = ranked_answers(prepare(assignment))
        chains = {row.pk: links_of(row) for row in rows}
        links = [link for chain in chains.values() for link in chain]
        stored = {row.client_key: row.revision for row in rows}
        refusal = _incomplete(rows, chains)
        if refusal is None and not confirmed and any(row.rating == PERFECT and chains[row.pk] for row in rows):
            refusal = NeedsConfirmation(
                "You rated an answer 7, a perfect answer, and found something to criticise in it. Submit both?"
            )
        stored |= {link.client_key: link.revision for link in links if link.client_key}
        return Draft(stored, refusal, len(links))

    return sittings.submit(labeler, assignment, seen=seen, draft_of=draft_of)


def _incomplete(rows: Sequence[RankedAnswer], chains: Mapping[int, Sequence[ChainLink]]) -> Refused | None:
    """What is still missing, the first thing first."""
    if not rows:
        return Gone("There are no answers to this text's questions. Give it back, and tell the admin of the study.")
    for number, row in enumerate(rows, start=1):
        chain = chains[row.pk]
        lacking = _missing_of_answer(row, chain)
        if lacking is not None:
            return Refused(f"Answer {number} {lacking}", field=str(row.client_key))
        refusal = _incomplete_link(number, chain) or _unsaid(number, row, chain)
        if refusal is not None:
            return refusal
    return None


def _missing_of_answer(row: RankedAnswer, chain: Sequence[ChainLink]) -> str | None:
    for missing, needed in (
        (row.tier is None, "needs its place among the answers."),
        (row.rating is None, "needs a rating from 1 to 7."),
        (row.is_skipped and not row.skip_reason.strip(), "is skipped: say why in a few words."),
        (row.is_skipped and bool(chain), "is skipped, yet has critiques. Remove them, or do not skip it."),
    ):
        if missing:
            return needed
    return None


def _incomplete_link(number: int, chain: Sequence[ChainLink]) -> Refused | None:
    for place, link in enumerate(chain, start=1):
        lacking = missing_of_critique(link.critique.text, link.category, link.category_text, link.severity)
        if lacking is None and link.refinement == text_before(link):
            lacking = "is not addressed yet: edit the answer below it."
        if lacking is not None:
            return Refused(f"Critique {place} of answer {number} {lacking}", field=str(link.client_key))
    return None


def _unsaid(number: int, row: RankedAnswer, chain: Sequence[ChainLink]) -> Refused | None:
    """A rating under 7 says that something is wrong: a critique says what."""
    if row.is_skipped or chain or row.rating is None or row.rating == PERFECT:
        return None
    return Refused(
        f"You rated answer {number} {row.rating}, so something is wrong with it: write at least one critique "
        "that says what. If nothing is wrong, rate it 7.",
        field=str(row.client_key),
    )
