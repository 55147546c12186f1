"""What the critiquing page sends, checked. Drafts may be incomplete; only impossible values are refused."""

from __future__ import annotations

from typing import Any

from django import forms

from labeling.actions.critiquing import Seen
from labeling.forms.numbers import WholeNumberField
from labeling.forms.parts import ConfirmableHandInForm, DraftForm, DraftTextField, GradesForm, kept_as_stored
from labeling.limits import LARGEST_COUNT


class BeginningForm(forms.Form):
    """Where a critique of the page comes from: the number of a suggestion, or nothing."""

    suggestion = WholeNumberField(required=False, min_value=1, max_value=LARGEST_COUNT)


class CritiqueForm(DraftForm, GradesForm):
    """One critique as it stands in the page. `before` is the text that it changes."""

    text = DraftTextField()

    def __init__(self, data: Any, *, before: str) -> None:
        super().__init__(data)
        self.before = before

    def clean_text(self) -> str:
        return kept_as_stored(self.cleaned_data["text"], self.before)


class RatingForm(forms.Form):
    rating = WholeNumberField(min_value=1, max_value=7)


class SubmitForm(ConfirmableHandInForm):
    """What is handed in, the rating included."""

    rating = WholeNumberField(required=False, min_value=1, max_value=7)

    def handed_in(self) -> dict[str, Any]:
        seen = None if self.shown is None else Seen(self.cleaned_data["rating"], self.shown)
        return super().handed_in() | {"seen": seen}
