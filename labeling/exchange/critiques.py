"""Rows of the critiques files: answers ranked and rated, each with its chain of critiques and refinements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Prefetch, QuerySet

from findings import records
from findings.records.common import Span
from findings.records.released import ChainedCritique, CritiquedAnswer, CritiquesQuestion
from labeling.enums import Activity, CritiqueOrigin, QuoteOf
from labeling.exchange.sittings import SittingLoader, sitting_records, sittings_of
from labeling.models import ChainLink, Corroboration, Critique, Quote, RankedAnswer, RankedQuestion, Sitting, Study
from labeling.models.demonstrations import QUESTION_PREFIX

#: The released name of the quotes of each text.
QUOTES = {"text_quotes": QuoteOf.PASSAGE, "response_quotes": QuoteOf.RESPONSE}


class CritiquesLoader(SittingLoader):
    activity = Activity.DEMONSTRATING

    def store_question(self, sitting: Sitting, place: int, given: CritiquesQuestion) -> None:
        text = given["question"].removeprefix(QUESTION_PREFIX)
        question = self.entities.question(sitting.passage, text)
        ranked = RankedQuestion.objects.create(
            sitting=sitting,
            position=place,
            question=question,
            is_prefixed=given["question"].startswith(QUESTION_PREFIX),
        )
        for position, (answer, tier) in enumerate(zip(given["answers"], given["rankings"], strict=True)):
            self._store_answer(ranked, position, answer, tier)

    def _store_answer(self, ranked: RankedQuestion, position: int, given: CritiquedAnswer, tier: int) -> None:
        feedback = given["feedback"]
        row = RankedAnswer.objects.create(
            ranked_question=ranked,
            position=position,
            answer=self.model_answer(ranked.question, given["answer"]),
            tier=tier,
            rating=feedback["rating"],
            is_skipped=feedback["critiques"] is None,
            could_skip="skip" in feedback,
        )
        _store_chain(row, feedback["critiques"] or [])
        Corroboration.objects.bulk_create(
            Corroboration(ranked_answer=row, position=place, text=one["text"])
            for place, one in enumerate(feedback["corroborations"])
        )


def _store_chain(row: RankedAnswer, chain: Sequence[ChainedCritique]) -> None:
    critiques = Critique.objects.bulk_create(
        Critique(answer=row.answer, text=given["text"], origin=CritiqueOrigin.LABELER) for given in chain
    )
    links = ChainLink.objects.bulk_create(
        ChainLink(
            critique=critique,
            ranked_answer=row,
            position=position,
            severity=given["severity"],
            category=given.get("category", ""),
            category_text=given.get("category_text"),
            refinement=given["refinement"],
            could_quote_text="text_quotes" in given,
            could_quote_response="response_quotes" in given,
        )
        for position, (critique, given) in enumerate(zip(critiques, chain, strict=True))
    )
    Quote.objects.bulk_create(
        Quote(link=link, of=of, position=position, begin=span["begin"], end=span["end"])
        for link, given in zip(links, chain, strict=True)
        for name, of in QUOTES.items()
        for position, span in enumerate(_spans(given, name))
    )


def _spans(given: ChainedCritique, name: str) -> list[Span]:
    spans: list[Span] = given.get(name, [])  # type: ignore[assignment]
    return spans


def critiques_records(studies: QuerySet[Study]) -> Iterator[dict[str, Any]]:
    """Yield the rows of these studies' sittings."""
    chain = (
        ChainLink.objects.select_related("critique")
        .prefetch_related(Prefetch("quotes", Quote.objects.order_by("position")))
        .order_by("position")
    )
    answers = (
        RankedAnswer.objects.select_related("answer")
        .prefetch_related(
            Prefetch("chain", chain), Prefetch("corroborations", Corroboration.objects.order_by("position"))
        )
        .order_by("position")
    )
    questions = (
        RankedQuestion.objects.select_related("question")
        .prefetch_related(Prefetch("answers", answers))
        .order_by("position")
    )
    sittings = sittings_of(studies, Activity.DEMONSTRATING).prefetch_related(Prefetch("ranked_questions", questions))
    return sitting_records(
        records.CRITIQUES, sittings, lambda sitting: [_question(one) for one in sitting.ranked_questions.all()]
    )


def _question(ranked: RankedQuestion) -> dict[str, Any]:
    answers = list(ranked.answers.all())
    return {
        "question": ranked.prompt,
        "answers": [{"answer": one.answer.text, "feedback": _feedback(one)} for one in answers],
        "rankings": [one.tier for one in answers],
    }


def _feedback(row: RankedAnswer) -> dict[str, Any]:
    feedback: dict[str, Any] = {
        "rating": row.rating,
        "skip_critiques": row.is_skipped,
        "corroborations": [{"text": one.text} for one in row.corroborations.all()],
        "critiques": None if row.is_skipped else [_link(link) for link in row.chain.all()],
    }
    return feedback | {"skip": row.is_skipped} if row.could_skip else feedback


def _link(link: ChainLink) -> dict[str, Any]:
    """What the form did not ask is absent, not empty."""
    record: dict[str, Any] = {"text": link.critique.text, "severity": link.severity, "refinement": link.refinement}
    if link.category:
        record["category"] = link.category
    if link.category_text is not None:
        record["category_text"] = link.category_text
    could = {"text_quotes": link.could_quote_text, "response_quotes": link.could_quote_response}
    for name, of in QUOTES.items():
        if could[name]:
            record[name] = [{"begin": one.begin, "end": one.end} for one in link.quotes.all() if one.of == of]
    return record
