"""The input format: passages with questions and up to three kinds of answers (docs/input-format.md)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Final, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from findings.records import Kind, ids, rules
from findings.records.common import EXACT, Category, Severity
from labeling.exchange.limits import limit_breaches
from labeling.models.names import LONGEST_KEY, name_key

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


def _author_breaches(name: str | None, path: str) -> Iterator[rules.Breach]:
    if name is not None and not 0 < len(name_key(name)) <= LONGEST_KEY:
        yield path, f"{name!r} cannot be a name"


def passage_breaches(passage: UploadedPassage) -> Iterator[rules.Breach]:
    """What ties the fields together: human answers need an author, intended critiques a misleading answer."""
    yield from limit_breaches(passage)
    yield from _author_breaches(passage.get("author"), "author")
    if not passage["text"].strip():
        yield "text", "is empty"
    for number, question in enumerate(passage.get("questions", [])):
        at = f"questions[{number}]"
        if not question["question"].strip():
            yield f"{at}.question", "is empty"
        yield from _author_breaches(question.get("author"), f"{at}.author")
        written = [name for name in ("human_answer", "misleading_answer") if question.get(name) is not None]
        if written and not (question.get("author") or passage.get("author")):
            yield f"{at}.author", f"is missing: {written[0]} was written by somebody, who must not be dealt this text"
        if question.get("intended_critiques") and question.get("misleading_answer") is None:
            yield f"{at}.intended_critiques", "are about a misleading answer, and there is none"
        for place, critique in enumerate(question.get("intended_critiques", [])):
            if critique["category"] == "other" and not critique.get("category_text", "").strip():
                yield f"{at}.intended_critiques[{place}].category_text", "is needed where the category is other"


PASSAGES: Final = Kind("passages", UploadedPassage, passage_breaches, ids.nameless)


def uploaded_passage(value: object) -> UploadedPassage:
    """A value read from a file or a request, as a passage. What is empty or blank in it is absent.

    Raises RecordError.
    """
    return PASSAGES.validate(without_blanks(value))


def without_blanks(value: object, kept: Collection[str] = ("text",)) -> object:
    """The value without its blank strings and what held nothing else. What is needed is kept, to be refused."""
    if isinstance(value, list):
        return [one for one in (without_blanks(inner, kept) for inner in value) if one != {}]
    if not isinstance(value, dict):
        return value
    fields = {name: without_blanks(inner, ("question",)) for name, inner in value.items()}
    return {name: inner for name, inner in fields.items() if name in kept or not _is_blank(inner)}


def _is_blank(value: object) -> bool:
    return value == {} or (isinstance(value, str) and not value.strip())
