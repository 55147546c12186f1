"""What the judging page sends about one answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from labeling.enums import Severity
from labeling.forms.parts import DraftForm, DraftTextField, GradesForm, as_typed
from labeling.forms.yes_no import YesNoField
from labeling.rules.helpfulness import Judged, NewCritique, Verdict


def number_field(numbers: Iterable[int]) -> forms.TypedChoiceField:
    """One of these, or not said."""
    choices = [(number, number) for number in numbers]
    return forms.TypedChoiceField(required=False, choices=choices, coerce=int, empty_value=None)


class JudgedForm(DraftForm, GradesForm):
    """Verdicts on so many critiques, what is asked afterwards, and perhaps a new critique."""

    better = YesNoField()
    critiqueable = YesNoField()
    text = DraftTextField()

    def __init__(self, data: Any, *, critiques: int) -> None:
        super().__init__(data)
        self.numbers = range(1, critiques + 1)
        for number in self.numbers:
            self.fields[f"helpful-{number}"] = YesNoField()
            self.fields[f"clearly-{number}"] = YesNoField()
            self.fields[f"severity-{number}"] = number_field(Severity.values)
            self.fields[f"tier-{number}"] = number_field(range(critiques))

    def said(self) -> Judged:
        """What the page says, whether it is asked or not."""
        data = self.cleaned_data
        return Judged(
            verdicts=tuple(
                Verdict(data[f"helpful-{n}"], data[f"clearly-{n}"], data[f"severity-{n}"], data[f"tier-{n}"])
                for n in self.numbers
            ),
            has_better_critique=data["better"],
            is_critiqueable=data["critiqueable"],
            new_critique=NewCritique(
                text=as_typed(data["text"]),
                category=data["category"],
                category_text=data["category_text"],
                severity=data["severity"],
            ),
        )
