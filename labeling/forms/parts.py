"""What the pages of all activities send alike, checked. Drafts may be incomplete; the impossible is refused."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from labeling.enums import Category, ReleaseReason, Severity
from labeling.forms.numbers import WholeNumberField
from labeling.limits import LARGEST_COUNT, LARGEST_NUMBER

#: Far above the longest critique released (under 2,000 characters); it only stops accidents.
MAX_TEXT = 20_000
#: Why a labeler may give a text back; the other reasons are the site's.
GIVE_BACK_REASONS = [ReleaseReason.SEEN_BEFORE, ReleaseReason.BROKEN_TEXT]


def as_typed(text: str) -> str:
    """A text as a browser holds it in a form field: CR LF and CR have become LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def kept_as_stored(typed: str, stored: str) -> str:
    """The stored text where the page shows nothing else: a form field cannot hold its CRs."""
    return stored if as_typed(typed) == as_typed(stored) else as_typed(typed)


class DraftTextField(forms.CharField):
    """A text exactly as typed, perhaps empty still.

    An editing task begins with a text in the field: `begins_as`. It may be kept whatever its length, so the limit
    is on what is added.
    """

    begins_as = ""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "strip": False, **options})

    def validate(self, value: str) -> None:
        super().validate(value)
        most, length = MAX_TEXT + len(as_typed(self.begins_as)), len(as_typed(value))
        if length > most:
            raise forms.ValidationError(
                f"This text has {length:,} characters, and at most {most:,} can be saved. Shorten it."
            )


def begin_as(field: forms.Field, text: str) -> None:
    """Tell a form's draft field which text its task begins with."""
    assert isinstance(field, DraftTextField)
    field.begins_as = text


class NewPartForm(forms.Form):
    """A part of the work that the page begins under a key of its own."""

    client_key = forms.UUIDField()


class DraftForm(forms.Form):
    """A part of the work as it stands in the page."""

    base_revision = WholeNumberField(min_value=0, max_value=LARGEST_COUNT)


class GradesForm(forms.Form):
    """Category and severity, wherever a critique has them."""

    category = forms.ChoiceField(required=False, choices=[("", ""), *Category.choices])
    category_text = forms.CharField(required=False, max_length=500)
    severity = forms.TypedChoiceField(required=False, choices=Severity.choices, coerce=int, empty_value=None)

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("category") != Category.OTHER:
            self.cleaned_data["category_text"] = ""
        return self.cleaned_data


class ActiveTimeForm(forms.Form):
    active_ms = WholeNumberField(min_value=0, max_value=LARGEST_NUMBER)


class GiveBackForm(forms.Form):
    reason = forms.ChoiceField(choices=[(reason.value, reason.label) for reason in GIVE_BACK_REASONS])


class HandInForm(forms.Form):
    """What the page shows at the moment of submitting, so that nothing unseen is handed in.

    `seen` holds one `key:revision` for every part in the page. A page without JavaScript does not set
    `compare`, and then nothing is compared. Nor does it count `active_ms`.
    """

    compare = forms.BooleanField(required=False)
    seen = forms.Field(required=False, widget=forms.MultipleHiddenInput)
    active_ms = WholeNumberField(required=False, min_value=0, max_value=LARGEST_NUMBER)

    def clean_seen(self) -> dict[uuid.UUID, int]:
        pairs = (entry.rpartition(":") for entry in self.cleaned_data["seen"])
        try:
            return {uuid.UUID(key): int(revision) for key, _, revision in pairs}
        except ValueError:
            raise forms.ValidationError("This is not what the page sends. Reload it.") from None

    @property
    def shown(self) -> dict[uuid.UUID, int] | None:
        seen: dict[uuid.UUID, int] = self.cleaned_data["seen"]
        return seen if self.cleaned_data["compare"] else None

    def handed_in(self) -> dict[str, Any]:
        """What the action that hands in is told."""
        return {"seen": self.shown}


class ConfirmableHandInForm(HandInForm):
    """Of a page that asks once about what is unusual, and then hands it in."""

    confirmed = forms.BooleanField(required=False)

    def handed_in(self) -> dict[str, Any]:
        return super().handed_in() | {"confirmed": self.cleaned_data["confirmed"]}
