"""The files a researcher gets from one command, and the page that shows them."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from findings import jsonl
from findings.__main__ import main
from findings.files import details_json
from findings.human_study import study
from findings.human_study.labels import tabulate
from findings.planning.simulate import StudyPlan, simulate
from findings.rendering.charts import Bar, BarGroup, Chart, Part, charts
from findings.rendering.report import chart_page, page
from findings.statistics.estimates import Interval
from tests.findings.rows import assistance_row, check, findings_of, found, helpfulness_row, label
from tests.findings.test_records import released
from tests.findings.test_trust import assisted_row, judgement

KEYS = [
    "name",
    "answer_source",
    "assisted",
    "group",
    "value",
    "low",
    "high",
    "low95",
    "high95",
    "n_labels",
    "n_passages",
]


FIGURES = {
    "figure_1",
    "figure_2_severity",
    "figure_2_category",
    "figure_15",
    "figure_16_critiqued",
    "figure_16_rating",
    "edited",
    "intended",
    "valid",
}


def simulated() -> list[Any]:
    return list(simulate(StudyPlan(passages=12), seed=1))


def checks(rows: list[Any]) -> list[Any]:
    """Of each label of a misleading answer, the first critique covers the planted flaw, the rest are not valid."""
    made = []
    for row in rows:
        for one in row["labels"]:
            if one["data"]["condition"]["answer_source"] == "Human misleading":
                texts = [critique["text"] for critique in one["data"]["feedback"]["critiques"]]
                made.append(check(one["id"], *[(t, n == 0, [0] * (n == 0)) for n, t in enumerate(texts)]))
    return made


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    jsonl.write(folder / "rows.jsonl.gz", simulated())
    jsonl.write(folder / "checks.jsonl", checks(simulated()))
    arguments = ["rows.jsonl.gz", "--out", "out", "--intended", "checks.jsonl", "--reps", "200"]
    paths = [str(folder / a) if not a.startswith("-") and not a.isdigit() else a for a in arguments]
    assert main(paths) == 0
    return folder / "out"


def test_findings_json_holds_every_name_with_exactly_its_keys(written: Path) -> None:
    findings = orjson.loads((written / "findings.json").read_bytes())
    assert list(findings) == ["findings"]
    assert all(list(finding) == KEYS for finding in findings["findings"])
    assert {f["name"] for f in findings["findings"]} == {
        "critiques_per_answer",
        "used_per_answer",
        "own_per_answer",
        "critiques_by_severity",
        "critiques_by_category",
        "seconds",
        "critiqued_share",
        "mean_rating",
        "edited_share",
        "intended_found",
        "valid_share",
        "valid_per_answer",
        "valid_novel_per_answer",
    }
    assert {f["answer_source"] for f in findings["findings"]} == {"Model", "Human", "Human misleading", None}
    for finding in findings["findings"]:
        assert finding["low"] <= finding["value"] <= finding["high"]
        assert finding["low95"] <= finding["high95"]


def test_each_figure_is_there_as_svg_and_png(written: Path) -> None:
    keys = {chart.key for chart in charts(findings_of(simulated(), intended=checks(simulated()), reps=2))}
    assert keys == FIGURES
    for key in keys:
        assert (written / f"{key}.svg").read_bytes().startswith(b"<?xml")
        assert (written / f"{key}.png").read_bytes().startswith(b"\x89PNG")
    drawn = {f"{key}.{form}" for key in keys for form in ("svg", "png")}
    assert {path.name for path in written.iterdir()} == {
        "findings.json",
        "details.json",
        "report.html",
    } | drawn


def test_details_hold_both_kinds_of_interval(written: Path) -> None:
    details = orjson.loads((written / "details.json").read_bytes())
    assert details["source"] == "rows.jsonl.gz"
    assert {e["name"] for e in details["cluster_robust"]} <= {e["name"] for e in details["effects"]}
    assert details["cluster_robust"]
    assert details["cluster_robust_missing"] is None
    assert details["trust"] is None


class Elements(HTMLParser):
    """Counts of start tags, every attribute, and the text of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_fetches_nothing(written: Path) -> None:
    page = Elements((written / "report.html").read_text())
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    addresses = [value for name, value in page.attributes if name in {"href", "src", "action", "xlink:href"}]
    assert addresses
    assert all(address.startswith("#") for address in addresses)
    assert "@import" not in page.text
    assert "url(" not in page.text


def test_every_chart_has_its_table_and_its_words(written: Path) -> None:
    page = Elements((written / "report.html").read_text())
    assert page.tags.count("svg") == page.tags.count("desc") == 9
    assert page.tags.count("table") == 9 + 3  # effects, agreement, cells
    assert page.tags.count("table") == page.tags.count("caption")


def test_a_files_name_cannot_break_the_page() -> None:
    results = study.analyse(simulated(), source="<script>alert(1)</script>", reps=2)
    assert "<script" not in page(results)


def test_no_name_in_a_chart_can_break_its_page() -> None:
    name = '<b>"&</b>'
    bar = Bar(name, (Part(name, "series-1", 1.0),), Interval(1.0, None, None, None, None), 1, 1)
    chart = Chart("key", name, name, name, (BarGroup(name, (bar,)),), counted=name)
    page = Elements(chart_page(name, [chart]))
    assert "b" not in page.tags
    assert ("aria-label", f"{name}, {name}") in page.attributes
    assert page.text.count(name) > 10


