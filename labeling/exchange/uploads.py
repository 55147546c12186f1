"""Bring our own passages, questions and answers in: from a file, or one at a time through the API.

Everything of a file is stored, or nothing. What is here already is found again by its text and left as it is,
so that a file can be added twice, or once more with new lines in it.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.db import transaction

from findings import jsonl
from findings.records import RecordError
from labeling.enums import Activity, AnswerKind, CritiqueOrigin, Provenance
from labeling.exchange.importing import Progress, no_progress
from labeling.exchange.upload_format import (
    PASSAGES,
    CsvProblem,
    UploadedCritique,
    UploadedPassage,
    UploadedQuestion,
    csv_passages,
)
from labeling.models import Answer, Critique, Exposure, IntendedCritique, Labeler, Passage, Question, User
from labeling.models.fields import text_digest
from labeling.refusals import Refused

PROBLEMS_SHOWN = 50


class UploadProblems(Refused):
    """Nothing was stored. `lines` has one sentence a problem, each with file, line and field."""

    def __init__(self, lines: list[str]) -> None:
        more = len(lines) - PROBLEMS_SHOWN
        self.lines = lines[:PROBLEMS_SHOWN] + ([f"… and {more} more problems"] if more > 0 else [])
        super().__init__("\n".join(self.lines))


@dataclass
class Report:
    """What a file held, and what of it was new."""

    name: str
    new_passages: int = 0
    new_questions: int = 0
    new_answers: int = 0
    _passages: dict[int, Passage] = field(default_factory=dict)
    _authors: dict[str, Labeler] = field(default_factory=dict)

    @property
    def passages(self) -> list[Passage]:
        """All passages of the file, new or not, each once."""
        return list(self._passages.values())

    def note(self, passage: Passage) -> None:
        self._passages[passage.pk] = passage

    def author(self, name: str | None) -> Labeler | None:
        """The labeler of this name, looked up once a file."""
        if name is None:
            return None
        if name not in self._authors:
            self._authors[name] = labeler_named(name)
        return self._authors[name]

    def __str__(self) -> str:
        if not (self.new_passages or self.new_questions or self.new_answers):
            return f"Nothing added: all of {self.name} is here already."
        new = [
            f"{count} {what}{'' if count == 1 else 's'}"
            for count, what in (
                (self.new_passages, "passage"),
                (self.new_questions, "question"),
                (self.new_answers, "answer"),
            )
        ]
        return f"Added {new[0]}, {new[1]} and {new[2]} from {self.name}."


def add_passages(file: IO[bytes], name: str, *, progress: Progress = no_progress) -> Report:
    """Store the passages of an open .jsonl, .jsonl.gz or .csv file. Raises UploadProblems and stores nothing."""
    problems: list[str] = []
    records: list[tuple[str, UploadedPassage]] = []
    for line, value in _values(file, name, problems):
        try:
            records.append((f"{name}:{line}: ", PASSAGES.validate(value)))
        except RecordError as error:
            problems.append(f"{name}:{line}: {error}")
    if problems:
        raise UploadProblems(problems)
    if not records:
        raise UploadProblems([f"{name}: holds no passage"])
    return store_passages(records, name, progress=progress)


def store_passages(
    records: Sequence[tuple[str, UploadedPassage]], name: str, *, progress: Progress = no_progress
) -> Report:
    """Store validated passages, each with the words that its problem begins with. All or nothing."""
    report = Report(name)
    problems: list[str] = []
    with transaction.atomic():
        for count, (where, record) in enumerate(records, start=1):
            progress("stored", count)
            try:
                _store(record, report)
            except Refused as refused:
                problems.append(f"{where}{refused.reason}")
        if problems:
            raise UploadProblems(problems)
    return report


def _values(file: IO[bytes], name: str, problems: list[str]) -> Iterator[tuple[int, Any]]:
    """Yield (line, value) of each line that can be read, and note the problems of the others."""
    if name.lower().endswith(".csv"):
        yield from _csv_values(file, name, problems)
        return
    lines: Iterable[bytes] = file
    if name.lower().endswith(".gz"):
        lines = gzip.GzipFile(fileobj=file)
    try:
        for line, raw in jsonl.numbered(lines):
            try:
                yield line, jsonl.parse_line(raw, path=Path(name), line=line)
            except jsonl.JsonlError as error:
                problems.append(str(error))
    except (EOFError, OSError, zlib.error) as error:
        problems.append(f"{name}: cannot be read to its end: {error}")


def _csv_values(file: IO[bytes], name: str, problems: list[str]) -> Iterator[tuple[int, Any]]:
    try:
        yield from csv_passages(file.read().decode("utf-8-sig"))
    except CsvProblem as problem:
        problems.append(f"{name}:{problem.line}: {problem}")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(f"{name}:{line}: is not UTF-8 text")


def labeler_named(name: str) -> Labeler:
    """The account's labeler, or, where nobody has an account of that name, an author known by it only."""
    user = User.objects.filter(username=name).first()
    if user is not None:
        return Labeler.objects.get_or_create(user=user)[0]
    return Labeler.objects.get_or_create(outside_name=name)[0]


