"""The study on one page: each chart beside its table, nothing fetched, in light, in dark and in print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from findings.human_study.assistance import Effect
from findings.human_study.regression import RobustEffect
from findings.human_study.study import Results
from findings.human_study.trust import Trust
from findings.rendering import svg
from findings.rendering.charts import CONDITION_NAMES, Chart, charts
from findings.statistics.estimates import Interval

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

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #57606a; --paper: #ffffff; --line: #d0d7de;
  --unassisted: #8c959f; --assisted: #0969da; --own: #c2570c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9da7b3; --paper: #14181d;
  --line: #3d444d; --unassisted: #7d8590; --assisted: #4493f8; --own: #e0782f; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 84rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .25rem; } p { max-width: 46rem;
} a { color: var(--assisted); }
.soft { color: var(--soft); }
figure { margin: 0; } .pair { display: grid; gap: 1rem;
  grid-template-columns: minmax(0, 4fr) minmax(0, 6fr); align-items: start; }
@media (max-width: 70rem) { .pair { grid-template-columns: minmax(0, 1fr); } }
.chart { width: 100%; height: auto; color: var(--ink); }
.chart-unassisted { fill: var(--unassisted); } .chart-assisted, .chart-used { fill: var(--assisted); }
.chart-own, .chart-series-2 { fill: var(--own); } .chart-series-1 { fill: var(--assisted); } .chart-whisker {
stroke: var(--ink); } .chart-axis { stroke: var(--soft); } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .8125rem; font-variant-numeric: tabular-nums; width: 100%; }
caption { text-align: left; color: var(--soft); padding-bottom: .25rem; }
th, td { text-align: right; padding: .2rem .45rem; border-bottom: 1px solid var(--line); white-space: nowrap;
} th { font-weight: 600; } th[scope=row], thead th:first-child, td.word, th.word { text-align: left; }
:focus-visible { outline: 2px solid var(--assisted); outline-offset: 2px; }
@media print { :root { --ink: #000; --soft: #444; --paper: #fff; --line: #bbb; --unassisted: #8c959f;
  --assisted: #0969da; --own: #c2570c; } body { max-width: none; padding: 0; font-size: 11pt; }
  section { break-inside: avoid; } .wide { overflow: visible; } nav { display: none; } }
"""


def page(results: Results) -> str:
    """The report as one HTML document."""
    return _document(f"Findings: {escape(results.source)}", body(results))


def chart_page(title: str, drawn: Sequence[Chart]) -> str:
    """Charts beside their tables, as one HTML document."""
    return _document(escape(title), _links(drawn) + "".join(_section(chart) for chart in drawn))


def _document(title: str, inner: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{title}</h1>{inner}</main></body></html>\n"
    )


def _links(drawn: Sequence[Chart]) -> str:
    links = " · ".join(f'<a href="#{chart.key}">{escape(chart.title)}</a>' for chart in drawn)
    return f'<nav aria-label="Figures">{links}</nav>'


def body(results: Results) -> str:
    """The report without a document around it or any style in it, for a page that brings its own."""
    drawn = charts(results.findings)
    return (
        _opening(results)
        + _links(drawn)
        + "".join(_section(chart) for chart in drawn)
        + _effects(results)
        + _trust(results)
        + _agreements(results)
        + _design(results)
    )


def _opening(results: Results) -> str:
    covered = results.design
    counts = (
        f"{covered.labels} labels by {covered.labelers} labelers on {covered.questions} questions about "
        f"{covered.passages} passages."
    )
    if not results.findings:
        return f"<p>{counts} There is nothing to show.</p>"
    how = (
        "Bars are means over labels. Whiskers and the first interval are one standard deviation on each side "
        f"(z = 1), the second interval is 95 %; both from {results.reps} resamples of whole passages (seed "
        f"{results.seed}). A dash means that fewer than two passages contribute, so that nothing can be said."
    )
    return f"<p>{counts}</p><p class=soft>{how}</p>"


def _section(chart: Chart) -> str:
    return (
        f'<section id="{chart.key}" aria-labelledby="{chart.key}-heading">'
        f'<h2 id="{chart.key}-heading">{escape(chart.title)}</h2><p class=soft>{escape(chart.caption)}</p>'
        f"<div class=pair><figure>{svg.draw(chart)}</figure>{chart_table(chart)}</div></section>"
    )


