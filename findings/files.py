"""The files that `python -m findings FILE --out DIR` writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from findings import jsonl
from findings.human_study.assistance import Finding
from findings.human_study.study import Results
from findings.rendering import figures
from findings.rendering.charts import Chart, charts
from findings.rendering.report import chart_page, page


def findings_json(findings: Iterable[Finding]) -> bytes:
    """findings.json: {"findings": [{name, answer_source, assisted, group, value, low, high, ...}]}."""
    return _dump({"findings": [finding.as_dict() for finding in findings]})


def details_json(results: Results) -> bytes:
    """details.json: what findings.json has no place for: effects, both kinds of interval, filled cells."""
    return _dump(
        {
            "source": results.source,
            "seed": results.seed,
            "reps": results.reps,
            "design": asdict(results.design),
            "edit_distance": results.edit_distance,
            "effects": [asdict(effect) for effect in results.summary.effects],
            "cluster_robust": [asdict(effect) for effect in results.robust],
            "cluster_robust_missing": results.robust_missing,
            "agreements": asdict(results.agreements),
            "trust": asdict(results.trust) if results.trust else None,
        }
    )


def write_charts(title: str, drawn: Sequence[Chart], out: Path) -> list[Path]:
    """Write report.html and every chart as SVG and PNG; return the paths. Raises OSError."""
    return _write_all({"report.html": chart_page(title, drawn).encode(), **_images(drawn)}, out)


def write(results: Results, out: Path) -> list[Path]:
    """Write findings.json, details.json, report.html and every figure as SVG and PNG; return the paths.

    All contents are made before the first file is written. Raises OSError if the folder cannot be written.
    """
    contents = {
        "findings.json": findings_json(results.findings),
        "details.json": details_json(results),
        "report.html": page(results).encode(),
    }
    return _write_all(contents | _images(charts(results.findings)), out)


def _images(drawn: Iterable[Chart]) -> dict[str, bytes]:
    images = {}
    for chart in drawn:
        images[f"{chart.key}.svg"], images[f"{chart.key}.png"] = figures.render(chart, "svg", "png")
    return images


def _write_all(contents: Mapping[str, bytes], out: Path) -> list[Path]:
    for name, content in contents.items():
        with jsonl.atomic(out / name) as file:
            file.write(content)
    return [out / name for name in contents]


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
