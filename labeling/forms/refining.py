"""What the refining page sends, checked. Drafts may be incomplete; only impossible values are refused."""

from __future__ import annotations

from typing import Any

from django import forms

from labeling.forms.parts import DraftForm, DraftTextField, as_typed, begin_as
from labeling.models import Refinement


class RefineForm(DraftForm):
    """One refinement as it stands in the page."""

    text = DraftTextField()
    is_kept = forms.BooleanField(required=False)

    def __init__(self, data: Any, *, row: Refinement) -> None:
        super().__init__(data)
        self.row = row
        begin_as(self.fields["text"], row.answer.text)

    def clean_text(self) -> str:
        """A form field cannot hold CRs: what it shows of the stored text, or of the answer, is that text."""
        typed = as_typed(self.cleaned_data["text"])
        stored = (self.row.text, self.row.answer.text)
        return next((text for text in stored if as_typed(text) == typed), typed)
