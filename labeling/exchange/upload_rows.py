"""The rows of uploaded passages: what is here is looked up a batch at a time, what is new is stored in bulk.

A batch is whole passages, each with its questions, answers, intended critiques and its authors' exposures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from labeling.actions.batches import ROWS_A_BATCH, batches, write_in_batches
from labeling.actions.locking import one_at_a_time
from labeling.actions.names import labeler_named
from labeling.enums import Activity, AnswerKind, CritiqueOrigin
from labeling.exchange.importing import Progress
from labeling.exchange.upload_answers import HUMAN_ANSWERS
from labeling.exchange.upload_format import UploadedCritique, UploadedPassage, UploadedQuestion
from labeling.models import Answer, Critique, Exposure, IntendedCritique, Labeler, Passage, Question
from labeling.models.fields import text_digest, words_of

#: What tells an answer of a question from others: kind, words, author, model, temperature.
AnswerKey = tuple[str, str, int | None, str | None, float | None]


@dataclass
class Report:
    """What a file held, and what of it was new."""

    name: str
    new_passages: int = 0
    new_questions: int = 0
    new_answers: int = 0
    _passages: set[int] = field(default_factory=set)
    _authors: dict[str, Labeler] = field(default_factory=dict)

    @property
    def passages(self) -> QuerySet[Passage]:
        """All passages of the file, new or not, each once."""
        return Passage.objects.filter(pk__in=self._passages)

    def note(self, new: _Batch, passages: Iterable[Passage]) -> None:
        """A batch was stored, of these passages."""
        self.new_passages += len(new.passages)
        self.new_questions += len(new.questions)
        self.new_answers += len(new.answers)
        self._passages.update(passage.pk for passage in passages)

    def author(self, name: str | None) -> Labeler | None:
        """The labeler of this name, looked up once a file."""
        if name is None:
            return None
        if name not in self._authors:
            self._authors[name] = labeler_named(name)
        return self._authors[name]

    @property
    def without_account(self) -> str:
        """Says which authors of the file have no account, so that a misspelt name is seen; empty if all have one."""
        names = sorted({str(one) for one in self._authors.values() if one.user_id is None})
        if not names:
            return ""
        return (
            f"No account yet: {', '.join(names)}. An account of that name will have these texts as its own. "
            "Whoever has an account of another name must be given this one on its page, or may be dealt them."
        )

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


def conflicts(records: Sequence[tuple[str, UploadedPassage]]) -> Iterator[tuple[str, str]]:
    """Yield (where, reason) for each passage that contradicts one that is here, or one before it in the file."""
    known = _known([record for _, record in records])
    digests: defaultdict[str, set[str]] = defaultdict(set)
    for text, rows in known.items():
        for name, _ in rows:
            digests[name].add(text)
    for where, record in records:
        digest, public_id, title = text_digest(record["text"]), record.get("id"), record.get("title")
        if public_id is not None and digests[public_id] - {digest}:
            yield where, f"id: {public_id!r} is the id of another text already"
            continue
        found = next((row for row in known[digest] if public_id in {None, row[0]}), None)
        if found is None:
            known[digest].append((public_id or "", title))
            if public_id is not None:
                digests[public_id].add(digest)
        elif title is not None and words_of(title) != words_of(found[1] or ""):
            yield where, f"title: this text is here already, with the title {found[1]!r}"


def _known(records: Sequence[UploadedPassage]) -> defaultdict[str, list[tuple[str, str | None]]]:
    """Digest -> (id, title) of our own passages that these records might speak of, the oldest first."""
    rows: dict[int, tuple[str, str, str | None]] = {}
    ours = Passage.objects.filter(import_batch=None)
    for batch in batches(records):
        for here in (
            ours.filter(text_digest__in={text_digest(record["text"]) for record in batch}),
            ours.filter(public_id__in={record.get("id") for record in batch} - {None}),
        ):
            columns = here.values_list("pk", "text_digest", "public_id", "title")
            rows.update({pk: (digest, public_id, title) for pk, digest, public_id, title in columns})
    known: defaultdict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for _, (digest, public_id, title) in sorted(rows.items()):
        known[digest].append((public_id, title))
    return known


def store_in_batches(records: Sequence[UploadedPassage], report: Report, progress: Progress) -> None:
    """Store records that are valid and contradict nothing."""
    stored = 0

    def store(batch: list[UploadedPassage]) -> int:
        nonlocal stored
        _Batch(batch, report).store()
        stored += len(batch)
        progress("stored", stored)
        return len(batch)

    write_in_batches(records, store, size=2 * ROWS_A_BATCH, weight=lambda record: 1 + len(record.get("questions", [])))


@dataclass
class _Place:
    """A question with its answers, and the words of each answer's intended critiques, as far as they are known."""

    question: Question
    answers: dict[AnswerKey, Answer] = field(default_factory=dict)
    intended: defaultdict[AnswerKey, set[str]] = field(default_factory=lambda: defaultdict(set))


