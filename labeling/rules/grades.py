"""What a critique needs before it is complete, whoever writes it and for whichever activity."""

from __future__ import annotations

from labeling.enums import Category, Severity


def missing_of_critique(text: str, category: str, category_text: str | None, severity: int | None) -> str | None:
    """What it lacks, as the end of a sentence that begins with the critique; null if it is complete."""
    return (
        "has no text yet. Write it, or remove it."
        if not text.strip()
        else missing_grade(category, category_text, severity)
    )


def missing_grade(category: str, category_text: str | None, severity: int | None) -> str | None:
    """What its grades lack, as the end of such a sentence; null if they are complete."""
    if category not in Category.values:
        return "needs a category."
    if category == Category.OTHER and not (category_text or "").strip():
        return "is of category “other”: say in a few words what it is about."
    return "needs a severity." if severity not in Severity.values else None
