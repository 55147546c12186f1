"""Accounts: found, made, changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm

from labeling.actions import people
from labeling.enums import Role
from labeling.models import User

OPEN, CLOSED = "open", "closed"


class FindPeopleForm(forms.Form):
    """Which accounts are listed. Empty fields leave nothing out."""

    name = forms.CharField(max_length=150, required=False, label="Name contains")
    role = forms.ChoiceField(choices=[("", "Any"), *Role.choices], required=False)
    state = forms.ChoiceField(
        choices=[("", "Open and closed"), (OPEN, "Open"), (CLOSED, "Closed")], required=False, label="Account"
    )


class NewAccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new account. Its owner chooses the password."""

    role = forms.TypedChoiceField(choices=Role.choices, coerce=Role, initial=Role.LABELER)

    class Meta:
        model = User
        fields = ["username", "role"]


class NameForm(forms.Form):
    """A further name that files call somebody by."""

    name = forms.CharField(max_length=150, label="A further name", help_text="As the files have it: “Ida Berg”.")


class RoleForm(forms.Form):
    """What somebody uses the site as."""

    role = forms.TypedChoiceField(choices=Role.choices, coerce=Role)


class ChoosePasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """A password of one's own, behind a link that works once."""

    def save(self, commit: bool = True) -> Any:
        people.set_password(self.user, self.cleaned_data["new_password1"])
        return self.user
