"""What labelers said about model critiques: counts, the rules of the form, and ratings to compare."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from findings.records import CritiqueScoresRecord, HelpfulnessRecord
from findings.records.released import HelpfulnessQuestion
from findings.statistics.agreement import Rating
from findings.statistics.scoring import ScoredCritique


@dataclass(slots=True)
class HelpfulnessCounts:
    """What a file of helpfulness rows holds."""

    rows: int = 0
    passages: int = 0
    questions: int = 0
    critiques: int = 0
    helpful: int = 0
    new_critiques: int = 0
    state_exceptions: int = 0
    """Questions whose answers do not follow the form's order of asking: a stale answer was kept."""
    ranked: int = 0


def count(records: Iterable[HelpfulnessRecord]) -> HelpfulnessCounts:
    """Count rows, passages (by their text), questions, critiques and verdicts."""
    counts = HelpfulnessCounts()
    passages: set[str] = set()
    for record in records:
        counts.rows += 1
        passages.add(record["data"]["passage"]["text"])
        for question in record["data"]["questions"]:
            helpful = verdicts(question)
            counts.questions += 1
            counts.critiques += len(helpful)
            counts.helpful += sum(helpful)
            counts.new_critiques += question["new_critique"] is not None
            counts.state_exceptions += not follows_the_form(question)
            counts.ranked += any(rank is not None for rank in question["rankings"])
    counts.passages = len(passages)
    return counts


def verdicts(question: HelpfulnessQuestion) -> list[bool]:
    """Helpful or not, in the order of the critiques."""
    return [critique["feedback"]["helpful"] for critique in question["answers"][0]["critiques"]]


def follows_the_form(question: HelpfulnessQuestion) -> bool:
    """Whether the answers are those of the form: two or more helpful are ranked; then one question, one
    follow-up.

    With a helpful critique the form asks for a better one (`has_better_critique`), without it asks whether
    the answer is critiqueable; yes to either asks for the new critique. What is not asked is null.
    """
    helpful = verdicts(question)
    to_rank = helpful if sum(helpful) >= 2 else [False] * len(helpful)
    better, critiqueable = question["has_better_critique"], question["is_critiqueable"]
    asked, not_asked = (better, critiqueable) if any(helpful) else (critiqueable, better)
    return (
        [rank is not None for rank in question["rankings"]] == to_rank
        and asked is not None
        and not_asked is None
        and (question["new_critique"] is not None) == asked
    )


def helpful_ratings(records: Iterable[HelpfulnessRecord]) -> Iterator[Rating]:
    """Each verdict, True or False; the unit is the critique of an answer to a question of a source."""
    for record, question in _questions(records):
        answer = question["answers"][0]
        for critique in answer["critiques"]:
            unit = (record["source_id"], question["question"], answer["answer"], critique["critique"])
            yield _rating(record, unit, critique["feedback"]["helpful"])


def order_ratings(records: Iterable[HelpfulnessRecord], *, helpful_only: bool) -> Iterator[Rating]:
    """Which of two critiques is better, by sign: 1 the first (in alphabetical order), 0 a tie, -1 the second.

    Ranks order helpful critiques, and any helpful one is better than any that is not; two unhelpful ones
    tie. With `helpful_only` a labeler orders only pairs whose both members that labeler finds helpful.
    """
    for record, question in _questions(records):
        answer = question["answers"][0]
        standing = sorted(
            (critique["critique"], critique["feedback"]["helpful"], rank)
            for critique, rank in zip(answer["critiques"], question["rankings"], strict=True)
        )
        for (one, first, rank), (other, second, below) in itertools.combinations(standing, 2):
            if helpful_only and not (first and second):
                continue
            unit = (record["source_id"], question["question"], answer["answer"], one, other)
            yield _rating(record, unit, _sign(first, rank, second, below))


def _sign(first: bool, rank: int | None, second: bool, below: int | None) -> int:
    if first and second and rank is not None and below is not None:
        return (below > rank) - (below < rank)
    return int(first) - int(second)


class ScoresError(ValueError):
    """Scores do not fit the helpfulness rows that they are said to be about."""


def scored_verdicts(
    records: Iterable[HelpfulnessRecord], scores: Iterable[CritiqueScoresRecord]
) -> Iterator[ScoredCritique]:
    """Each verdict with the score that a scorer gave its critique; questions without scores are passed over.

    Raises ScoresError for scores of a question that is not there, or of another number of critiques.
    """
    given = {(row["id"], row["question_index"]): row["scores"] for row in scores}
    for record in records:
        for n, question in enumerate(record["data"]["questions"]):
            values = given.pop((record["id"], n), None)
            if values is None:
                continue
            helpful = verdicts(question)
            if len(values) != len(helpful):
                raise ScoresError(f"row {record['id']}, question {n}: {len(values)} scores, {len(helpful)} critiques")
            for score, verdict in zip(values, helpful, strict=True):
                yield ScoredCritique(score, verdict, (record["id"], n), record["data"]["passage"]["text"])
    if given:
        row_id, n = next(iter(given))
        raise ScoresError(f"scores of row {row_id}, question {n}, which the rows do not hold")


def _rating(record: HelpfulnessRecord, unit: tuple[str, ...], value: bool | int) -> Rating:
    return Rating(unit, record["data"]["passage"]["text"], record["labeler"], value)


def _questions(
    records: Iterable[HelpfulnessRecord],
) -> Iterator[tuple[HelpfulnessRecord, HelpfulnessQuestion]]:
    for record in records:
        for question in record["data"]["questions"]:
            yield record, question
