"""Draw a chart with matplotlib into an SVG or PNG file, the same bytes every time. Draws only."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final, Literal

from findings.rendering.charts import Chart
from findings.rendering.scale import AXIS, lines, losses
from findings.rendering.svg import COLOURS, DASHED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INCHES: Final = (6.4, 3.6)
#: Of the distance between groups.
_WIDEST_BAR: Final = 0.38
_GAP: Final = 0.03


def render(chart: Chart, *forms: Literal["svg", "png"]) -> list[bytes]:
    """The chart drawn once and written in each form."""
    # Imported here: pages that draw inline SVG never pay for matplotlib.
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Fixed ids and no date make the SVG the same bytes every time; text stays text, so it can be searched.
    with rc_context({"svg.hashsalt": chart.key, "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=_INCHES, dpi=200)
        FigureCanvasAgg(figure)
        # Fixed margins: every chart has the same furniture, and measuring it costs more than drawing it.
        if chart.at_scale:
            _draw_lines(chart, figure.add_axes((0.1, 0.14, 0.58, 0.74)))
        else:
            _draw(chart, figure.add_axes((0.1, 0.1, 0.88, 0.74)))
        return [_written(figure, form) for form in forms]


def _written(figure: Figure, form: Literal["svg", "png"]) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=form, metadata={"Date": None} if form == "svg" else {"Software": None})
    return file.getvalue()


def _draw(chart: Chart, axes: Axes) -> None:
    named: set[str] = set()
    width = min(_WIDEST_BAR, 0.82 / chart.most_bars - _GAP)
    for n, group in enumerate(chart.groups):
        for k, bar in enumerate(group.bars):
            x = n + (k - (len(group.bars) - 1) / 2) * (width + _GAP)
            base = 0.0
            for part in bar.parts:
                label = part.name if part.key not in named else None
                named.add(part.key)
                axes.bar(x, part.value, width, bottom=base, color=COLOURS[part.key], label=label)
                base += part.value
            bounds = bar.bounds
            if bounds.low is not None and bounds.high is not None:
                spread = [[bar.value - bounds.low], [bounds.high - bar.value]]
                axes.errorbar(x, bar.value, yerr=spread, color="#24292f", capsize=3, linewidth=1.2)
    axes.set_xticks(range(len(chart.groups)), [group.name for group in chart.groups])
    _furnish(chart, axes)
    axes.set_title(chart.title, fontsize=10, pad=26)
    axes.legend(frameon=False, fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def _draw_lines(chart: Chart, axes: Axes) -> None:
    names = {part.key: part.name for part in chart.legend}
    for key, line in lines(chart).items():
        points = [(loss, bar.value) for loss, bar in line]
        dashes = "--" if key in DASHED else "-"
        axes.plot(*zip(*points, strict=True), dashes, color=COLOURS[key], marker="o", markersize=4, label=names[key])
        for loss, bar in line:
            if bar.bounds.low is not None and bar.bounds.high is not None:
                axes.vlines(loss, bar.bounds.low, bar.bounds.high, color=COLOURS[key], linewidth=1.2)
    axis = losses(chart)
    axes.set_xlim(axis.high, axis.low)
    axes.set_xlabel(AXIS)
    _furnish(chart, axes)
    axes.set_title(chart.title, fontsize=10)
    axes.legend(frameon=False, fontsize=8, handlelength=3, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _furnish(chart: Chart, axes: Axes) -> None:
    """What both kinds have: the vertical axis, its zero, and no frame."""
    axes.set_ylabel(chart.unit)
    if chart.bottom == 0:
        axes.set_ylim(bottom=0)
    else:
        axes.axhline(0, color="#24292f", linewidth=0.8)
    if chart.share:
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axes.spines[["top", "right"]].set_visible(False)
