"""Generator, discriminator, critique gaps (section 5 of the paper).

From m samples of answers to one question:

    G    mean quality of a sample
    D_N  quality of the sample that the discriminator finds least critiqueable among N
    C_N  quality of the sample whose critique is least severe among N (0 where it is not helpful)

and the gaps GD = D - G, GC = C - G, CD = D - C. All N-subsets of the samples count alike, and candidates
that tie share the choice, so each value is the exact expectation over a random subset and a random way to
break ties.

Quality is the Likert rating, being perfect (uncritiqueable), or the win rate against a random member of the
same subset: a tie is half a win, and so is the chosen one against itself, which makes G exactly 1/2 and caps
the others at 1 - 1/(2N).

Worked example, N = 2, samples of quality (1, 0, 0) and scores (.1, .2, .2): the pairs choose sample 0 twice,
and once share between 1 and 2. D = (1 + 1 + 0) / 3 = 2/3, G = 1/3, GD = 1/3.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from findings.records import GapRecord
from findings.statistics.estimates import REPS, Floats
from findings.statistics.means import Mean, means

Metric = Literal["likert", "uncritiqueable", "win_rate"]
Value = Literal["G", "D", "C", "oracle", "GD", "GC", "CD"]
METRICS: Final[tuple[Metric, ...]] = ("likert", "uncritiqueable", "win_rate")

#: More subsets than this of one question's samples are not enumerated.
MOST_SUBSETS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer, what people or an oracle say of it, and what the model and its critique say."""

    critiqueability: float
    """The discriminator's score: the lowest is chosen."""
    helpful: bool
    """Whether the sample's one forced critique is helpful (valid)."""
    severity: int | None
    """Of a helpful critique; null counts as 1, so that without severities helpful ones tie."""
    perfect: bool
    """Uncritiqueable, by people or the oracle."""
    rating: int | None = None
    """Likert 1 to 7; null where there is none, as on synthetic tasks."""


@dataclass(frozen=True, slots=True)
class Question:
    """Samples of answers to one question."""

    passage: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Gaps:
    """Mean over questions of G, D, C, the gaps, and choosing by true quality (oracle best-of-N)."""

    metric: Metric
    n: int
    """Best of how many."""
    values: dict[Value, Mean]
    n_left_out: int
    """Questions with fewer than N samples, or without ratings where the metric is Likert."""


def questions(records: Iterable[GapRecord]) -> Iterator[Question]:
    """The samples of each row."""
    for record in records:
        samples = (
            Sample(s["critiqueability"], s["helpful"], s["severity"], s["perfect"], s["rating"])
            for s in record["data"]["samples"]
        )
        yield Question(record["data"]["passage"]["text"], tuple(samples))


def gaps(asked: Iterable[Question], metric: Metric, *, n: int = 2, seed: int = 0, reps: int = REPS) -> Gaps:
    """G, D, C and their gaps under one metric, with intervals by passage.

    Raises ValueError for n < 2 or more subsets than can be enumerated.
    """
    if n < 2:
        raise ValueError("best of n needs n of 2 or more")
    every = list(asked)
    usable = [question for question in every if _usable(question, metric, n)]
    rows = (row for question in usable for row in _values(question, metric, n))
    return Gaps(metric, n, means(rows, seed=seed, reps=reps), len(every) - len(usable))


def quality(samples: Sequence[Sample], metric: Metric) -> Floats:
    """(m,) quality of each sample; for the win rate what is compared: ratings, or perfect where there are none."""
    rated = all(sample.rating is not None for sample in samples)
    if metric == "likert" or (metric == "win_rate" and rated):
        return np.array([sample.rating for sample in samples], dtype=np.float64)
    return np.array([sample.perfect for sample in samples], dtype=np.float64)


def severity(sample: Sample) -> int:
    """How severe the sample's critique is: 0 if not helpful, whatever it claims."""
    if not sample.helpful:
        return 0
    return 1 if sample.severity is None else sample.severity


def best_of(keys: Floats, worth: Callable[[tuple[int, ...], int], float], n: int) -> float:
    """Expected worth of the least of n: the mean over all n-subsets, ties within one sharing it.

    `keys` (m,) ranks the samples, the least is chosen; `worth(subset, i)` is what choosing i from it brings.
    """
    total = 0.0
    count = 0
    for subset in itertools.combinations(range(len(keys)), n):
        least = min(keys[i] for i in subset)
        tied = [i for i in subset if keys[i] == least]
        total += sum(worth(subset, i) for i in tied) / len(tied)
        count += 1
    return total / count


def _usable(question: Question, metric: Metric, n: int) -> bool:
    if math.comb(len(question.samples), n) > MOST_SUBSETS:
        raise ValueError(f"{len(question.samples)} samples have more than {MOST_SUBSETS} subsets of {n}")
    rated = metric != "likert" or all(sample.rating is not None for sample in question.samples)
    return len(question.samples) >= n and rated


def _values(question: Question, metric: Metric, n: int) -> Iterator[tuple[Value, str, float]]:
    samples = question.samples
    q = quality(samples, metric)

    def worth(subset: tuple[int, ...], i: int) -> float:
        if metric != "win_rate":
            return float(q[i])
        # The chosen one meets a random member of its subset, itself included.
        return float(np.mean([0.5 * (1 + np.sign(q[i] - q[j])) for j in subset]))

    g = best_of(np.zeros(len(samples)), worth, n)
    d = best_of(np.array([sample.critiqueability for sample in samples]), worth, n)
    c = best_of(np.array([severity(sample) for sample in samples], dtype=np.float64), worth, n)
    oracle = best_of(-q, worth, n)
    chosen: dict[Value, float] = {"G": g, "D": d, "C": c, "oracle": oracle}
    chosen |= {"GD": d - g, "GC": c - g, "CD": d - c}
    for name, value in chosen.items():
        yield name, question.passage, float(value)
