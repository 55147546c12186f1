"""The study on one page: each chart beside its table, nothing fetched, in light, in dark and in print.

The words and the HTML stand in `templates/`, the style in `templates/report.css`. Every text that a template is
given is escaped; only drawings, which escape their own, come in as HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from findings.human_study.study import Results
from findings.rendering import numbers, svg, tables
from findings.rendering.charts import Chart, charts

_TEMPLATES: Final = Environment(
    loader=PackageLoader("findings.rendering"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals |= {"svg": svg, "tables": tables}
_TEMPLATES.filters |= {"number": numbers.number, "share": numbers.share}


def page(results: Results) -> str:
    """The report as one HTML document."""
    return _render("document.html", title=f"Findings: {results.source}", content="study.html", **_of_study(results))


def body(results: Results) -> str:
    """The report without a document around it or any style in it, for a page that brings its own."""
    return _render("study.html", **_of_study(results))


def chart_page(title: str, drawn: Sequence[Chart]) -> str:
    """Charts beside their tables, as one HTML document."""
    return _render("document.html", title=title, content="charts.html", charts=drawn)


def _of_study(results: Results) -> dict[str, Any]:
    return {"results": results, "charts": charts(results.findings)}


def _render(template: str, **values: Any) -> str:
    return _TEMPLATES.get_template(template).render(values)
