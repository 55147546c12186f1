"""What the comparing page sends about one pair."""

from __future__ import annotations

from typing import Any

from django import forms

from labeling.enums import Better, Confidence
from labeling.forms.parts import DraftForm


class ComparedForm(DraftForm):
    """Which of the two, A or B as they stand on the page, is better; and how sure that is."""

    better = forms.ChoiceField(required=False, choices=[("A", "A"), ("B", "B"), ("tie", "Equally good")])
    confidence = forms.TypedChoiceField(required=False, choices=Confidence.choices, coerce=int, empty_value=None)

    def __init__(self, data: Any, *, is_swapped: bool) -> None:
        super().__init__(data)
        self.is_swapped = is_swapped

    def clean_better(self) -> str:
        """The choice in terms of the stored pair; empty if nothing is chosen yet."""
        first, second = ("B", "A") if self.is_swapped else ("A", "B")
        stored = {first: Better.FIRST, second: Better.SECOND, "tie": Better.TIE}
        chosen: str = self.cleaned_data["better"]
        return stored[chosen].value if chosen else ""
