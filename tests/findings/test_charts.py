"""What a figure shows, inline and in files: its bars, its lines and their places."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from findings import jsonl
from findings.__main__ import main
from findings.planning.simulate import StudyPlan, simulate
from findings.records import RecordError
from findings.rendering import figures, svg
from findings.rendering.charts import Bar, BarGroup, Chart, Part, charts
from findings.rendering.model_charts import measure, measure_charts
from findings.statistics.estimates import Interval
from tests.findings.rows import findings_of


def figure_1() -> Chart:
    return charts(findings_of(list(simulate(StudyPlan(passages=12), seed=1)), reps=50))[0]


def test_the_same_chart_gives_the_same_bytes() -> None:
    assert figures.render(figure_1(), "svg", "png") == figures.render(figure_1(), "svg", "png")
    assert svg.draw(figure_1()) == svg.draw(figure_1())


def test_used_and_own_stack_up_to_the_whole() -> None:
    for bar in figure_1().bars:
        assert sum(part.value for part in bar.parts) == pytest.approx(bar.value)
    assert [part.key for part in figure_1().legend] == ["unassisted", "used", "own"]


def test_an_inline_chart_needs_nothing_that_a_strict_policy_forbids() -> None:
    drawn = svg.draw(figure_1())
    assert "style" not in drawn
    assert "script" not in drawn
    assert not re.search(r"\son\w+=", drawn)
    assert not re.search(r"(href|src)=|url\(", drawn)


def measured(model: str, group: str, value: float, **more: Any) -> Any:
    bounds = {"low": value - 0.1, "high": value + 0.1, "low95": value - 0.2, "high95": value + 0.2}
    row = {"task": "addition", "model": model, "figure": "gaps", "group": group, "judge": "oracle", "value": value}
    return row | bounds | {"n": 10, "n_passages": 10} | more


def test_a_gap_below_zero_is_drawn_below_the_axis() -> None:
    chart = measure_charts([measured("a", "GD", 0.3), measured("b", "GD", 0.1), measured("a", "CD", -0.4)])[0]
    assert [(group.name, [bar.condition for bar in group.bars]) for group in chart.groups] == [
        ("GD", ["a", "b"]),
        ("CD", ["a"]),
    ]
    assert chart.bottom == pytest.approx(-0.5)
    assert re.findall(r'text-anchor="start"[^>]*>([^<]+)<', svg.draw(chart)) == ["value", "a", "b"]
    drawn = svg.draw(chart)
    zero, below = (float(y) for y in re.findall(r'x="\d+\.\d" y="(\d+\.\d)" width', drawn)[1:])
    assert below > zero  # the negative bar hangs from the axis, under the top of the positive ones
    assert all(float(height) >= 0 for height in re.findall(r'height="(-?[\d.]+)"', drawn))
    assert figures.render(chart, "svg") == figures.render(chart, "svg")


def test_what_cannot_be_negative_has_no_axis_below_zero() -> None:
    chart = measure_charts([measured("a", "G", 0.02)])[0]
    assert chart.bottom == pytest.approx(-0.08)
    assert replace(chart, signed=False).bottom == 0


def test_the_value_of_a_bar_that_reaches_the_top_stands_clear_of_the_legend() -> None:
    bar = Bar("No assistance", (Part("No assistance", "unassisted", 1.0),), Interval(1.0, 1.0, 1.0, 1.0, 1.0), 9, 9)
    drawn = svg.draw(Chart("full", "Full", "", "share", (BarGroup("Model", (bar,)),), share=True))
    (legend,) = re.findall(r'y="([\d.]+)" text-anchor="start"[^>]*>No assistance<', drawn)
    (value,) = re.findall(r'y="([\d.]+)" text-anchor="middle"[^>]*>100.0<', drawn)
    descent, ascent = 4, 13  # of letters of 13 units
    assert float(value) - ascent >= float(legend) + descent


def at_scale(*rows: tuple[str, float | None, str, float]) -> Chart:
    return measure_charts([measured(model, group, value, scale=loss) for model, loss, group, value in rows])[0]


def test_models_stand_at_their_validation_loss_the_lowest_to_the_right() -> None:
    """Losses 3, 2.5 and 1 have the axis from 3.2 to .8: of its 576 units 48, 168 and 528 lie to their left."""
    chart = at_scale(("large", 1.0, "GD", 0.3), ("small", 3.0, "GD", 0.1), ("middle", 2.5, "GD", 0.2))
    assert chart.caption == "Judged by oracle. Models by scale, their validation loss: large 1, small 3, middle 2.5."
    drawn = svg.draw(chart)
    across = [float(x) for x in re.findall(r'<circle class="chart-series-1" cx="([\d.]+)"', drawn)]
    assert across == [56 + 48, 56 + 168, 56 + 528]
    # Joined from the smallest to the largest, rising with the value.
    (path,) = re.findall(r'<path d="M([\d. L]+)" stroke="#0969da" stroke-width="2" fill', drawn)
    up = [float(point.split()[1]) for point in path.split("L")]
    assert up == sorted(up, reverse=True)
    ticks = re.findall(r'y="319.0" text-anchor="middle" fill="currentColor">([\d.]+)<', drawn)
    assert ticks == ["3", "2.5", "2", "1.5", "1"]


def test_at_scale_each_group_is_a_line_and_each_model_a_row_of_the_table() -> None:
    chart = at_scale(("a", 2.0, "GD", 0.3), ("a", 2.0, "CD", -0.1), ("b", 1.0, "GD", 0.4))
    assert [(g.name, g.loss, [bar.condition for bar in g.bars]) for g in chart.groups] == [
        ("a", 2.0, ["GD", "CD"]),
        ("b", 1.0, ["GD"]),
    ]
    assert [part.name for part in chart.legend] == ["GD", "CD"]
    assert re.findall(r'text-anchor="start"[^>]*>([^<]+)<', svg.draw(chart)) == ["value", "GD", "CD"]
    assert figures.render(chart, "svg") == figures.render(chart, "svg")
    assert "validation loss, nats per token" in figures.render(chart, "svg")[0].decode()


def test_one_model_without_a_scale_puts_all_by_name_and_is_named() -> None:
    chart = at_scale(("a", 2.0, "GD", 0.3), ("b", None, "GD", 0.1))
    assert chart.caption == "Judged by oracle. Models by name, for no scale is known of b."
    assert [(group.name, group.loss) for group in chart.groups] == [("GD", None)]
    assert "nats" not in svg.draw(chart)
    (unknown,) = measure_charts([measured("a", "GD", 0.3)])
    assert "no scale is known of a." in unknown.caption


def test_one_model_stands_in_the_middle() -> None:
    assert 'cx="344.0"' in svg.draw(at_scale(("a", 2.0, "GD", 0.3)))
    assert 'cx="344.0"' in svg.draw(at_scale(("a", 0.0, "GD", 0.3)))


def test_a_model_with_two_scales_is_refused() -> None:
    with pytest.raises(ValueError, match=r"gaps: a has two scales, 2\.0 and 1\.0"):
        at_scale(("a", 2.0, "GD", 0.3), ("a", 1.0, "CD", 0.3))


def test_a_seventh_line_is_dashed_and_a_thirteenth_refused() -> None:
    def several(number: int) -> Chart:
        return at_scale(*(("a", 2.0, f"direct {n}", 0.3) for n in range(number)))

    assert svg.draw(several(6)).count("stroke-dasharray") == 0
    assert svg.draw(several(7)).count("stroke-dasharray") == 2  # the line, and its place in the legend
    with pytest.raises(ValueError, match="gaps has 13 groups, at most 12 can be told apart"):
        several(13)


@pytest.mark.parametrize("scale", [-1.0, float("nan"), float("inf"), "2"])
def test_a_scale_is_a_loss(scale: object) -> None:
    with pytest.raises(RecordError, match="scale"):
        measure(measured("a", "GD", 0.3, scale=scale))


def test_a_row_that_is_no_measure_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jsonl.write(tmp_path / "rows.jsonl", [measured("a", "GD", 0.3), {"figure": "gaps"}])
    assert main(["draw", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out")]) == 2
    assert "rows.jsonl:2: task: " in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
