"""Human studies with a known effect of assistance: to rehearse an analysis, to plan a study, to test the
intervals.

The stated model. Passage p has a richness of flaws r_p and a susceptibility to assistance v_p (Gamma, mean
1). Labeler j has a diligence a_j without assistance and b_j with it (Gamma, mean 1); b_j = a_j unless
labelers differ in how much assistance helps them (`labeler_slopes`), then the two are independent. A label
of an answer of kind k holds Poisson many critiques with mean

    unassisted:  base_k ((1 - s) r_p + s a_j)
    assisted:    base_k ((1 - s) r_p + s b_j) + effect_k v_p        s = labeler_share

so that over passages and labelers the unassisted mean is base_k and the difference is effect_k, exactly.
Each passage takes labelers at random, no labeler twice, one label to each of a question's six cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from findings.human_study.labels import ANSWER_SOURCES, CATEGORIES, CELLS, Labels, tabulate
from findings.records import AssistanceRecord
from findings.statistics.estimates import Floats, Ints

#: Unassisted critiques per answer and the effect of assistance. Misleading answers: .62/.73 and .96/.71 of
#: section 3.3.1 (valid critiques over valid share); the others are of a like size (Figure 1: about half as
#: many again).
PAPER_BASE: Final = {"Model": 0.9, "Human": 0.7, "Human misleading": 0.85}
PAPER_EFFECT: Final = {"Model": 0.45, "Human": 0.35, "Human misleading": 0.50}


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """A study to simulate: its size, its true effects, and how much passages and labelers vary."""

    passages: int = 40
    labelers: int = 20
    questions_per_passage: int = 1
    base: dict[str, float] = field(default_factory=lambda: dict(PAPER_BASE))
    """Mean critiques per unassisted answer, by answer source."""
    effect: dict[str, float] = field(default_factory=lambda: dict(PAPER_EFFECT))
    """Mean critiques per answer that assistance adds."""
    passage_variance: float = 0.25
    """Of r_p and of v_p, both of mean 1."""
    labeler_share: float = 0.25
    """s: how much of the unassisted mean is the labeler's rather than the passage's."""
    labeler_variance: float = 0.25
    """Of a_j and of b_j, both of mean 1."""
    labeler_slopes: bool = False
    missing: float = 0.0
    """Chance that a label is missing."""

    def __post_init__(self) -> None:
        if self.labelers < len(CELLS) * self.questions_per_passage:
            needed = len(CELLS) * self.questions_per_passage
            raise ValueError(f"a passage needs {needed} labelers with a fresh eye, the plan has {self.labelers}")
        if min(self.passages, self.questions_per_passage) < 1:
            raise ValueError("a study has at least one passage and one question on it")
        if set(self.base) != set(ANSWER_SOURCES) or set(self.effect) != set(ANSWER_SOURCES):
            raise ValueError(f"base and effect need a value for each of {', '.join(ANSWER_SOURCES)}")
        if min(*self.base.values(), *self.effect.values()) < 0 or not 0 <= self.missing < 1:
            raise ValueError("base and effect may not be negative, and missing lies in 0..1, below 1")

    def truth(self, source: str | None, *, assisted: bool | None = None) -> float:
        """The true mean of a cell, or the true effect of assistance where `assisted` is null."""
        sources = ANSWER_SOURCES if source is None else (source,)
        base = float(np.mean([self.base[s] for s in sources]))
        effect = float(np.mean([self.effect[s] for s in sources]))
        return effect if assisted is None else base + effect * assisted


def uniform_effect(effect: float) -> dict[str, float]:
    """The same effect of assistance for every kind of answer; 0 is the null."""
    return dict.fromkeys(ANSWER_SOURCES, effect)


def from_pilot(labels: Labels) -> StudyPlan:
    """A plan with a pilot's means, effects and variances, by moments, for planning a larger study.

    Variances come from unassisted labels. With c a label's critiques less its cell's mean m, two labels of
    one passage by different labelers have E[c c'] = m m' (1 - s)^2 var r, and two labels of one labeler on
    different passages E[c c'] = m m' s^2 var a; Poisson noise falls out of both. Only the products are
    known, so s is set to 1/2. Estimates of variance below 0.01 are raised to it, and effects below 0 to 0.
    Raises ValueError if a cell is empty, or an unassisted one without critiques.
    """
    means = np.zeros((len(ANSWER_SOURCES), 2))
    for c, (source, assisted) in enumerate(CELLS):
        inside = (labels.source == c // 2) & (labels.assisted == int(assisted))
        if not inside.any():
            raise ValueError(f"the pilot has no label of {source}, {'assisted' if assisted else 'unassisted'}")
        means[c // 2, int(assisted)] = labels.critiques[inside].mean()
    if not means[:, 0].all():
        raise ValueError("the pilot found no critiques in an unassisted cell: there is nothing to scale")
    alone = labels.assisted == 0
    expected = means[labels.source[alone], 0]
    residual = labels.critiques[alone] - expected
    share = 0.5
    passage = _shared_variance(residual, expected, labels.passage[alone], labels.labeler[alone])
    labeler = _shared_variance(residual, expected, labels.labeler[alone], labels.passage[alone])
    gain = np.maximum(means[:, 1] - means[:, 0], 0.0)
    return StudyPlan(
        passages=max(1, labels.passages),
        labelers=max(len(CELLS), int(np.unique(labels.labeler).size)),
        base=dict(zip(ANSWER_SOURCES, means[:, 0].tolist(), strict=True)),
        effect=dict(zip(ANSWER_SOURCES, gain.tolist(), strict=True)),
        passage_variance=max(passage / (1 - share) ** 2, 0.01),
        labeler_share=share,
        labeler_variance=max(labeler / share**2, 0.01),
    )


def _shared_variance(residual: Floats, expected: Floats, shared: Ints, apart: Ints) -> float:
    """Relative variance common to labels of one `shared` group, over pairs that differ in `apart`."""
    products = weights = 0.0
    for group in np.unique(shared):
        inside = shared == group
        differs = apart[inside][:, None] != apart[inside]
        products += float((np.outer(residual[inside], residual[inside]) * differs).sum())
        weights += float((np.outer(expected[inside], expected[inside]) * differs).sum())
    return products / weights if weights else 0.0


def simulate(plan: StudyPlan, *, seed: int, passage_words: int = 30) -> Iterator[AssistanceRecord]:
    """Yield a simulated study in the released format; the same (plan, seed) yields the same rows."""
    rng = np.random.default_rng(seed)
    without, assisted = _labeler_effects(plan, rng)
    shape = 1 / plan.passage_variance
    number = 0
    for p in range(plan.passages):
        richness, susceptibility = rng.gamma(shape, 1 / shape, size=2)
        labelers = rng.permutation(plan.labelers)
        text = f"Simulated passage {p}. " + " ".join(f"word{w % 997}" for w in range(passage_words))
        for q in range(plan.questions_per_passage):
            row = _row(f"simulated-{seed}-{p}-{q}", text, q)
            for c, (source, is_assisted) in enumerate(CELLS):
                labeler = int(labelers[q * len(CELLS) + c])
                diligence = (assisted if is_assisted else without)[labeler]
                share = plan.labeler_share
                mean = plan.base[source] * ((1 - share) * richness + share * diligence)
                mean += plan.effect[source] * susceptibility * is_assisted
                count = int(rng.poisson(mean))
                if rng.random() < plan.missing:
                    continue
                number += 1
                name = f"label-{seed}-{number}"
                label = _label(name, count, source=source, assisted=is_assisted, rng=rng)
                row["labels"].append(label | {"labeler": f"{labeler + 1:064x}"})
            yield row


def simulate_labels(plan: StudyPlan, *, seed: int) -> Labels:
    """The same study as numbers only."""
    return tabulate(simulate(plan, seed=seed, passage_words=0))


def _labeler_effects(plan: StudyPlan, rng: np.random.Generator) -> tuple[Any, Any]:
    """Each labeler's a_j and b_j, (labelers,) both."""
    if plan.labeler_variance == 0:
        return np.ones(plan.labelers), np.ones(plan.labelers)
    shape = 1 / plan.labeler_variance
    without, assisted = rng.gamma(shape, 1 / shape, size=(2, plan.labelers))
    return without, assisted if plan.labeler_slopes else without


def _row(source_id: str, text: str, question: int) -> AssistanceRecord:
    return {
        "source_id": source_id,
        "source_labeler": f"{0:064x}",
        "source_data": {
            "passage": {"text": text, "title": None},
            "question_index": question,
            "question": f"Simulated question {question}?",
            "human_answer": "Human answer.",
            "human_deceptive_answer": "Human misleading answer.",
            "deceptive_answer_critiques": [
                {"text": "Planted flaw.", "category": "accuracy", "severity": 3, "category_text": ""}
            ],
        },
        "labels": [],
    }


def _critiques(count: int, offered: int, rng: np.random.Generator) -> list[Any]:
    """`count` critiques, two in three of them from one of the suggestions offered while these last."""
    critiques = []
    left = rng.permutation(offered).tolist()
    for n in range(count):
        used = left.pop() if left and rng.random() < 2 / 3 else None
        edited = used is not None and rng.random() < 0.15
        category = CATEGORIES[int(rng.choice(4, p=[0.34, 0.45, 0.18, 0.03]))]
        first = int(rng.integers(10_000, 300_000))
        suggestion = f"Suggestion {used}." + (" Edited." if edited else "")
        critiques.append(
            {
                "text": f"Own critique {n}." if used is None else suggestion,
                "category": category,
                "severity": int(rng.choice(4, p=[0.07, 0.39, 0.42, 0.12])) + 1,
                "category_text": "Tone" if category == "other" else "",
                "first_modified": first,
                "last_modified": first + (0 if used is not None and not edited else 5_000),
                "assistance_critique": used,
            }
        )
    return critiques


def _label(label_id: str, count: int, *, source: str, assisted: bool, rng: np.random.Generator) -> Any:
    """A label with `count` critiques; its labeler is filled in by the caller."""
    offered = [{"text": f"Suggestion {n}.", "helpfulness": round(float(rng.random()), 6)} for n in range(6)]
    return {
        "id": label_id,
        "time": 1_654_294_781.0,
        "labeler": "",
        "data": {
            "answer": f"{source} answer.",
            "condition": {"answer_source": source, "assisted": assisted},
            "assistance": {"critiques": offered, "critiqueability": 0.5} if assisted else None,
            "feedback": {
                "rating": max(1, 7 - 2 * count),
                "total_time": int(rng.gamma(4, 120_000)) + 60_000 * count,
                "critiques": _critiques(count, len(offered) if assisted else 0, rng),
            },
        },
    }
