"""What the answering page sends, checked. Drafts may be incomplete; only impossible values are refused."""

from __future__ import annotations

from typing import Any

from django import forms

from labeling.forms.parts import DraftForm, DraftTextField, GradesForm, as_typed


class QuestionForm(DraftForm):
    """A question and its answers as they stand in the page."""

    text = DraftTextField()
    uncovered = forms.BooleanField(required=False)
    answer = DraftTextField()
    misleading = DraftTextField()

    @property
    def content(self) -> dict[str, Any]:
        data = self.cleaned_data
        texts = {name: as_typed(data[name]) for name in ("text", "answer", "misleading")}
        return texts | {"is_covered": not data["uncovered"]}


class NewFlawForm(forms.Form):
    """The key of the question that a flaw belongs to; a flaw that is there already need not say."""

    question = forms.UUIDField(required=False)


class FlawForm(DraftForm, GradesForm):
    """A hidden flaw as it stands in the page."""

    text = DraftTextField()

    @property
    def content(self) -> dict[str, Any]:
        data = self.cleaned_data
        grades = {name: data[name] for name in ("category", "category_text", "severity")}
        return grades | {"text": as_typed(data["text"])}
