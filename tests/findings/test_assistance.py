"""The human study's quantities, worked by hand, and their intervals."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from findings.human_study.assistance import Finding, edit_distance, estimate
from findings.human_study.cells import design
from findings.human_study.labels import CheckError, tabulate
from tests.findings.rows import assistance_row, check, findings_of, found, label

CHECKED = {"intended_found", "valid_share", "valid_per_answer", "valid_novel_per_answer"}
COUNTED = {
    "critiques_per_answer",
    "used_per_answer",
    "own_per_answer",
    "critiques_by_severity",
    "critiques_by_category",
    "seconds",
    "critiqued_share",
    "mean_rating",
    "edited_share",
}


def study() -> list[Any]:
    """Two passages. Model answers: unassisted 1 and 0 critiques, assisted 2 (1 used) and 1 (used and edited).

    A third row is another question about the first passage: its labels belong to that passage.
    """
    return [
        assistance_row(
            label(found(severity=1), id="a", rating=4, total_time=10_000),
            label(
                found(used=0),
                found(category="coverage", severity=4),
                id="b",
                assisted=True,
                total_time=20_000,
            ),
            text="One.",
        ),
        assistance_row(
            label(id="c", rating=7, total_time=30_000),
            label(found("It is shorts.", used=1, category="coherence"), id="d", assisted=True, total_time=50_000),
            text="Two.",
        ),
        assistance_row(
            label(found(), found(), found(), id="e", source="Human misleading", total_time=70_000),
            text="One.",
            planted=2,
        ),
    ]


def one(findings: list[Finding], *cell: Any) -> Finding:
    """The finding of a (name, answer source, assisted, group) cell."""
    match = [f for f in findings if (f.name, f.answer_source, f.assisted, f.group) == cell]
    assert len(match) == 1
    return match[0]


@pytest.mark.parametrize(
    ("cell", "value", "n_labels", "n_passages"),
    [
        (("critiques_per_answer", "Model", False, None), 1 / 2, 2, 2),
        (("critiques_per_answer", "Model", True, None), 3 / 2, 2, 2),
        (("critiques_per_answer", None, False, None), 4 / 3, 3, 2),
        (("critiques_per_answer", None, None, None), 7 / 5, 5, 2),
        (("critiques_per_answer", "Human misleading", False, None), 3, 1, 1),
        (("used_per_answer", "Model", True, None), 2 / 2, 2, 2),
        (("own_per_answer", "Model", True, None), 1 / 2, 2, 2),
        (("critiques_by_severity", "Model", True, 4), 1 / 2, 2, 2),
        (("critiques_by_severity", "Model", True, 2), 2 / 2, 2, 2),
        (("critiques_by_severity", "Model", True, 3), 0, 2, 2),
        (("critiques_by_category", "Model", True, "coherence"), 1 / 2, 2, 2),
        (("critiques_by_category", "Model", False, "accuracy"), 1 / 2, 2, 2),
        (("seconds", "Model", True, None), 35, 2, 2),
        (("critiqued_share", "Model", False, None), 1 / 2, 2, 2),
        (("mean_rating", "Model", False, None), 5.5, 2, 2),
        (("edited_share", "Model", True, None), 1 / 2, 2, 2),
    ],
)
def test_counts_what_the_paper_counts(
    cell: tuple[str, str | None, bool | None, Any], value: float, n_labels: int, n_passages: int
) -> None:
    finding = one(findings_of(study(), reps=10), *cell)
    assert finding.value == pytest.approx(value)
    assert (finding.n_labels, finding.n_passages) == (n_labels, n_passages)


def test_severities_and_categories_each_add_up_to_the_whole() -> None:
    findings = findings_of(study(), reps=10)
    for source, assisted in itertools.product(("Model", "Human misleading", None), (False, True, None)):
        whole = [
            f for f in findings if (f.name, f.answer_source, f.assisted) == ("critiques_per_answer", source, assisted)
        ]
        for name in ("critiques_by_severity", "critiques_by_category"):
            parts = [f.value for f in findings if (f.name, f.answer_source, f.assisted) == (name, source, assisted)]
            assert len(parts) == 4 * len(whole)
            assert sum(parts) == pytest.approx(sum(f.value for f in whole))


def test_a_quantity_without_a_denominator_is_absent_not_zero() -> None:
    findings = findings_of(study(), reps=10)
    assert {f.name for f in findings} == COUNTED
    assert not [f for f in findings if f.name == "edited_share" and f.assisted is False]
    assert not [f for f in findings if f.answer_source == "Human"]


def test_intended_checks_by_hand() -> None:
    """Label e found three critiques: one valid covering intended 0, one valid and novel, one not valid."""
    verdicts = [("It is wrong.", True, [0]), ("It is wrong.", True, []), ("It is wrong.", False, [])]
    findings = findings_of(study(), intended=[check("e", *verdicts, intended=2)], reps=10)
    values = {
        f.name: f.value for f in findings if f.name in CHECKED and f.answer_source == "Human misleading" and not f.group
    }
    assert values["intended_found"] == pytest.approx(1 / 2)
    assert values["valid_share"] == pytest.approx(2 / 3)
    assert values["valid_per_answer"] == pytest.approx(2)
    assert values["valid_novel_per_answer"] == pytest.approx(1)
    assert not [f for f in findings if f.name == "intended_found" and f.answer_source != "Human misleading"]


def test_the_authors_verdict_counts_before_a_later_third_partys() -> None:
    author = check("e", *[("It is wrong.", True, [0])] * 3, intended=2)
    other = check("e", *[("It is wrong.", False, [])] * 3, intended=2) | {
        "by_author": False,
        "time": author["time"] + 9,
    }
    found_share = one(
        findings_of(study(), intended=[other, author], reps=10), "valid_share", "Human misleading", None, None
    )
    assert found_share.value == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (check("nobody"), "is about label nobody, which is not among the labels"),
        (check("e", ("Another text.", True, []), intended=2), "judges other critiques than label e holds"),
        (
            check("e", *[("It is wrong.", True, [])] * 3, intended=1),
            "knows 1 intended critiques, its question has 2",
        ),
    ],
)
def test_a_check_that_does_not_fit_its_label_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(CheckError, match=message):
        findings_of(study(), intended=[wrong])


def test_how_far_an_edited_critique_moved() -> None:
    """“It is short.” became “It is shorts.”: one insertion in thirteen characters."""
    assert edit_distance(tabulate(study())) == pytest.approx(1 / 13)
    assert edit_distance(tabulate(study()[2:])) is None


def test_passages_are_resampled_whole() -> None:
    """Two passages with 1 and 0 unassisted critiques on model answers: a resample gives 0, 1/2 or 1.

    Their odds are 1/4, 1/2, 1/4, so the standard deviation is sqrt(1/8) and the middle 95 % is everything.
    """
    finding = one(findings_of(study(), reps=20_000), "critiques_per_answer", "Model", False, None)
    assert finding.low is not None
    assert finding.value - finding.low == pytest.approx(np.sqrt(1 / 8), abs=0.01)
    assert (finding.low95, finding.high95) == (0, 1)


def test_one_passage_gives_no_interval() -> None:
    finding = one(findings_of(study()), "critiques_per_answer", "Human misleading", False, None)
    assert (finding.low, finding.high, finding.low95, finding.high95) == (None, None, None, None)


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert findings_of(study(), seed=1) == findings_of(study(), seed=1)
    assert findings_of(study(), seed=1) != findings_of(study(), seed=2)


def test_the_effect_is_the_difference_of_the_two_conditions() -> None:
    effects = estimate(tabulate(study()), reps=100).effects
    effect = next(e for e in effects if (e.name, e.answer_source) == ("critiques_per_answer", "Model"))
    assert effect.difference.value == pytest.approx(1)
    # By passage: 2 - 1 and 1 - 0. Every resample has the same difference, however the passages fall.
    assert effect.difference.low == pytest.approx(1)
    assert effect.ratio is not None
    assert effect.ratio.value == pytest.approx(3)


def test_missing_and_doubled_cells_are_counted() -> None:
    rows = study()
    rows[1]["labels"].append(label(id="f", assisted=True, labeler="c" * 64))
    covered = design(tabulate(rows))
    assert (covered.questions, covered.passages, covered.labels, covered.complete) == (3, 2, 6, 0)
    counts = {(c.answer_source, c.assisted): (c.n_labels, c.missing, c.doubled) for c in covered.cells}
    assert counts == {
        ("Model", False): (2, 1, 0),
        ("Model", True): (3, 1, 1),
        ("Human misleading", False): (1, 2, 0),
    }
    # Five labels by one labeler: three on the first passage, two on the second; the first of each is fresh.
    assert covered.repeated_labelers == 3


def test_an_empty_file_has_no_findings() -> None:
    assert findings_of([]) == []
    assert design(tabulate([])).labels == 0
