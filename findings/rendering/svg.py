"""Draw a chart as inline SVG: presentation attributes and CSS classes, no style, no script, nothing fetched.

A page may recolour it by class (`chart-unassisted`, `chart-assisted`, `chart-used`, `chart-own`,
`chart-text`, `chart-axis`, `chart-whisker`): CSS outranks presentation attributes. The drawing is named by
its title and described by every value in words; a table of the same numbers belongs beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import Final

from findings.rendering.charts import Bar, Chart
from findings.rendering.scale import AXIS, lines, losses, nice_step
from findings.statistics.scoring import Reliability

WIDTH: Final = 640
HEIGHT: Final = 334
#: Above the plot stand the unit, the legend, and the value of a bar that reaches the top.
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 58, 28
WIDEST_BAR: Final = 44
GAP: Final = 6

SERIES: Final = ("#0969da", "#c2570c", "#8c959f", "#1a7f37", "#8250df", "#bf3989")
#: Three to one or better on white and on near-black, and told apart by lightness in grey print.
COLOURS: Final = {
    "unassisted": "#8c959f",
    "assisted": "#0969da",
    "used": "#0969da",
    "own": "#c2570c",
    # Models or lines, in order of appearance; beyond as many as there are colours, dashed.
    **{f"series-{n}": colour for n, colour in enumerate(2 * SERIES, 1)},
}
DASHED: Final = {f"series-{n}" for n in range(len(SERIES) + 1, 2 * len(SERIES) + 1)}
LEGEND_ROW: Final = 20


def draw(chart: Chart) -> str:
    """The chart as one `<svg>` element, 640 by 334 units, scaling with its container."""
    scale = _Scale(chart.bottom, chart.top)
    # Lines may be many: their legend stands below, as high as it must be.
    height = HEIGHT + (LEGEND_ROW * len(chart.legend) if chart.at_scale else 0)
    return "".join(
        [
            f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'role="img" aria-labelledby="{chart.key}-title {chart.key}-values" '
            'font-family="system-ui, sans-serif" font-size="13">',
            f'<title id="{chart.key}-title">{escape(chart.title)}</title>',
            f'<desc id="{chart.key}-values">{escape(describe(chart))}</desc>',
            *_axis(chart, scale),
            *(_legend_below(chart) if chart.at_scale else _legend(chart)),
            *(_lines(chart, scale) if chart.at_scale else _groups(chart, scale)),
            "</svg>",
        ]
    )


def draw_reliability(reliability: Reliability) -> str:
    """The reliability diagram: mean score across, helpful share up, perfect scores on the diagonal."""
    side, edge = 320, 40
    span = side - edge - 12

    def x(value: float) -> float:
        return edge + span * value

    def y(value: float) -> float:
        return side - edge - span * min(max(value, 0.0), 1.0)

    points = []
    for b in reliability.bins:
        if b.helpful.low is not None and b.helpful.high is not None:
            points.append(
                f'<path class="chart-whisker" d="M{x(b.mean_score):.1f} {y(b.helpful.low):.1f}'
                f'V{y(b.helpful.high):.1f}" stroke="#57606a" stroke-width="1.5"/>'
            )
        points.append(
            f'<circle class="chart-assisted" cx="{x(b.mean_score):.1f}" cy="{y(b.helpful.value):.1f}" r="5" '
            f'fill="{COLOURS["assisted"]}"/>'
        )
    words = " ".join(
        f"Mean score {b.mean_score:.2f}: helpful in {b.helpful.value:.2f} of {b.n}." for b in reliability.bins
    )
    return "".join(
        [
            f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img" '
            'aria-labelledby="reliability-title reliability-values" font-family="system-ui, sans-serif" '
            'font-size="12"><title id="reliability-title">Reliability of the helpfulness score</title>',
            f'<desc id="reliability-values">{escape(words)}</desc>',
            f'<path class="chart-axis" d="M{x(0)} {y(1)}V{y(0)}H{x(1)}" stroke="#8c959f" fill="none"/>',
            f'<path class="chart-axis" d="M{x(0)} {y(0)}L{x(1)} {y(1)}" stroke="#8c959f" stroke-dasharray="4 4"/>',
            *points,
            *(_text(x(t), side - edge + 16, f"{t:g}", anchor="middle") for t in (0, 0.5, 1)),
            *(_text(edge - 6, y(t) + 4, f"{t:g}", anchor="end") for t in (0, 0.5, 1)),
            _text(x(0.5), side - 8, "mean score", anchor="middle"),
            _text(4, 12, "helpful share", anchor="start"),
            "</svg>",
        ]
    )


def describe(chart: Chart) -> str:
    """Every bar in words, for whoever hears the chart."""
    sentences = []
    for group in chart.groups:
        for bar in group.bars:
            b = bar.bounds
            bounds = f" ({chart.show(b.low)} to {chart.show(b.high)})" if b.low is not None else ""
            sentences.append(f"{group.name}, {bar.condition.lower()}: {chart.show(bar.value)}{bounds}.")
    return " ".join(sentences)


class _Scale:
    """Values to heights, with ticks at 1, 2 or 5 times a power of ten."""

    def __init__(self, bottom: float, top: float) -> None:
        self.step = nice_step(top - bottom)
        self.first = math.floor(bottom / self.step)
        self.last = max(self.first + 1, math.ceil(top / self.step))

    def y(self, value: float) -> float:
        share = (value / self.step - self.first) / (self.last - self.first)
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share

    def ticks(self) -> list[float]:
        return [n * self.step for n in range(self.first, self.last + 1)]


def _axis(chart: Chart, scale: _Scale) -> Iterator[str]:
    yield _text(LEFT - 48, 14, chart.unit, anchor="start")
    for tick in scale.ticks():
        y = scale.y(tick)
        yield (
            f'<line class="chart-axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            f'stroke="#8c959f" stroke-opacity="{0.9 if tick == 0 else 0.3}"/>'
        )
        label = f"{100 * tick:.0f} %" if chart.share else f"{tick:.10g}"
        yield _text(LEFT - 6, y + 4, label, anchor="end")


def _legend(chart: Chart) -> Iterator[str]:
    x = LEFT
    for part in chart.legend:
        fill = COLOURS[part.key]
        yield f'<rect class="chart-{part.key}" x="{x}" y="24" width="11" height="11" fill="{fill}"/>'
        yield _text(x + 16, 34, part.name, anchor="start")
        x += 34 + 7 * len(part.name)


def _lines(chart: Chart, scale: _Scale) -> Iterator[str]:
    axis = losses(chart)

    def x(loss: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * axis.place(loss)

    for tick in axis.ticks():
        yield _text(x(tick), HEIGHT - BOTTOM + 13, f"{tick:.4g}", anchor="middle")
    yield _text(WIDTH - RIGHT, HEIGHT - 1, AXIS, anchor="end")
    for key, line in lines(chart).items():
        path = "L".join(f"{x(loss):.1f} {scale.y(bar.value):.1f}" for loss, bar in line)
        yield _stroke(key, path)
        for loss, bar in line:
            b, middle, y = bar.bounds, x(loss), scale.y(bar.value)
            if b.low is not None and b.high is not None:
                whisker = f"{middle:.1f} {scale.y(max(b.low, chart.bottom)):.1f}V{scale.y(b.high):.1f}"
                yield f'<path d="M{whisker}" stroke="{COLOURS[key]}" stroke-width="1.5"/>'
            yield f'<circle class="chart-{key}" cx="{middle:.1f}" cy="{y:.1f}" r="4" fill="{COLOURS[key]}"/>'


def _legend_below(chart: Chart) -> Iterator[str]:
    for row, part in enumerate(chart.legend, 1):
        y = HEIGHT + LEGEND_ROW * row - 8
        yield _stroke(part.key, f"{LEFT} {y}h28")
        yield _text(LEFT + 36, y + 4, part.name, anchor="start")


def _stroke(key: str, path: str) -> str:
    dashes = ' stroke-dasharray="6 4"' if key in DASHED else ""
    return f'<path d="M{path}" stroke="{COLOURS[key]}" stroke-width="2"{dashes} fill="none"/>'


def _groups(chart: Chart, scale: _Scale) -> Iterator[str]:
    wide = (WIDTH - LEFT - RIGHT) / max(len(chart.groups), 1)
    width = min(WIDEST_BAR, (wide - GAP) / chart.most_bars - GAP)
    for n, group in enumerate(chart.groups):
        middle = LEFT + wide * (n + 0.5)
        yield _text(middle, HEIGHT - 8, group.name, anchor="middle")
        start = middle - (len(group.bars) * (width + GAP) - GAP) / 2
        for k, bar in enumerate(group.bars):
            yield from _bar(chart, bar, start + k * (width + GAP), width, scale)


def _bar(chart: Chart, bar: Bar, x: float, width: float, scale: _Scale) -> Iterator[str]:
    base = 0.0
    for part in bar.parts:
        bottom, top = sorted((scale.y(base), scale.y(base + part.value)), reverse=True)
        yield (
            f'<rect class="chart-{part.key}" x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" '
            f'height="{bottom - top:.1f}" fill="{COLOURS[part.key]}"/>'
        )
        base += part.value
    highest = max(bar.value, 0.0)
    b = bar.bounds
    if b.low is not None and b.high is not None:
        middle, low, high = x + width / 2, scale.y(max(b.low, chart.bottom)), scale.y(b.high)
        yield (
            f'<path class="chart-whisker" d="M{middle:.1f} {low:.1f}V{high:.1f}M{middle - 5:.1f} {low:.1f}h10'
            f'M{middle - 5:.1f} {high:.1f}h10" stroke="#57606a" stroke-width="1.5" fill="none"/>'
        )
        highest = max(highest, b.high)
    # The axis says that it counts in per cent; said again over every bar, neighbours would touch.
    yield _text(x + width / 2, scale.y(highest) - 5, chart.number(bar.value), anchor="middle")


def _text(x: float, y: float, words: str, *, anchor: str) -> str:
    return (
        f'<text class="chart-text" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="currentColor">'
        f"{escape(words)}</text>"
    )
