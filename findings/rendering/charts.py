"""What each figure shows, as data: groups of bars with their intervals. Two renderers draw it.

`findings.rendering.svg` draws a chart inline for pages (no style elements or attributes, so a strict
Content-Security-Policy lets it through); `findings.rendering.figures` draws the same chart with matplotlib into files.
Neither computes anything.

    for chart in charts(findings):
        html += svg.draw(chart) + table(chart)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from findings.human_study.assistance import Finding, Group
from findings.human_study.labels import ANSWER_SOURCES, CATEGORIES, SEVERITIES
from findings.records.common import SEVERITY_NAMES
from findings.statistics.estimates import Interval

CONDITION_NAMES: Final = {False: "No assistance", True: "Assistance"}


@dataclass(frozen=True, slots=True)
class Part:
    """A named piece of a stacked bar; `key` is its CSS class and colour."""

    name: str
    key: str
    value: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its parts stack up to the value, and its whiskers are the z = 1 interval."""

    condition: str
    parts: tuple[Part, ...]
    bounds: Interval
    n: int
    n_passages: int

    @property
    def value(self) -> float:
        return self.bounds.value


@dataclass(frozen=True, slots=True)
class BarGroup:
    """The bars that stand together over one word of the horizontal axis."""

    name: str
    bars: tuple[Bar, ...]
    loss: float | None = None
    """Of a model: its validation loss in nats per token, the scale it stands at (`findings.rendering.scale`)."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure; `key` names its files and elements, `unit` its vertical axis."""

    key: str
    title: str
    caption: str
    unit: str
    groups: tuple[BarGroup, ...]
    share: bool = False
    """Whether values are shares, shown in per cent."""
    signed: bool = False
    """Whether values may be negative; where not, an interval's end below 0 is not drawn."""
    counted: str = "Labels"
    """What a bar's `n` counts."""

    @property
    def at_scale(self) -> bool:
        """Whether every group has a loss: its bars are then points at it, joined to those of the same key."""
        return bool(self.groups) and all(group.loss is not None for group in self.groups)

    @property
    def most_bars(self) -> int:
        """The largest number of bars that stand together."""
        return max((len(group.bars) for group in self.groups), default=1)

    @property
    def bars(self) -> list[Bar]:
        return [bar for group in self.groups for bar in group.bars]

    @property
    def top(self) -> float:
        """The highest point that the axis must reach."""
        return max([0.0, *(max(bar.value, bar.bounds.high or 0.0) for bar in self.bars)])

    @property
    def bottom(self) -> float:
        """The lowest point that the axis must reach."""
        if not self.signed:
            return 0.0
        return min([0.0, *(min(bar.value, bar.bounds.low or 0.0) for bar in self.bars)])

    @property
    def legend(self) -> list[Part]:
        """Each kind of bar part once, in order of appearance."""
        parts = {part.key: part for bar in self.bars for part in bar.parts}
        return list(parts.values())

    def show(self, value: float | None) -> str:
        """A value in the chart's unit, as people read it."""
        if value is None:
            return "–"
        return f"{100 * value:.1f} %" if self.share else f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"

    def number(self, value: float | None) -> str:
        """The same without the sign for per cent, where that is said beside it."""
        return self.show(value).removesuffix(" %")

    def between(self, low: float | None, high: float | None) -> str:
        """An interval in the chart's unit."""
        return "–" if low is None else f"{self.number(low)} to {self.show(high)}"


