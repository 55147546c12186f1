"""How often critiques are helpful, by critic (sections 4.1 and 4.2 of the paper; Figure 3).

An answer is critiqueable if a labeler says so, or found any critique of it helpful; over critiqueable
answers the share says how good a critic is where there is something to find.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from findings.records import JudgementRecord
from findings.statistics.estimates import REPS
from findings.statistics.means import Mean, means

Answers = Literal["all", "critiqueable"]


class Share(NamedTuple):
    """Which share: of whose critiques, on which answers, helpful or clearly and unambiguously so."""

    critic: str
    answers: Answers
    clearly: bool


def helpful_by_critic(records: Iterable[JudgementRecord], *, seed: int = 0, reps: int = REPS) -> dict[Share, Mean]:
    """The share of helpful critiques of each critic; of clearly helpful ones if any record was asked that."""
    return means(_verdicts(list(records)), seed=seed, reps=reps)


def _verdicts(records: list[JudgementRecord]) -> Iterator[tuple[Share, str, float]]:
    flawed = _critiqueable(records)
    asked = any(c["clearly_helpful"] is not None for record in records for c in record["data"]["critiques"])
    for record in records:
        passage = record["data"]["passage"]["text"]
        kinds: list[Answers] = ["all", "critiqueable"] if _answer(record) in flawed else ["all"]
        for critique in record["data"]["critiques"]:
            for answers in kinds:
                yield Share(critique["critic"], answers, False), passage, float(critique["helpful"])
                # What is not helpful is not clearly so, whether or not that was recorded.
                if asked and (critique["clearly_helpful"] is not None or not critique["helpful"]):
                    clearly = float(bool(critique["clearly_helpful"]))
                    yield Share(critique["critic"], answers, True), passage, clearly


def _critiqueable(records: Iterable[JudgementRecord]) -> set[tuple[str, str, str]]:
    """The answers that most labelers who spoke hold flawed; a tie counts as flawed."""
    votes: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for record in records:
        data = record["data"]
        helpful = any(critique["helpful"] for critique in data["critiques"])
        if helpful or data["critiqueable"] is not None:
            votes[_answer(record)] += 1 if helpful or data["critiqueable"] else -1
    return {answer for answer, balance in votes.items() if balance >= 0}


def _answer(record: JudgementRecord) -> tuple[str, str, str]:
    return record["source_id"], record["data"]["question"], record["data"]["answer"]
