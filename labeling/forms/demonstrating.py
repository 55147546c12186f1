"""What the demonstrating page sends, checked. Drafts may be incomplete; only impossible values are refused."""

from __future__ import annotations

from typing import Any

from django import forms

from labeling.enums import QuoteOf
from labeling.forms.numbers import WholeNumberField
from labeling.forms.parts import (
    DraftForm,
    DraftTextField,
    GradesForm,
    NewPartForm,
    as_typed,
    begin_as,
    kept_as_stored,
)
from labeling.limits import LARGEST_COUNT
from labeling.models import ChainLink
from labeling.rules.quoting import Span, read_span


class RateForm(DraftForm):
    """What is thought of one answer as a whole."""

    tier = WholeNumberField(required=False, min_value=0, max_value=LARGEST_COUNT)
    rating = WholeNumberField(required=False, min_value=1, max_value=7)
    is_skipped = forms.BooleanField(required=False)
    skip_reason = forms.CharField(required=False, max_length=500)
    corroborations = DraftTextField()

    def clean_corroborations(self) -> list[str]:
        """One a line."""
        lines = as_typed(self.cleaned_data["corroborations"]).split("\n")
        return [line.strip() for line in lines if line.strip()]


class LinkContent(GradesForm):
    """One critique with its quotes and what it makes of the answer: `before`, until it is edited."""

    text = DraftTextField()
    refinement = DraftTextField()
    text_quotes = forms.Field(required=False, widget=forms.MultipleHiddenInput)
    response_quotes = forms.Field(required=False, widget=forms.MultipleHiddenInput)

    def __init__(self, data: Any, *, before: str, link: ChainLink | None = None) -> None:
        super().__init__(data)
        self.link = link
        begin_as(self.fields["refinement"], before)

    @property
    def content(self) -> dict[str, Any]:
        data = self.cleaned_data
        grades = {name: data[name] for name in ("category", "category_text", "severity")}
        return grades | {
            "text": as_typed(data["text"]),
            "refinement": self._refinement(),
            "quotes": {
                QuoteOf.PASSAGE: _spans(data["text_quotes"]),
                QuoteOf.RESPONSE: _spans(data["response_quotes"]),
            },
        }

    def _refinement(self) -> str | None:
        """None where the page has no field for it: a later critique is about it."""
        if "refinement" not in self.data:
            return None
        typed = self.cleaned_data["refinement"]
        return kept_as_stored(typed, self.link.refinement) if self.link is not None else as_typed(typed)


def _spans(written: list[str]) -> list[Span]:
    """In order, each once."""
    return list(dict.fromkeys(read_span(one) for one in written))


class NewLinkForm(NewPartForm, LinkContent):
    """A new critique, or one that comes back with all it had."""

    comes_back = forms.BooleanField(required=False)


class LinkForm(DraftForm, LinkContent):
    """A critique that is there already."""
