"""The report's tables as data: headings and rows of written numbers. The templates put them in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from findings.human_study.agreements import StudyAgreements
from findings.human_study.assistance import Effect
from findings.human_study.cells import Design
from findings.human_study.regression import RobustEffect
from findings.human_study.study import Results
from findings.human_study.trust import Trust
from findings.rendering.charts import CONDITION_NAMES, Bar, Chart
from findings.rendering.numbers import between, number, plain, share, signed, signed_interval95
from findings.statistics.scoring import Reliability

#: What people call the quantities.
NAMES: Final = {
    "critiques_per_answer": "Critiques per answer",
    "used_per_answer": "Suggestions used per answer",
    "own_per_answer": "Own critiques per answer",
    "critiques_by_severity": "Critiques by severity",
    "critiques_by_category": "Critiques by category",
    "seconds": "Seconds per answer",
    "critiqued_share": "Share critiqued",
    "mean_rating": "Mean rating",
    "edited_share": "Share of used suggestions edited",
    "intended_found": "Intended critiques found",
    "valid_share": "Share valid",
    "valid_per_answer": "Valid critiques per answer",
    "valid_novel_per_answer": "Valid and novel critiques per answer",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; the first `words` columns are words, the rest numbers."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1


def of_chart(chart: Chart) -> Table:
    """The chart's numbers, one row a bar."""
    heads = ["Group", "Condition", "Value", "z = 1", "95 %", chart.counted, "Passages"]
    rows = [[group.name, *_bar_cells(chart, bar)] for group in chart.groups for bar in group.bars]
    return Table(f"{chart.title}, {chart.unit}", heads, rows, words=2)


def _bar_cells(chart: Chart, bar: Bar) -> list[str]:
    bounds = bar.bounds
    parts = ", ".join(f"{part.name.split()[-1]} {chart.show(part.value)}" for part in bar.parts)
    return [
        f"{bar.condition}: {parts}" if len(bar.parts) > 1 else bar.condition,
        chart.show(bar.value),
        chart.between(bounds.low, bounds.high),
        chart.between(bounds.low95, bounds.high95),
        str(bar.n),
        str(bar.n_passages),
    ]


def of_effects(results: Results) -> Table:
    """The effect of assistance by both methods, side by side."""
    robust = {(effect.name, effect.answer_source): effect for effect in results.robust}
    heads = ["Quantity", "Answers", "Difference", "z = 1", "95 %", "Ratio", "95 %", "Difference, robust", "95 %", "df"]
    rows = [
        [*_effect_cells(effect), *_robust_cells(robust.get((effect.name, effect.answer_source)))]
        for effect in results.summary.effects
        if effect.group is None
    ]
    return Table("The effect of assistance, two ways", heads, rows, words=2)


def _effect_cells(effect: Effect) -> list[str]:
    difference, ratio = effect.difference, effect.ratio
    return [
        NAMES[effect.name],
        effect.answer_source or "All",
        signed(difference.value),
        between(signed(difference.low), signed(difference.high)),
        signed_interval95(difference),
        plain(ratio.value) if ratio else "–",
        between(plain(ratio.low95), plain(ratio.high95)) if ratio else "–",
    ]


def _robust_cells(effect: RobustEffect | None) -> list[str]:
    if effect is None:
        return ["–", "–", "–"]
    return [signed(effect.difference.value), signed_interval95(effect.difference), str(effect.degrees)]


def of_reliance(trust: Trust) -> Table:
    """Over- and under-reliance on the suggestions shown."""
    heads = ["Suggestions", "Over-reliance (z = 1)", "Under-reliance (z = 1)", "Not valid", "Valid", "With a verdict"]
    rows = [
        [r.group.capitalize(), share(r.over), share(r.under), str(r.n_invalid), str(r.n_valid), f"{r.covered:.0%}"]
        for r in trust.reliance
    ]
    return Table("Reliance on suggestions", heads, rows)


def of_reliability(reliability: Reliability) -> Table:
    """The helpful share of each tenth of the score."""
    rows = [
        [f"{b.low:.1f} to {b.high:.1f}", f"{b.mean_score:.2f}", share(b.helpful), str(b.n)] for b in reliability.bins
    ]
    return Table("Score against verdicts", ["Score", "Mean score", "Helpful (z = 1)", "Verdicts"], rows)


def of_agreements(agreements: StudyAgreements) -> Table:
    """How far labelers of one answer agree; no row for what no two of them can be compared on."""
    named = [
        ("Has the answer a flaw?", agreements.critiqued),
        ("Severity of a flaw that both found", agreements.severity),
        ("Category of a flaw that both found", agreements.category),
    ]
    heads = ["Question", "Pairs that agree (z = 1)", "Kappa (z = 1)", "Alpha (z = 1)", "Pairs", "Passages"]
    rows = [
        [name, share(a.percent), number(a.kappa), number(a.alpha), str(a.n_pairs), str(a.n_passages)]
        for name, a in named
        if a is not None
    ]
    return Table("Agreement", heads, rows)


def of_cells(design: Design) -> Table:
    """Which cells are filled, so that a reader knows what is missing."""
    heads = ["Answer", "Condition", "Labels", "Questions without", "Questions with several"]
    rows = [
        [cell.answer_source, CONDITION_NAMES[cell.assisted], str(cell.n_labels), str(cell.missing), str(cell.doubled)]
        for cell in design.cells
    ]
    return Table("Labels by cell", heads, rows, words=2)
