"""The input format as a table, one question a row, with commas or what spreadsheets put in their place."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

PASSAGE_COLUMNS = ("id", "title", "text", "author")
CRITIQUE_COLUMNS = {
    "intended_critique": "text",
    "intended_category": "category",
    "intended_severity": "severity",
    "intended_category_text": "category_text",
}
MODEL_COLUMNS = {"model_answer": "text", "model": "model", "temperature": "temperature"}
COLUMNS = (
    *PASSAGE_COLUMNS,
    "question",
    "covered",
    "human_answer",
    "misleading_answer",
    *CRITIQUE_COLUMNS,
    *MODEL_COLUMNS,
)
YES_AND_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
#: Where a comma is the decimal sign, spreadsheets save with semicolons. No column has any of these in its name.
DELIMITERS = ",;\t"
# A passage may be longer than the csv module's default of 131,072 characters.
csv.field_size_limit(2**24)


class TableProblem(ValueError):
    """A table cannot be read. `line` is where."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        super().__init__(reason)


def table_passages(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, passage with one question) for each row of a table. An empty or blank cell is an absent field.

    The line is the row's first. Numbers are read as numbers; what is none is left as it stands, for the validator to
    name. Raises TableProblem.
    """
    rows = _rows(text)
    line, columns = next(rows, (1, []))
    _check_columns(line, columns)
    for line, cells in rows:
        if len(cells) != len(columns):
            raise TableProblem(line, f"the number of cells is {len(cells)}, that of columns {len(columns)}")
        yield line, _passage({name: cell for name, cell in zip(columns, cells, strict=True) if cell.strip()})


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of every row that is not a blank line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise TableProblem(line, str(error)) from error
        if cells is None:
            return
        if cells:
            yield line, cells


def _delimiter(text: str) -> str:
    """What separates the names of the columns."""
    header = re.search(r"[^\r\n]+", text)
    return max(DELIMITERS, key=header[0].count) if header else ","


def _check_columns(line: int, columns: Sequence[str]) -> None:
    wrong = [f"unknown column {name!r}" for name in columns if name not in COLUMNS]
    wrong += [f"the column {name!r} stands {count} times" for name, count in Counter(columns).items() if count > 1]
    wrong += [f"no column {name!r}" for name in ("text", "question") if name not in columns]
    if wrong:
        raise TableProblem(line, f"{', '.join(wrong)}; the columns are {', '.join(COLUMNS)}")


def _passage(cells: dict[str, Any]) -> dict[str, Any]:
    passage: dict[str, Any] = {name: cells[name] for name in PASSAGE_COLUMNS if name in cells}
    question: dict[str, Any] = {
        name: cells[name] for name in ("question", "human_answer", "misleading_answer") if name in cells
    }
    if "covered" in cells:
        question["covered"] = YES_AND_NO.get(cells["covered"].strip().lower(), cells["covered"])
    critique = {field: cells[name] for name, field in CRITIQUE_COLUMNS.items() if name in cells}
    if critique:
        question["intended_critiques"] = [_with_number(critique, "severity", int)]
    model = {field: cells[name] for name, field in MODEL_COLUMNS.items() if name in cells}
    if model:
        question["model_answer"] = _with_number(model, "temperature", float)
    return passage | {"questions": [question]}


def _with_number(fields: dict[str, Any], name: str, number: type[int] | type[float]) -> dict[str, Any]:
    """The fields with one of them read as a number, if it is one."""
    try:
        return fields | {name: number(fields[name])} if name in fields else fields
    except ValueError:
        return fields
