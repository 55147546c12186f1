"""What a model reads of a question and an answer."""

from __future__ import annotations

from labeling.models import Answer, Question
from models_service.types import Subject


def subject_of(key: str, question: Question, answer: str) -> Subject:
    """Texts exactly as stored. The key names the answer or sample in the random stream."""
    passage = question.passage
    return Subject(key=key, passage=passage.text, title=passage.title, question=question.text, answer=answer)


def subject_of_answer(answer: Answer) -> Subject:
    """An answer to be critiqued: whoever asks, the same seed samples the same critiques of it."""
    return subject_of(f"answer-{answer.pk}", answer.question, answer.text)
