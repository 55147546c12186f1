"""The closed lists of the site and of the files are the same lists."""

from __future__ import annotations

from typing import get_args

from findings.records import common
from labeling.enums import AnswerKind, Category, Confidence, Severity, Split


def test_what_a_page_offers_is_what_a_file_may_hold() -> None:
    assert [level.label for level in Severity] == list(common.SEVERITY_NAMES)
    assert list(Severity) == list(range(1, len(common.SEVERITY_NAMES) + 1))
    assert set(Category.values) == set(get_args(common.Category))
    assert set(AnswerKind.values) == set(get_args(common.AnswerSource))
    assert set(Split.values) == set(get_args(common.Split))
    assert (min(Confidence), max(Confidence)) == (1, 3)