def chart_table(chart: Chart) -> str:
    """The chart's numbers as a table, one row a bar."""
    rows = []
    for group in chart.groups:
        for bar in group.bars:
            b = bar.bounds
            counts = [str(bar.n), str(bar.n_passages)]
            between = [chart.between(b.low, b.high), chart.between(b.low95, b.high95)]
            parts = ", ".join(f"{part.name.split()[-1]} {chart.show(part.value)}" for part in bar.parts)
            condition = bar.condition + (f": {parts}" if len(bar.parts) > 1 else "")
            rows.append([group.name, condition, chart.show(bar.value), *between, *counts])
    heads = ["Group", "Condition", "Value", "z = 1", "95 %", chart.counted, "Passages"]
    return table(f"{chart.title}, {chart.unit}", heads, rows, words=2)


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """An HTML table, scrolled by keyboard if wide; the first `words` columns are words, the rest numbers."""
    head = "".join(
        f"<th scope=col{' class=word' if n < words else ''}>{escape(name)}</th>" for n, name in enumerate(heads)
    )
    body = "".join(
        "<tr>"
        + f"<th scope=row>{escape(row[0])}</th>"
        + "".join(f"<td{' class=word' if n < words else ''}>{escape(c)}</td>" for n, c in enumerate(row[1:], 1))
        + "</tr>"
        for row in rows
    )
    named = escape(caption)
    return (
        f'<div class=wide tabindex=0 role=region aria-label="{named}"><table><caption>{named}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _effects(results: Results) -> str:
    """The effect of assistance by both methods, side by side."""
    if not results.summary.effects:
        return ""
    robust = {(e.name, e.answer_source): e for e in results.robust}
    ungrouped = [effect for effect in results.summary.effects if effect.group is None]
    rows = [_effect_row(effect, robust.get((effect.name, effect.answer_source))) for effect in ungrouped]
    heads = [
        "Quantity",
        "Answers",
        "Difference",
        "z = 1",
        "95 %",
        "Ratio",
        "95 %",
        "Difference, robust",
        "95 %",
        "df",
    ]
    how = (
        "Assisted minus unassisted. First, whole passages are resampled, as in the paper. Then (“robust”) "
        "least squares with errors clustered by passage and by labeler at once, the kind of answer held "
        "fixed where kinds are pooled. Resampling passages takes the labelers as given: in simulated studies "
        "whose labelers differed strongly in how much assistance helped them, its 95 % intervals held the truth "
        "in 74 %, the robust ones in 94 %. With fewer than 20 passages, too, prefer the robust ones."
    )
    missing = f"<p><strong>{escape(results.robust_missing)}.</strong></p>" if results.robust_missing else ""
    return (
        f"<section id=effects aria-labelledby=effects-heading>"
        f"<h2 id=effects-heading>The effect of assistance</h2><p class=soft>{how}</p>{missing}"
        f"{table('The effect of assistance, two ways', heads, rows, words=2)}</section>"
    )


def _effect_row(effect: Effect, robust: RobustEffect | None) -> list[str]:
    d, ratio = effect.difference, effect.ratio
    row = [NAMES[effect.name], effect.answer_source or "All", _signed(d.value)]
    row += [_between(_signed(d.low), _signed(d.high)), _interval95(d)]
    row += [f"{ratio.value:.2f}", _between(_plain(ratio.low95), _plain(ratio.high95))] if ratio else ["–", "–"]
    if robust is None:
        return [*row, "–", "–", "–"]
    return [*row, _signed(robust.difference.value), _interval95(robust.difference), str(robust.degrees)]


def _trust(results: Results) -> str:
    """Whether the model was trusted where it deserved it; says so where nobody judged its suggestions."""
    heading = "<section id=trust aria-labelledby=trust-heading><h2 id=trust-heading>Trust in the model</h2>"
    if results.trust is None:
        return f"{heading}<p class=soft>There are no verdicts on the suggestions shown.</p></section>"
    how = (
        "Over-reliance: of the suggestions shown that judges hold not valid, the share that was used. "
        "Under-reliance: of the valid ones, the share passed over, which includes those that repeat another. "
        "Suggestions without a verdict, or with judges in a tie, are in neither."
    )
    reliances = [
        [
            r.group.capitalize(),
            _share(r.over),
            _share(r.under),
            str(r.n_invalid),
            str(r.n_valid),
            f"{r.covered:.0%}",
        ]
        for r in results.trust.reliance
    ]
    heads = [
        "Suggestions",
        "Over-reliance (z = 1)",
        "Under-reliance (z = 1)",
        "Not valid",
        "Valid",
        "With a verdict",
    ]
    html = f"{heading}<p class=soft>{how}</p>{table('Reliance on suggestions', heads, reliances)}"
    return html + _scores(results.trust) + "</section>"


def _scores(judged: Trust) -> str:
    """What the model's scores are worth: reliability by tenth, ranking, and what calibrating would bring."""
    if judged.reliability is None:
        return ""
    bins = [
        [f"{b.low:.1f} to {b.high:.1f}", f"{b.mean_score:.2f}", _share(b.helpful), str(b.n)]
        for b in judged.reliability.bins
    ]
    heads = ["Score", "Mean score", "Helpful (z = 1)", "Verdicts"]
    ranked = judged.ranking
    words = [
        f"Brier score {_known(judged.reliability.brier)}; mean gap between score and helpful share "
        f"{judged.reliability.expected_error:.3f}.",
        f"Within a question, a helpful critique scores above another with chance {_known(ranked.auc)} "
        f"({ranked.n_auc} questions with both); the one shown first is helpful in "
        f"{_share(ranked.precision_at_1)} of {ranked.n_questions} questions.",
        *(
            f"Calibrated by {g.method}, on passages held out, the Brier score goes from {g.brier_before:.3f} "
            f"to {g.brier_after:.3f} and the log loss from {g.log_loss_before:.3f} to {g.log_loss_after:.3f}."
            for g in judged.calibration
        ),
    ]
    drawn = f"<figure>{svg.draw_reliability(judged.reliability)}</figure>"
    numbers = table("Score against verdicts", heads, bins)
    return f"<div class=pair>{drawn}{numbers}</div>" + "".join(f"<p>{escape(line)}</p>" for line in words)


def _agreements(results: Results) -> str:
    """How far labelers of one answer agree."""
    agreed = results.agreements
    named = [
        ("Has the answer a flaw?", agreed.critiqued),
        ("Severity of a flaw that both found", agreed.severity),
        ("Category of a flaw that both found", agreed.category),
    ]
    rows = [
        [name, _share(a.percent), _known(a.kappa), _known(a.alpha), str(a.n_pairs), str(a.n_passages)]
        for name, a in named
        if a is not None
    ]
    heads = ["Question", "Pairs that agree (z = 1)", "Kappa (z = 1)", "Alpha (z = 1)", "Pairs", "Passages"]
    shared = agreed.overlap
    how = (
        f"Every two labelers of one answer, whatever their conditions: {shared.n_label_pairs} pairs. "
        f"Of their {shared.n_critiques} critiques, {_share(shared.shared)} were found by the other too "
        f"({shared.n_matches} matches); in {shared.n_both_empty} pairs neither found any. Critiques match "
        "where a check says so, else where their words do (token sort ratio of "
        f"{shared.threshold:.0f} or more of 100), which misses paraphrase."
    )
    return (
        f"<section id=agreement aria-labelledby=agreement-heading>"
        f"<h2 id=agreement-heading>Agreement between labelers</h2><p class=soft>{how}</p>"
        f"{table('Agreement', heads, rows) if rows else ''}</section>"
    )


def _design(results: Results) -> str:
    """Which cells are filled, so that a reader knows what is missing."""
    covered = results.design
    if not covered.cells:
        return ""
    rows = [
        [c.answer_source, CONDITION_NAMES[c.assisted], str(c.n_labels), str(c.missing), str(c.doubled)]
        for c in covered.cells
    ]
    heads = ["Answer", "Condition", "Labels", "Questions without", "Questions with several"]
    how = (
        f"{covered.complete} of {covered.questions} questions have exactly one label in every cell that the "
        "study uses. A missing label is not in any sum and is not filled in; several labels of a cell all "
        "count. "
        f"{covered.repeated_labelers} labels were made by someone who had already labeled the same passage."
    )
    edited = ""
    if results.edit_distance is not None:
        edited = (
            f"<p class=soft>Used suggestions that were edited moved {results.edit_distance:.2f} from the "
            "suggestion, on average (normalised Levenshtein distance: 0 the same, 1 nothing in common).</p>"
        )
    return (
        f"<section id=cells aria-labelledby=cells-heading>"
        f"<h2 id=cells-heading>Which cells are filled</h2><p class=soft>{how}</p>"
        f"{table('Labels by cell', heads, rows, words=2)}{edited}</section>"
    )


def _between(low: str, high: str) -> str:
    return "–" if low == "–" else f"{low} to {high}"


def _share(bounds: Interval | None) -> str:
    """A share with its z = 1 interval, in per cent."""
    if bounds is None:
        return "–"
    if bounds.low is None or bounds.high is None:
        return f"{100 * bounds.value:.1f} %"
    return f"{100 * bounds.value:.1f} % ({100 * bounds.low:.1f} to {100 * bounds.high:.1f})".replace("-", "−")


def _known(bounds: Interval | None) -> str:
    """A number with its z = 1 interval."""
    if bounds is None:
        return "–"
    if bounds.low is None or bounds.high is None:
        return f"{bounds.value:.2f}"
    return f"{bounds.value:.2f} ({bounds.low:.2f} to {bounds.high:.2f})".replace("-", "−")


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}".replace("-", "−")


def _interval95(bounds: Interval) -> str:
    return _between(_signed(bounds.low95), _signed(bounds.high95))
