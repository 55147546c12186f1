"""Win rates of refinements against their originals (section 4.3 of the paper), labelled by who judged.

A win is 1, a tie 1/2. People judge through refinement_judgements rows; a harness may judge by the model's
own score or, on synthetic tasks, by an oracle. The three are never pooled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from findings.records import RefinementJudgementRecord
from findings.statistics.estimates import REPS
from findings.statistics.means import Mean, means

Judge = Literal["people", "score", "oracle"]
Method = Literal["direct", "conditional", "best-of-n"]


class Contest(NamedTuple):
    """What was compared with the original answer, and by whom."""

    source: str
    """The model that answered and refined, or `Human`."""
    method: Method
    n: int
    """Best of how many critiques, refinements or fresh answers."""
    opt_out: bool
    """Whether the original was kept where the model's score preferred it."""
    judge: Judge


class Outcome(NamedTuple):
    """One comparison: 1 the refinement is better, 0 the original, 1/2 neither."""

    contest: Contest
    passage: str
    win: float


def outcomes(records: Iterable[RefinementJudgementRecord]) -> Iterator[Outcome]:
    """The judgements of people."""
    for record in records:
        data = record["data"]
        contest = Contest(data["source"], data["method"], data["n"], data["opt_out"], "people")
        win = {"refinement": 1.0, "original": 0.0, None: 0.5}[data["better"]]
        yield Outcome(contest, data["passage"]["text"], win)


def win_rates(compared: Iterable[Outcome], *, seed: int = 0, reps: int = REPS) -> dict[Contest, Mean]:
    """The win rate of each contest, with intervals by passage."""
    return means(compared, seed=seed, reps=reps)
