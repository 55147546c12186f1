"""Trust in the model: which of the suggestions shown were used, against what judges say of them.

Over-reliance: a suggestion that is not valid was used. Under-reliance: a valid one was passed over (it may
still repeat another that was used, or what the labeler had written: an upper bound of what was missed). Both
only where a judge gave a verdict on the very suggestion that a label was shown; how many had one is part of
the result.

A suggestion's rank is its place as displayed: by descending score, equal scores in stored order.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from findings.records import AssistanceRecord, ExtendedAssistanceRecord, JudgementRecord
from findings.statistics.calibration import METHODS, Gain, TooFewVerdictsError, gain
from findings.statistics.estimates import REPS, Interval, Ints, bootstrap, interval, ratio_of_sums, sum_by
from findings.statistics.scoring import Ranking, Reliability, Scored, ScoredCritique, ranking, reliability

#: Upper bounds of the score groups, the last one closed.
SCORE_GROUPS: Final = (0.2, 0.4, 0.6, 0.8, 1.0)


class Shown(NamedTuple):
    """One suggestion as one label met it; `valid` is null without a verdict, or with judges in a tie."""

    label_id: str
    passage: str
    rank: int
    score: float
    used: bool
    valid: bool | None


@dataclass(frozen=True, slots=True)
class Reliance:
    """Over- and under-reliance among some of the suggestions shown; null where there are none to rely on."""

    group: str
    """`all`, `rank 1` (shown first) and on, `score 0.0-0.2` and on."""
    over: Interval | None
    under: Interval | None
    n_invalid: int
    n_valid: int
    n_shown: int
    """All that were shown, with a verdict or without."""

    @property
    def covered(self) -> float:
        """The share of those shown that have a verdict."""
        return (self.n_invalid + self.n_valid) / self.n_shown


def display_order(scores: Iterable[float]) -> list[int]:
    """Stored indices in the order of display: by descending score, ties as stored."""
    numbered = list(enumerate(scores))
    return [index for index, _ in sorted(numbered, key=lambda pair: -pair[1])]


def shown_suggestions(
    records: Iterable[AssistanceRecord | ExtendedAssistanceRecord],
    judgements: Iterable[JudgementRecord],
) -> Iterator[Shown]:
    """Every suggestion of every assisted label, with the majority of its verdicts."""
    verdicts = _verdicts(judgements)
    for record in records:
        for label in record["labels"]:
            assistance = label["data"]["assistance"]
            if assistance is None:
                continue
            scores = [critique["helpfulness"] for critique in assistance["critiques"]]
            used = {critique["assistance_critique"] for critique in label["data"]["feedback"]["critiques"]}
            for rank, index in enumerate(display_order(scores)):
                valid = _majority(verdicts.get((label["id"], index), ()))
                passage = record["source_data"]["passage"]["text"]
                yield Shown(label["id"], passage, rank, scores[index], index in used, valid)


def scored_judgements(judgements: Iterable[JudgementRecord]) -> Iterator[ScoredCritique]:
    """Every verdict on a critique with a score; what one labeler judged together is one question."""
    for record in judgements:
        for critique in record["data"]["critiques"]:
            if critique["score"] is not None:
                passage = record["data"]["passage"]["text"]
                yield ScoredCritique(critique["score"], critique["helpful"], record["id"], passage)


@dataclass(frozen=True, slots=True)
class Trust:
    """All that verdicts on suggestions tell about trust in the model."""

    reliance: list[Reliance]
    reliability: Reliability | None
    ranking: Ranking
    calibration: list[Gain]
    """What each method would bring on passages that it was not fitted on; empty with too few verdicts."""


def trust(
    records: Iterable[AssistanceRecord | ExtendedAssistanceRecord],
    judgements: Sequence[JudgementRecord],
    *,
    seed: int = 0,
    reps: int = REPS,
) -> Trust:
    """Reliance on the suggestions shown, and the worth of their scores."""
    scored = Scored.of(scored_judgements(judgements))
    gains = []
    for method in METHODS:
        with contextlib.suppress(TooFewVerdictsError):
            gains.append(gain(scored, method))
    return Trust(
        reliance=reliance(shown_suggestions(records, judgements), seed=seed, reps=reps),
        reliability=reliability(scored, seed=seed, reps=reps),
        ranking=ranking(scored, seed=seed, reps=reps),
        calibration=gains,
    )


def reliance(shown: Iterable[Shown], *, seed: int = 0, reps: int = REPS) -> list[Reliance]:
    """Over- and under-reliance: all suggestions, then by rank, then by score; empty without suggestions."""
    met = list(shown)
    if not met:
        return []
    numbers: dict[str, int] = {}
    passage = np.array([numbers.setdefault(s.passage, len(numbers)) for s in met])
    groups: dict[str, Any] = {"all": np.ones(len(met), dtype=np.bool_)}
    rank = np.array([s.rank for s in met])
    for place in np.unique(rank):
        groups[f"rank {place + 1}"] = rank == place
    score = np.array([s.score for s in met])
    which = np.minimum(np.searchsorted(SCORE_GROUPS, score, side="right"), len(SCORE_GROUPS) - 1)
    for k in np.unique(which):
        groups[f"score {SCORE_GROUPS[k] - 0.2:.1f}-{SCORE_GROUPS[k]:.1f}"] = which == k
    return [_reliance(name, met, inside, passage, seed=seed, reps=reps) for name, inside in groups.items()]


def _reliance(name: str, met: list[Shown], inside: Any, passage: Ints, *, seed: int, reps: int) -> Reliance:
    used = np.array([s.used for s in met])
    invalid = np.array([s.valid is False for s in met]) & inside
    valid = np.array([s.valid is True for s in met]) & inside
    return Reliance(
        group=name,
        over=_share(invalid & used, invalid, passage, seed=seed, reps=reps),
        under=_share(valid & ~used, valid, passage, seed=seed, reps=reps),
        n_invalid=int(invalid.sum()),
        n_valid=int(valid.sum()),
        n_shown=int(inside.sum()),
    )


def _share(part: Any, whole: Any, passage: Ints, *, seed: int, reps: int) -> Interval | None:
    if not whole.any():
        return None
    size = int(passage.max()) + 1
    sums = sum_by(passage, np.column_stack([part, whole]).astype(np.float64), size)
    statistic = ratio_of_sums(sums[:, :1], sums[:, 1:])
    value, draws = bootstrap(statistic, size, rng=np.random.default_rng(seed), reps=reps)
    return interval(float(value[0]), draws[:, 0], passages=int(np.unique(passage[whole]).size))


def _verdicts(judgements: Iterable[JudgementRecord]) -> Mapping[tuple[str, int], list[bool]]:
    verdicts: defaultdict[tuple[str, int], list[bool]] = defaultdict(list)
    for record in judgements:
        for critique in record["data"]["critiques"]:
            for shown in critique["shown_as"]:
                verdicts[shown["label_id"], shown["assistance_critique"]].append(critique["helpful"])
    return verdicts


def _majority(verdicts: Iterable[bool]) -> bool | None:
    votes = [1 if helpful else -1 for helpful in verdicts]
    return sum(votes) > 0 if sum(votes) else None
