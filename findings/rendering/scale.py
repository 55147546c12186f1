"""Models at their scale: fine-tuning validation loss in nats per token (paper, section 2.2.2; Figures 4 to 6, 8, 9).

The axis is reversed, so that larger models, which lose less, stand further right. Both renderers draw by it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from findings.rendering.charts import Bar, Chart

AXIS: Final = "validation loss, nats per token (less is a larger scale)"


class LossAxis:
    """Losses to places from 0, the left end, to 1. Raises ValueError without a loss.

    >>> axis = LossAxis([1.0, 2.0])
    >>> axis.high, axis.low
    (2.1, 0.9)
    >>> axis.place(1.5)
    0.5
    """

    def __init__(self, losses: Iterable[float]) -> None:
        every = list(losses)
        # One model, or several of one loss, stand in the middle.
        margin = 0.1 * (max(every) - min(every)) or 0.5 * min(every) or 0.5
        self.low, self.high = min(every) - margin, max(every) + margin

    def place(self, loss: float) -> float:
        return (self.high - loss) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round losses on the axis, from left to right."""
        step = nice_step(self.high - self.low)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [n * step for n in range(last, first - 1, -1)]


def nice_step(span: float) -> float:
    """About a fifth of the span: 1, 2 or 5 times a power of ten."""
    rough = span / 5 if span > 0 else 0.2
    power = 10.0 ** math.floor(math.log10(rough))
    return next(float(m * power) for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))


def lines(chart: Chart) -> dict[str, list[tuple[float, Bar]]]:
    """Of a chart at scale: for each condition's key its (loss, bar) from left to right."""
    by_key: dict[str, list[tuple[float, Bar]]] = {}
    for group in chart.groups:
        for bar in group.bars:
            if group.loss is not None:
                by_key.setdefault(bar.parts[0].key, []).append((group.loss, bar))
    return {key: sorted(line, key=lambda point: -point[0]) for key, line in by_key.items()}


def losses(chart: Chart) -> LossAxis:
    """The axis that the chart's models stand on."""
    return LossAxis(group.loss for group in chart.groups if group.loss is not None)
