"""What a model reads of a question and an answer."""

from __future__ import annotations

from labeling.models import Question
from models_service.types import Subject


def subject_of(key: str, question: Question, answer: str) -> Subject:
    """Texts exactly as stored. The key names the answer or sample in the random stream."""
    passage = question.passage
    return Subject(key=key, passage=passage.text, title=passage.title, question=question.text, answer=answer)
