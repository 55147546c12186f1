"""Mending a text."""

from __future__ import annotations

from django import forms


class WordingForm(forms.Form):
    """A text as it should be."""

    wording = forms.CharField(strip=False, widget=forms.Textarea)
