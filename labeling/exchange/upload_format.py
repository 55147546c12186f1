"""The input format: passages with questions and up to three kinds of answers (docs/input-format.md)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Any, Final, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from findings.records import Kind, rules
from findings.records.common import EXACT, Category, Severity
from labeling.exchange.limits import limit_breaches

Name = Annotated[str, Field(min_length=1, max_length=150)]


@with_config(EXACT)
class UploadedCritique(TypedDict):
    """A flaw that the author of the misleading answer put there."""

    text: str
    category: Category
    severity: Severity
    category_text: NotRequired[str]


@with_config(EXACT)
class UploadedModelAnswer(TypedDict):
    """A model's answer; which model, and at which temperature, where that is known."""

    text: str
    model: NotRequired[Annotated[str, Field(max_length=300)] | None]
    temperature: NotRequired[Annotated[float, Field(ge=0, le=5)] | None]


@with_config(EXACT)
class UploadedQuestion(TypedDict):
    """A question with the answers there are. `author` wrote the human ones, if not the passage's author."""

    question: str
    covered: NotRequired[bool | None]
    human_answer: NotRequired[str | None]
    misleading_answer: NotRequired[str | None]
    intended_critiques: NotRequired[list[UploadedCritique]]
    model_answer: NotRequired[UploadedModelAnswer | None]
    author: NotRequired[Name | None]


@with_config(EXACT)
class UploadedPassage(TypedDict):
    """One line of an input file."""

    id: NotRequired[Annotated[str, Field(min_length=1)] | None]
    title: NotRequired[str | None]
    text: str
    author: NotRequired[Name | None]
    questions: NotRequired[list[UploadedQuestion]]


def passage_breaches(passage: UploadedPassage) -> Iterator[rules.Breach]:
    """What ties the fields together: human answers need an author, intended critiques a misleading answer."""
    yield from limit_breaches(passage)
    if not passage["text"].strip():
        yield "text", "is empty"
    for number, question in enumerate(passage.get("questions", [])):
        at = f"questions[{number}]"
        if not question["question"].strip():
            yield f"{at}.question", "is empty"
        written = [name for name in ("human_answer", "misleading_answer") if question.get(name) is not None]
        if written and not (question.get("author") or passage.get("author")):
            yield f"{at}.author", f"is missing: {written[0]} was written by somebody, who must not be dealt this text"
        if question.get("intended_critiques") and question.get("misleading_answer") is None:
            yield f"{at}.intended_critiques", "are about a misleading answer, and there is none"
        for place, critique in enumerate(question.get("intended_critiques", [])):
            if critique["category"] == "other" and not critique.get("category_text", "").strip():
                yield f"{at}.intended_critiques[{place}].category_text", "is needed where the category is other"


PASSAGES: Final = Kind("passages", UploadedPassage, passage_breaches)

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
# A passage may be longer than the csv module's default of 131,072 characters.
csv.field_size_limit(2**24)


class CsvProblem(ValueError):
    """A table cannot be read. `line` is where."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        super().__init__(reason)


def csv_passages(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, passage with one question) for each row of a table. An empty cell is an absent field.

    Numbers are read as numbers; what is none is left as it stands, for the validator to name.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = list(reader.fieldnames or [])
    except csv.Error as error:
        raise CsvProblem(1, str(error)) from error
    unknown = [name for name in columns if name not in COLUMNS]
    missing = [name for name in ("text", "question") if name not in columns]
    if unknown or missing:
        wrong = [f"unknown column {name!r}" for name in unknown] + [f"no column {name!r}" for name in missing]
        raise CsvProblem(1, f"{', '.join(wrong)}; the columns are {', '.join(COLUMNS)}")
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise CsvProblem(line, str(error)) from error
        if row is None:
            return
        if None in row or None in row.values():
            raise CsvProblem(line, f"has another number of cells than the {len(columns)} columns")
        yield line, _passage({name: cell for name, cell in row.items() if cell != ""})


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
