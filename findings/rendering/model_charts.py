"""Figures of the model evaluations (3 to 9 of the paper), from the rows that `models_service evaluate`
writes.

A row is one measure: `figure` says which chart it belongs to, `group` what was measured, `model` of whom,
`judge` who judged; `value`, `low`, `high`, `low95`, `high95`, `n` and `n_passages` are the number and its
worth; `scale` is the model's validation loss in nats per token, where known.

Where every model of a figure has a scale, the models stand at it and each group is a line (Figures 4 to 6, 8, 9).
Else groups are places on the axis and models are colours, and the caption names the models without a scale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Final, NotRequired

from pydantic import Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from findings.records import RecordError
from findings.records.common import EXACT
from findings.rendering.charts import Bar, BarGroup, Chart, Part
from findings.statistics.estimates import Interval

#: As many colours as tell models apart.
MOST_MODELS: Final = 6
#: The same colours, solid and dashed.
MOST_LINES: Final = 2 * MOST_MODELS


@with_config(EXACT)
class Measure(TypedDict):
    """One number of a model evaluation."""

    task: str
    model: str
    figure: str
    group: str
    judge: str
    value: float
    low: float | None
    high: float | None
    low95: float | None
    high95: float | None
    n: Annotated[int, Field(ge=1)]
    n_passages: Annotated[int, Field(ge=1)]
    scale: NotRequired[Annotated[float, Field(ge=0, allow_inf_nan=False)] | None]


def measure(value: object) -> Measure:
    """`value` itself, known to be a measure. Raises RecordError."""
    try:
        return TypeAdapter(Measure).validate_python(value)
    except ValidationError as error:
        raise RecordError("measures", [(".".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]) from None


def measure_charts(measures: Iterable[Measure]) -> list[Chart]:
    """One chart for each task, figure and judge, in order of appearance.

    Raises ValueError for more models or groups than can be told apart, and for a model with two scales.
    """
    figures: dict[tuple[str, str, str], list[Measure]] = {}
    for row in measures:
        figures.setdefault((row["task"], row["figure"], row["judge"]), []).append(row)
    return [_chart(*key, rows) for key, rows in figures.items()]


def _chart(task: str, figure: str, judge: str, rows: list[Measure]) -> Chart:
    scales = _scales(figure, rows)
    missing = [model for model, scale in scales.items() if scale is None]
    if missing:
        caption = f"Models by name, for no scale is known of {', '.join(missing)}."
        groups = _by_name(figure, rows)
    else:
        caption = f"Models by scale, their validation loss: {', '.join(f'{m} {s:.4g}' for m, s in scales.items())}."
        groups = _by_scale(figure, rows, scales)
    return Chart(
        key=re.sub(r"[^a-z0-9]+", "-", f"{task} {figure} {judge}".lower()).strip("-"),
        title=f"{task}: {figure}",
        caption=f"Judged by {judge}. {caption}",
        unit="value",
        groups=groups,
        signed=True,
        counted="Judged",
    )


def _scales(figure: str, rows: list[Measure]) -> dict[str, float | None]:
    """Each model's scale, in order of appearance."""
    scales: dict[str, float | None] = {}
    for row in rows:
        scale = row.get("scale")
        if scales.setdefault(row["model"], scale) != scale:
            raise ValueError(f"{figure}: {row['model']} has two scales, {scales[row['model']]} and {scale}")
    return scales


def _by_name(figure: str, rows: list[Measure]) -> tuple[BarGroup, ...]:
    keys = _keys(figure, "models", (row["model"] for row in rows), MOST_MODELS)
    groups: dict[str, list[Bar]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(_bar(row, row["model"], keys))
    return tuple(BarGroup(name, tuple(bars)) for name, bars in groups.items())


def _by_scale(figure: str, rows: list[Measure], scales: dict[str, float | None]) -> tuple[BarGroup, ...]:
    keys = _keys(figure, "groups", (row["group"] for row in rows), MOST_LINES)
    groups: dict[str, list[Bar]] = {}
    for row in rows:
        groups.setdefault(row["model"], []).append(_bar(row, row["group"], keys))
    return tuple(BarGroup(name, tuple(bars), scales[name]) for name, bars in groups.items())


def _keys(figure: str, what: str, names: Iterable[str], most: int) -> dict[str, str]:
    """A colour for each name, in order of appearance."""
    every = dict.fromkeys(names)
    if len(every) > most:
        raise ValueError(f"{figure} has {len(every)} {what}, at most {most} can be told apart")
    return {name: f"series-{n}" for n, name in enumerate(every, 1)}


def _bar(row: Measure, name: str, keys: dict[str, str]) -> Bar:
    bounds = Interval(row["value"], row["low"], row["high"], row["low95"], row["high95"])
    return Bar(name, (Part(name, keys[name], row["value"]),), bounds, row["n"], row["n_passages"])
