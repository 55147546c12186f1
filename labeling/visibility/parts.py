"""A critique of the labeler's own, wherever a page lets them write one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from labeling.enums import Category, Severity
from labeling.models.parts import Graded

#: Stands for the client key in a part that a page has not begun yet: static/js/beginning.js puts a new key there.
NOT_YET = uuid.UUID(int=0)


@dataclass(frozen=True)
class OwnCritique:
    """What the labeler wrote, and how they graded it."""

    client_key: uuid.UUID = NOT_YET
    revision: int = 0
    text: str = ""
    category: str = ""
    category_text: str = ""
    severity: int | None = None
    is_removed: bool = False

    @property
    def in_words(self) -> list[str]:
        """What was written, for a labeler who must choose between two tabs."""
        category = Category(self.category).label if self.category else "No category"
        words = f"{category}: {self.category_text}" if self.category_text else category
        severity = "no severity" if self.severity is None else f"severity {Severity(self.severity)}"
        return [self.text, f"{words}, {severity}"]


def own_critique(
    client_key: uuid.UUID, text: str, grades: Graded, *, revision: int, is_removed: bool = False
) -> OwnCritique:
    return OwnCritique(
        client_key, revision, text, grades.category, grades.category_text or "", grades.severity, is_removed
    )