def _store(record: UploadedPassage, report: Report) -> None:
    author = report.author(record.get("author"))
    passage = _passage(record, author, report)
    report.note(passage)
    shelf = _Shelf(passage, report)
    authors = {author} - {None}
    for given in record.get("questions", []):
        writer = report.author(given.get("author")) or author
        shelf.add(given, writer)
        if given.get("human_answer") is not None or given.get("misleading_answer") is not None:
            authors.add(writer)
    for one in authors:
        assert one is not None
        _expose(one, passage)


def _passage(record: UploadedPassage, author: Labeler | None, report: Report) -> Passage:
    """The passage of this text (and id, if one is given), or a new one. Its title and id stay what they are."""
    ours = Passage.objects.filter(import_batch=None)
    public_id = record.get("id")
    same_text = ours.filter(text_digest=text_digest(record["text"]))
    if public_id is not None:
        same_text = same_text.filter(public_id=public_id)
        if ours.filter(public_id=public_id).exclude(text_digest=text_digest(record["text"])).exists():
            raise Refused(f"id: {public_id!r} is the id of another text already")
    found = same_text.first()
    if found is None:
        report.new_passages += 1
        named = {"public_id": public_id} if public_id is not None else {}
        return Passage.objects.create(text=record["text"], title=record.get("title"), author=author, **named)
    title = record.get("title")
    if title is not None and title != found.title:
        raise Refused(f"title: this text is here already, with the title {found.title!r}")
    return found


class _Shelf:
    """The questions and answers of one passage: what is here is looked up once, what is new is put beside it."""

    def __init__(self, passage: Passage, report: Report) -> None:
        self.passage, self.report = passage, report
        self.questions = {question.text: question for question in passage.questions.order_by("-index", "-pk")}
        known = Answer.objects.filter(question__passage=passage).order_by("-pk")
        self.answers = {
            (one.question_id, one.kind, one.text, one.author_id, one.model_name, one.temperature): one
            for one in (known if self.questions else ())
        }

    def add(self, given: UploadedQuestion, author: Labeler | None) -> None:
        """Store a question with its answers, as far as they are new."""
        question = self._question(given)
        for kind, name in ((AnswerKind.HUMAN, "human_answer"), (AnswerKind.HUMAN_MISLEADING, "misleading_answer")):
            text = given.get(name)
            if text is not None:
                answer = self._answer(question, kind, str(text), author=author)
                if kind == AnswerKind.HUMAN_MISLEADING:
                    _store_intended(answer, given.get("intended_critiques", []))
        model = given.get("model_answer")
        if model is not None:
            self._answer(
                question,
                AnswerKind.MODEL,
                model["text"],
                model_name=model.get("model"),
                temperature=model.get("temperature"),
            )

    def _question(self, given: UploadedQuestion) -> Question:
        text = given["question"]
        if text not in self.questions:
            self.report.new_questions += 1
            self.questions[text] = Question.objects.create(
                passage=self.passage, text=text, index=len(self.questions), covered=given.get("covered")
            )
        return self.questions[text]

    def _answer(
        self,
        question: Question,
        kind: AnswerKind,
        text: str,
        *,
        author: Labeler | None = None,
        model_name: str | None = None,
        temperature: float | None = None,
    ) -> Answer:
        key = (question.pk, kind.value, text, author.pk if author else None, model_name, temperature)
        if key not in self.answers:
            self.report.new_answers += 1
            self.answers[key] = Answer.objects.create(
                question=question,
                kind=kind,
                text=text,
                author=author,
                model_name=model_name,
                temperature=temperature,
                provenance=Provenance.GIVEN,
            )
        return self.answers[key]


def _store_intended(answer: Answer, critiques: Sequence[UploadedCritique]) -> None:
    """Add the intended critiques that the answer does not have yet."""
    if not critiques:
        return
    known = set(IntendedCritique.objects.filter(critique__answer=answer).values_list("critique__text", flat=True))
    for given in critiques:
        if given["text"] in known:
            continue
        critique = Critique.objects.create(answer=answer, text=given["text"], origin=CritiqueOrigin.INTENDED)
        IntendedCritique.objects.create(
            critique=critique,
            position=len(known),
            category=given["category"],
            category_text=given.get("category_text", ""),
            severity=given["severity"],
        )
        known.add(given["text"])


def _expose(author: Labeler, passage: Passage) -> None:
    """Who wrote about a text has met it: it is never dealt to them."""
    Exposure.objects.get_or_create(
        labeler=author,
        text_digest=passage.text_digest,
        defaults={"passage": passage, "activity": Activity.ANSWERING},
    )
