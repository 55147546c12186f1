"""A model's helpfulness scores for the critiques of helpfulness rows, as `python -m findings ranking` reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from findings.records import CritiqueScoresRecord, HelpfulnessRecord
from models_service.engine.interface import Engine
from models_service.types import Subject


def critique_scores(engine: Engine, records: Iterable[HelpfulnessRecord]) -> Iterator[CritiqueScoresRecord]:
    """Score every critique, a passage's questions together. Raises EngineError, PromptTooLong."""
    for record in records:
        data = record["data"]
        subjects: list[Subject] = []
        critiques: list[str] = []
        for n, question in enumerate(data["questions"]):
            answer = question["answers"][0]
            subject = Subject(
                f"{record['id']}.{n}",
                data["passage"]["text"],
                question["question"],
                answer["answer"],
                data["passage"]["title"],
            )
            for critique in answer["critiques"]:
                subjects.append(subject)
                critiques.append(critique["critique"])
        scores = iter(engine.score_helpfulness(subjects, critiques))
        for n, question in enumerate(data["questions"]):
            count = len(question["answers"][0]["critiques"])
            yield {"id": record["id"], "question_index": n, "scores": [next(scores) for _ in range(count)]}
