"""Two answers where there can be one: of those that an author gives to a question, a study shows the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from labeling.enums import AnswerKind
from labeling.exchange.upload_format import UploadedPassage
from labeling.models.fields import text_digest, words_of
from labeling.models.names import name_key

HUMAN_ANSWERS = ((AnswerKind.HUMAN, "human_answer"), (AnswerKind.HUMAN_MISLEADING, "misleading_answer"))


def answers_given_twice(records: Sequence[tuple[str, UploadedPassage]]) -> Iterator[tuple[str, str]]:
    """Yield (where, reason) for each human answer of which the file holds another, by the same author, before it."""
    first: dict[tuple[object, ...], tuple[str, str]] = {}
    for where, record in records:
        passage = (text_digest(record["text"]), record.get("id"))
        for number, question in enumerate(record.get("questions", [])):
            author = name_key(question.get("author") or record.get("author") or "")
            for _, name in HUMAN_ANSWERS:
                words = words_of(str(question.get(name) or ""))
                if not words:
                    continue
                given = (words, f"{where}questions[{number}]")
                known, place = first.setdefault((*passage, words_of(question["question"]), name, author), given)
                if known != words:
                    yield where, f"questions[{number}].{name}: the same author gives another one at {place}"