class _Batch:
    """Some passages on their way into the database."""

    def __init__(self, records: Sequence[UploadedPassage], report: Report) -> None:
        self.records, self.report = records, report
        self.here: defaultdict[str, list[Passage]] = defaultdict(list)
        """Our passages by the digest of their text, the oldest first."""
        self.places: defaultdict[tuple[str, str], dict[str, _Place]] = defaultdict(dict)
        """By the passage's digest and id, then by the question's words."""
        self.passages: list[Passage] = []
        self.questions: list[Question] = []
        self.answers: list[Answer] = []
        self.intended: list[IntendedCritique] = []
        self.exposures: list[Exposure] = []

    def store(self) -> None:
        one_at_a_time("adding passages")  # two files of the same texts: the second finds what the first has added
        self._look_up()
        passages = [self._add(record) for record in self.records]
        Passage.objects.bulk_create(self.passages)
        Question.objects.bulk_create(self.questions)
        Answer.objects.bulk_create(self.answers)
        Critique.objects.bulk_create(row.critique for row in self.intended)
        IntendedCritique.objects.bulk_create(self.intended)
        # Who wrote about a text has met it: it is never dealt to them. They may have met it before.
        Exposure.objects.bulk_create(self.exposures, ignore_conflicts=True)
        self.report.note(self, passages)

    def _look_up(self) -> None:
        """What is here of these passages. Their texts are not loaded."""
        digests = {text_digest(record["text"]) for record in self.records}
        ours = Passage.objects.filter(import_batch=None, text_digest__in=digests).defer("text").order_by("pk")
        for passage in ours:
            self.here[passage.text_digest].append(passage)
        if self.here:
            self._look_up_questions({passage.pk: passage for passage in ours})

    def _look_up_questions(self, passages: dict[int, Passage]) -> None:
        by_pk: dict[int, _Place] = {}
        for question in Question.objects.filter(passage__in=passages).order_by("-index", "-pk"):
            place = by_pk[question.pk] = _Place(question)
            self.places[_name(passages[question.passage_id])][words_of(question.text)] = place
        keys: dict[int, tuple[_Place, AnswerKey]] = {}
        for answer in Answer.objects.filter(question__in=by_pk).order_by("-pk"):
            place, key = by_pk[answer.question_id], _key(answer)
            place.answers[key] = answer
            keys[answer.pk] = place, key
        intended = IntendedCritique.objects.filter(critique__answer__in=keys)
        for pk, text in intended.values_list("critique__answer", "critique__text"):
            place, key = keys[pk]
            if place.answers[key].pk == pk:
                place.intended[key].add(words_of(text))

    def _add(self, record: UploadedPassage) -> Passage:
        author = self.report.author(record.get("author"))
        passage = self._passage(record, author)
        authors = {author} - {None}
        for given in record.get("questions", []):
            writer = self.report.author(given.get("author")) or author
            self._add_question(self._place(passage, given), given, writer)
            if any(given.get(name) is not None for _, name in HUMAN_ANSWERS):
                authors.add(writer)
        self.exposures += (
            Exposure(labeler=one, passage=passage, text_digest=passage.text_digest, activity=Activity.ANSWERING)
            for one in authors
        )
        return passage

    def _passage(self, record: UploadedPassage, author: Labeler | None) -> Passage:
        """The passage of these words (and id, if one is given), or a new one. What was given first stays as it is."""
        public_id = record.get("id")
        here = self.here[text_digest(record["text"])]
        for passage in here:
            if public_id in {None, passage.public_id}:
                return passage
        named = {"public_id": public_id} if public_id is not None else {}
        passage = Passage(text=record["text"], title=record.get("title"), author=author, **named)
        passage.describe_text()
        here.append(passage)
        self.passages.append(passage)
        return passage

    def _place(self, passage: Passage, given: UploadedQuestion) -> _Place:
        places, words = self.places[_name(passage)], words_of(given["question"])
        if words not in places:
            covered = given.get("covered")
            question = Question(passage=passage, text=given["question"], index=len(places), covered=covered)
            places[words] = _Place(question)
            self.questions.append(question)
        return places[words]

    def _add_question(self, place: _Place, given: UploadedQuestion, author: Labeler | None) -> None:
        """The answers of a question, as far as they are new."""
        for kind, name in HUMAN_ANSWERS:
            text = given.get(name)
            if text is not None:
                answer = Answer(question=place.question, kind=kind, text=str(text), author=author)
                key = self._answer(place, answer)
                if kind == AnswerKind.HUMAN_MISLEADING:
                    self._intend(place, key, given.get("intended_critiques", []))
        model = given.get("model_answer")
        if model is not None:
            asked = {"model_name": model.get("model"), "temperature": model.get("temperature")}
            self._answer(place, Answer(question=place.question, kind=AnswerKind.MODEL, text=model["text"], **asked))

    def _answer(self, place: _Place, answer: Answer) -> AnswerKey:
        key = _key(answer)
        if key not in place.answers:
            place.answers[key] = answer
            self.answers.append(answer)
        return key

    def _intend(self, place: _Place, key: AnswerKey, critiques: Sequence[UploadedCritique]) -> None:
        """Add the intended critiques that the answer does not have yet."""
        known = place.intended[key]
        for given in critiques:
            words = words_of(given["text"])
            if words in known:
                continue
            self.intended.append(
                IntendedCritique(
                    critique=Critique(answer=place.answers[key], text=given["text"], origin=CritiqueOrigin.INTENDED),
                    position=len(known),
                    category=given["category"],
                    category_text=given.get("category_text", ""),
                    severity=given["severity"],
                )
            )
            known.add(words)


def _key(answer: Answer) -> AnswerKey:
    return str(answer.kind), words_of(answer.text), answer.author_id, answer.model_name, answer.temperature


def _name(passage: Passage) -> tuple[str, str]:
    """Tells one of our own passages from the others, stored or not yet."""
    return passage.text_digest, passage.public_id
