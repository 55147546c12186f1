"""Small rows of each file, made up, for tests to bend."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from findings.human_study.assistance import Finding, estimate
from findings.human_study.labels import tabulate

LABELER = "a" * 64


def passage(text: str = "  A text,\r\nwith edges. ") -> Any:
    return {"text": text, "title": None}


def base_row() -> Any:
    return {
        "id": "b1",
        "split": "train",
        "time": 1654294781.5,
        "labeler": LABELER,
        "is_topic_based_summarization": True,
        "data": {"passage": passage(), "questions": [{"question": "What?", "answer": ""}]},
    }


def chained(text: str, refinement: str, **more: Any) -> Any:
    return {"text": text, "severity": 2, "refinement": refinement, **more}


def critiques_row(*critiques: dict[str, Any], answer: str = "An answer") -> Any:
    feedback = {"rating": 3, "critiques": list(critiques), "corroborations": [], "skip_critiques": False}
    question = {"question": "Q", "answers": [{"answer": answer, "feedback": feedback}], "rankings": [0]}
    row = base_row()
    return {
        **row,
        "source_id": "s1",
        "data": {"passage": row["data"]["passage"], "questions": [question]},
    }


def helpfulness_row(
    verdicts: list[bool], ranks: list[int | None], *, labeler: str = LABELER, source_id: str = "s1"
) -> Any:
    critiques = [{"critique": f"critique {n}", "feedback": {"helpful": v}} for n, v in enumerate(verdicts)]
    question = {
        "question": "Q",
        "answers": [{"answer": "A", "critiques": critiques}],
        "rankings": ranks,
        "is_critiqueable": None,
        "has_better_critique": False,
        "new_critique": None,
    }
    row = base_row()
    return {
        **row,
        "labeler": labeler,
        "source_id": source_id,
        "data": {"passage": row["data"]["passage"], "questions": [question]},
    }


def found(text: str = "It is wrong.", *, category: str = "accuracy", severity: int = 2, used: int | None = None) -> Any:
    return {
        "text": text,
        "category": category,
        "severity": severity,
        "category_text": "tone" if category == "other" else "",
        "first_modified": 1000,
        "last_modified": 2000,
        "assistance_critique": used,
    }


def label(
    *critiques: dict[str, Any],
    source: str = "Model",
    assisted: bool = False,
    offered: tuple[str, ...] = ("It is wrong.", "It is short."),
    rating: int = 5,
    total_time: int = 60_000,
    id: str = "l1",
    labeler: str = LABELER,
    scores: tuple[float, ...] | None = None,
) -> Any:
    scores = scores or tuple(0.9 - 0.1 * n for n in range(len(offered)))
    assistance = {
        "critiques": [{"text": t, "helpfulness": s} for t, s in zip(offered, scores, strict=True)],
        "critiqueability": 0.8,
    }
    return {
        "id": id,
        "time": 1654294781.5,
        "labeler": labeler,
        "data": {
            "answer": f"{source} answer",
            "condition": {"answer_source": source, "assisted": assisted},
            "assistance": assistance if assisted else None,
            "feedback": {"rating": rating, "total_time": total_time, "critiques": list(critiques)},
        },
    }


def intended(text: str = "The planted flaw.") -> Any:
    return {"text": text, "category": "accuracy", "severity": 4, "category_text": ""}


def assistance_row(*labels: dict[str, Any], text: str = "A text.", source_id: str = "s1", planted: int = 1) -> Any:
    return {
        "source_id": source_id,
        "source_labeler": "b" * 64,
        "source_data": {
            "passage": passage(text),
            "question_index": 0,
            "question": "Q",
            "human_answer": "Human answer",
            "human_deceptive_answer": "Human misleading answer",
            "deceptive_answer_critiques": [intended(f"Planted flaw {n}.") for n in range(planted)],
        },
        "labels": list(labels),
    }


def check(label_id: str, *verdicts: tuple[str, bool, list[int]], intended: int = 1) -> Any:
    return {
        "id": f"check-{label_id}",
        "source_id": "s1",
        "label_id": label_id,
        "time": 1654294781.5,
        "labeler": "b" * 64,
        "by_author": True,
        "data": {
            "intended": intended,
            "critiques": [{"critique": t, "valid": v, "covers": c} for t, v, c in verdicts],
        },
    }


def findings_of(records: Iterable[Any], *, intended: Iterable[Any] | None = None, **resampling: int) -> list[Finding]:
    """Every finding of the records."""
    return estimate(tabulate(records, intended=intended), **resampling).findings
