"""What the checking page sends about one found critique."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from labeling.forms.parts import DraftForm
from labeling.forms.yes_no import YesNoField
from labeling.models import IntendedCritique


class CheckedForm(DraftForm):
    """Is it valid, and which intended critiques does it cover? These are numbered from 1, as on the page."""

    valid = YesNoField()
    covers = forms.TypedMultipleChoiceField(required=False, coerce=int)

    def __init__(self, data: Any, *, intended: Sequence[IntendedCritique]) -> None:
        super().__init__(data)
        self.intended = intended
        covers = self.fields["covers"]
        assert isinstance(covers, forms.TypedMultipleChoiceField)
        covers.choices = [(number, str(number)) for number in range(1, len(intended) + 1)]

    def clean_covers(self) -> list[IntendedCritique]:
        return [self.intended[number - 1] for number in self.cleaned_data["covers"]]