def test_the_report_shows_trust_where_there_are_verdicts() -> None:
    judged = [judgement((0, False), (1, True), (2, True))]
    results = study.analyse([assisted_row()], judgements=judged, source="rows", reps=10)
    html = Elements(page(results))
    assert "Over-reliance" in html.text
    assert "Reliability of the helpfulness score" in html.text
    assert "There are no verdicts" not in html.text
    details = orjson.loads(details_json(results))
    assert details["trust"]["reliance"][0]["over"]["value"] == 1
    assert details["trust"]["reliability"]["n"] == 3


def test_without_statsmodels_the_report_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra hidden from import, as where it was never installed."""
    for module in [name for name in sys.modules if name.split(".")[0] == "statsmodels"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    results = study.analyse(simulated(), source="rows", reps=2)
    assert results.robust == []
    assert results.robust_missing is not None
    assert "statsmodels is not installed" in page(results)


def test_an_empty_file_makes_an_honest_page(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"")
    assert main([str(tmp_path / "empty.jsonl"), "--out", str(tmp_path / "out")]) == 0
    assert orjson.loads((tmp_path / "out" / "findings.json").read_bytes()) == {"findings": []}
    assert "There is nothing to show" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", r"rows\.jsonl:1: not JSON"),
        (
            jsonl.dump_line(assistance_row(label(rating=9))),
            r"rows\.jsonl:1: labels\[0\]\.data\.feedback\.rating: ",
        ),
    ],
)
def test_a_bad_file_leaves_nothing_behind(
    tmp_path: Path, content: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.jsonl").write_bytes(content)
    assert main([str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out")]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_a_check_of_another_study_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jsonl.write(tmp_path / "rows.jsonl", [assistance_row(label(found(), id="here"))])
    jsonl.write(tmp_path / "checks.jsonl", [check("elsewhere")])
    words = [
        str(tmp_path / "rows.jsonl"),
        "--out",
        str(tmp_path / "out"),
        "--intended",
        str(tmp_path / "checks.jsonl"),
    ]
    assert main(words) == 2
    assert "is about label elsewhere" in capsys.readouterr().err


def test_the_commands_beside_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rehearsal.jsonl.gz"
    assert main(["simulate", "--out", str(path), "--passages", "8", "--labelers", "9", "--effect", "0.5"]) == 0
    assert "assistance truly adds 0.500" in capsys.readouterr().out
    assert len(tabulate(line.value for line in jsonl.read(path))) == 8 * 6  # type: ignore[misc]
    assert main(["power", "--passages", "5", "--labelers", "8", "--studies", "3", "--pilot", str(path)]) == 0
    assert "passages  labelers  power" in capsys.readouterr().out
    assert main(["coverage", "--studies", "2", "--reps", "20", "--scenario", "null"]) == 0
    assert "truth 0.000" in capsys.readouterr().out
    assert main(["simulate", "--out", str(path), "--labelers", "3"]) == 2
    assert "needs 6 labelers" in capsys.readouterr().err


def test_the_released_rows_agreement_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agreement", str(released("helpfulness.jsonl")), "--reps", "50"]) == 0
    told = orjson.loads(capsys.readouterr().out)
    assert (told["counts"]["rows"], told["counts"]["state_exceptions"]) == (196, 22)
    assert (told["agreement"]["helpful"]["n_agree"], told["agreement"]["helpful"]["n_pairs"]) == (21, 31)


def test_the_released_row_of_the_study_is_reported(tmp_path: Path) -> None:
    assert main([str(released("assistance_fixture.jsonl")), "--out", str(tmp_path), "--reps", "10"]) == 0
    findings = {
        (f["name"], f["answer_source"], f["assisted"], f["group"]): f["value"]
        for f in orjson.loads((tmp_path / "findings.json").read_bytes())["findings"]
    }
    assert findings["edited_share", None, True, None] == pytest.approx(1 / 3)


def test_needs_no_django_and_no_torch() -> None:
    code = "import sys, findings.__main__, findings.files; print({'django', 'torch'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_has_no_accessibility_violations(browser: Browser, written: Path, scheme: Any) -> None:
    page = browser.new_context(color_scheme=scheme).new_page()
    page.goto((written / "report.html").as_uri())
    found_violations = Axe().run(page)
    page.context.close()
    assert found_violations.violations_count == 0, found_violations.generate_report()


@pytest.mark.parametrize(
    ("command", "row"), [([], assistance_row(label())), (["agreement"], helpfulness_row([True], [0]))]
)
def test_a_row_given_twice_is_refused_by_line_and_id_not_counted_twice(
    command: list[str], row: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jsonl.write(path := tmp_path / "rows.jsonl", [row, row])
    words = [*command, str(path), *([] if command else ["--out", str(tmp_path / "out")])]
    assert main(words) == 2
    assert re.search(r"rows\.jsonl:2: (labels\[0\]\.)?id: '\w+' stands on line 1 already", capsys.readouterr().err)
    assert not (tmp_path / "out").exists()