class _Lookup:
    """Findings by (name, answer source, assisted, group)."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._at = {(f.name, f.answer_source, f.assisted, f.group): f for f in findings}

    def get(
        self, name: str, *, source: str | None = None, assisted: bool | None = None, group: Group = None
    ) -> Finding | None:
        return self._at.get((name, source, assisted, group))


def charts(findings: Iterable[Finding]) -> list[Chart]:
    """Every figure that the findings allow, in the paper's order; those without a bar are left out."""
    lookup = _Lookup(findings)
    severities: list[tuple[str, Group]] = [(SEVERITY_NAMES[s - 1], s) for s in SEVERITIES]
    categories: list[tuple[str, Group]] = [(c.capitalize(), c) for c in CATEGORIES]
    drawn = [
        _figure_1(lookup),
        _by_group(lookup, "figure_2_severity", "critiques_by_severity", "Critiques by severity", severities),
        _by_group(lookup, "figure_2_category", "critiques_by_category", "Critiques by category", categories),
        _by_source(lookup, "figure_15", "seconds", "Time on task", "seconds per answer"),
        _by_source(lookup, "figure_16_critiqued", "critiqued_share", "Answers critiqued", "share", share=True),
        _by_source(lookup, "figure_16_rating", "mean_rating", "Rating", "mean rating, 1 to 7"),
        _edited(lookup),
        _checked(
            lookup,
            "intended",
            "Intended critiques found, and critiques held valid",
            [("Intended found", "intended_found"), ("Valid", "valid_share")],
            share=True,
        ),
        _checked(
            lookup,
            "valid",
            "Valid critiques per misleading answer",
            [("Valid", "valid_per_answer"), ("Valid and novel", "valid_novel_per_answer")],
        ),
    ]
    return [chart for chart in drawn if chart.bars]


def _plain(finding: Finding) -> Bar:
    key = "assisted" if finding.assisted else "unassisted"
    condition = CONDITION_NAMES[bool(finding.assisted)]
    bounds = Interval(finding.value, finding.low, finding.high, finding.low95, finding.high95)
    part = Part(condition, key, finding.value)
    return Bar(condition, (part,), bounds, finding.n_labels, finding.n_passages)


def _pair(lookup: _Lookup, name: str, *, source: str | None = None, group: Group = None) -> tuple[Bar, ...]:
    both = (lookup.get(name, source=source, assisted=assisted, group=group) for assisted in (False, True))
    return tuple(_plain(finding) for finding in both if finding is not None)


def _groups(named: Iterable[tuple[str, tuple[Bar, ...]]]) -> tuple[BarGroup, ...]:
    return tuple(BarGroup(name, bars) for name, bars in named if bars)


def _figure_1(lookup: _Lookup) -> Chart:
    def bars(source: str) -> tuple[Bar, ...]:
        both = list(_pair(lookup, "critiques_per_answer", source=source))
        used = lookup.get("used_per_answer", source=source, assisted=True)
        own = lookup.get("own_per_answer", source=source, assisted=True)
        if used is not None and own is not None:
            parts = (
                Part("Assistance, suggestions used", "used", used.value),
                Part("Assistance, own", "own", own.value),
            )
            both[-1] = replace(both[-1], parts=parts)
        return tuple(both)

    return Chart(
        key="figure_1",
        title="Critiques found per answer",
        caption="By who wrote the answer; assisted critiques are split into suggestions "
        "that were used and the labeler's own.",
        unit="critiques per answer",
        groups=_groups((source, bars(source)) for source in ANSWER_SOURCES),
    )


def _by_group(lookup: _Lookup, key: str, name: str, title: str, groups: Sequence[tuple[str, Group]]) -> Chart:
    named = _groups((word, _pair(lookup, name, group=group)) for word, group in groups)
    return Chart(key, title, "All answer sources together.", "critiques per answer", named)


def _by_source(lookup: _Lookup, key: str, name: str, title: str, unit: str, *, share: bool = False) -> Chart:
    named = _groups((source, _pair(lookup, name, source=source)) for source in ANSWER_SOURCES)
    return Chart(key, title, "By who wrote the answer.", unit, named, share)


def _edited(lookup: _Lookup) -> Chart:
    def bars(source: str | None) -> tuple[Bar, ...]:
        finding = lookup.get("edited_share", source=source, assisted=True)
        return (_plain(finding),) if finding is not None else ()

    named = _groups((source or "All", bars(source)) for source in (*ANSWER_SOURCES, None))
    caption = "Of the suggestions used, how many had their text changed in any way."
    return Chart("edited", "Used suggestions edited", caption, "share of used critiques", named, share=True)


def _checked(lookup: _Lookup, key: str, title: str, names: Sequence[tuple[str, str]], *, share: bool = False) -> Chart:
    unit = "share" if share else "critiques per answer"
    named = _groups((word, _pair(lookup, name, source="Human misleading")) for word, name in names)
    caption = "Misleading answers only, as their authors (or a third party) judged the critiques found."
    return Chart(key, title, caption, unit, named, share)
