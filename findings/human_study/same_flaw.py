"""Which labelers found the same flaw: critiques of one answer matched between every two labelers.

Two critiques are about the same flaw if a check says so (both cover the same intended critique) or, where no
check speaks, if their words overlap enough. Matching is one to
one. Word overlap is a stand-in for a reader's judgement: it misses paraphrase, and its threshold is shown
with the result.

Labels are of the same answer if their rows, answer sources and texts are; their conditions may differ.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from rapidfuzz import fuzz, process, utils

from findings.human_study.labels import deciding_checks
from findings.records import AssistanceRecord, ExtendedAssistanceRecord, IntendedCheckRecord
from findings.records.released import AssistanceLabel, ExtendedLabel, FoundCritique
from findings.statistics.agreement import Rating
from findings.statistics.estimates import REPS, Floats, Interval, bootstrap, interval, ratio_of_sums

#: Least similarity (token sort ratio, 0 to 100) at which two critiques count as the same flaw.
THRESHOLD: Final = 70.0

Covers = Mapping[tuple[str, int], frozenset[int]]


@dataclass(frozen=True, slots=True)
class LabelPair:
    """Two labelers' critiques of one answer, and which of them match: (index of one, index of other)."""

    unit: tuple[str, str, str, str]
    passage: str
    one: AssistanceLabel | ExtendedLabel
    other: AssistanceLabel | ExtendedLabel
    matches: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Of all critiques in pairs of labels, how many the other labeler found too."""

    shared: Interval | None
    """2 matches / (critiques of one + critiques of the other), pooled; null if nobody found any."""
    n_label_pairs: int
    n_both_empty: int
    """Pairs in which neither labeler found anything: agreement that `shared` leaves out."""
    n_matches: int
    n_critiques: int
    n_passages: int
    threshold: float


def label_pairs(
    records: Iterable[AssistanceRecord | ExtendedAssistanceRecord],
    *,
    intended: Iterable[IntendedCheckRecord] | None = None,
    threshold: float = THRESHOLD,
) -> Iterator[LabelPair]:
    """Every two labels of the same answer by different labelers, with their critiques matched."""
    covers = _covers(intended or ())
    for record in records:
        passage = record["source_data"]["passage"]["text"]
        answers: defaultdict[tuple[str, str], list[AssistanceLabel | ExtendedLabel]] = defaultdict(list)
        for label in record["labels"]:
            data = label["data"]
            answers[data["condition"]["answer_source"], data["answer"]].append(label)
        for (source, _), labels in answers.items():
            for one, other in itertools.combinations(labels, 2):
                if one["labeler"] != other["labeler"]:
                    unit = (record["source_id"], source, one["id"], other["id"])
                    yield LabelPair(unit, passage, one, other, match(one, other, covers, threshold))


def match(
    one: AssistanceLabel | ExtendedLabel,
    other: AssistanceLabel | ExtendedLabel,
    covers: Covers,
    threshold: float,
) -> list[tuple[int, int]]:
    """The one-to-one matching of greatest total similarity among pairs that reach the threshold."""
    first, second = one["data"]["feedback"]["critiques"], other["data"]["feedback"]["critiques"]
    if not first or not second:
        return []
    likeness = _likeness(first, second)
    for i, j in itertools.product(range(len(first)), range(len(second))):
        said = covers.get((one["id"], i)), covers.get((other["id"], j))
        if said[0] is not None and said[1] is not None and (said[0] or said[1]):
            likeness[i, j] = 100.0 if said[0] & said[1] else 0.0
    from scipy.optimize import linear_sum_assignment

    likeness[likeness < threshold] = 0.0
    rows, columns = linear_sum_assignment(likeness, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if likeness[i, j] > 0]


def overlap(pairs: Iterable[LabelPair], *, threshold: float = THRESHOLD, seed: int = 0, reps: int = REPS) -> Overlap:
    """The share of critiques that the other labeler found too, with its interval by passage."""
    by_passage: defaultdict[str, Floats] = defaultdict(lambda: np.zeros(2))
    n_pairs = n_empty = 0
    for pair in pairs:
        critiques = sum(len(label["data"]["feedback"]["critiques"]) for label in (pair.one, pair.other))
        n_pairs += 1
        n_empty += critiques == 0
        by_passage[pair.passage] += (2 * len(pair.matches), critiques)
    sums = np.array(list(by_passage.values())).reshape(-1, 2)
    matched, n_critiques = (round(total) for total in sums.sum(axis=0))
    shared = None
    if n_critiques:
        statistic = ratio_of_sums(sums[:, :1], sums[:, 1:])
        value, draws = bootstrap(statistic, len(sums), rng=np.random.default_rng(seed), reps=reps)
        shared = interval(float(value[0]), draws[:, 0], passages=len(sums))
    return Overlap(shared, n_pairs, n_empty, matched // 2, n_critiques, len(sums), threshold)


def severity_ratings(pairs: Iterable[LabelPair]) -> Iterator[Rating]:
    """The severities that two labelers gave the same flaw, 1 to 4."""
    for unit, pair, one, other in _matched(pairs):
        yield Rating(unit, pair.passage, pair.one["labeler"], one["severity"])
        yield Rating(unit, pair.passage, pair.other["labeler"], other["severity"])


def category_ratings(pairs: Iterable[LabelPair]) -> Iterator[Rating]:
    """The categories that two labelers gave the same flaw."""
    for unit, pair, one, other in _matched(pairs):
        yield Rating(unit, pair.passage, pair.one["labeler"], one["category"])
        yield Rating(unit, pair.passage, pair.other["labeler"], other["category"])


def critiqued_ratings(records: Iterable[AssistanceRecord | ExtendedAssistanceRecord]) -> Iterator[Rating]:
    """Whether each labeler found any flaw in an answer."""
    for record in records:
        for label in record["labels"]:
            data, source = label["data"], record["source_data"]
            # One source may hold several questions.
            question = (record["source_id"], source["question_index"], source["question"])
            unit = (*question, data["condition"]["answer_source"], data["answer"])
            yield Rating(unit, source["passage"]["text"], label["labeler"], bool(data["feedback"]["critiques"]))


def _matched(
    pairs: Iterable[LabelPair],
) -> Iterator[tuple[tuple[object, ...], LabelPair, FoundCritique, FoundCritique]]:
    for pair in pairs:
        first = pair.one["data"]["feedback"]["critiques"]
        second = pair.other["data"]["feedback"]["critiques"]
        for i, j in pair.matches:
            yield (*pair.unit, i, j), pair, first[i], second[j]


def _covers(checks: Iterable[IntendedCheckRecord]) -> Covers:
    return {
        (check["label_id"], index): frozenset(critique["covers"])
        for check in deciding_checks(checks).values()
        for index, critique in enumerate(check["data"]["critiques"])
    }


def _likeness(first: Sequence[FoundCritique], second: Sequence[FoundCritique]) -> Floats:
    """Similarity of every critique of one to every one of the other, 0 to 100, (first, second)."""
    return np.asarray(
        process.cdist(
            [critique["text"] for critique in first],
            [critique["text"] for critique in second],
            scorer=fuzz.token_sort_ratio,
            processor=utils.default_process,
        ),
        dtype=np.float64,
    )
