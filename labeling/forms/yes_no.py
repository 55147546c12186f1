"""A question that is answered yes or no."""

from __future__ import annotations

from django import forms


class YesNoField(forms.TypedChoiceField):
    """Yes, no, or not said (yet): true, false or null."""

    def __init__(self) -> None:
        choices = [("yes", "Yes"), ("no", "No")]
        super().__init__(required=False, choices=choices, coerce=lambda word: word == "yes", empty_value=None)
