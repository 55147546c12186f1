"""What is sent to try a critic."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from assist.models import LONGEST_ANSWER, LONGEST_PASSAGE, LONGEST_QUESTION
from labeling.forms.parts import as_typed


class TextField(forms.CharField):
    """A text as typed, its line ends as a browser's form shows them."""

    def __init__(self, longest: int, rows: int, **options: Any) -> None:
        widget = forms.Textarea(attrs={"rows": rows})
        super().__init__(widget=widget, strip=False, max_length=longest, **options)

    def to_python(self, value: Any) -> str:
        return as_typed(super().to_python(value) or "")


class TrialForm(forms.Form):
    """A passage, a question and an answer for one of the site's critics."""

    critic = forms.ChoiceField(help_text="What each can read stands below.")
    passage = TextField(LONGEST_PASSAGE, 12)
    question = TextField(LONGEST_QUESTION, 2)
    answer = TextField(LONGEST_ANSWER, 5)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        critic = self.fields["critic"]
        assert isinstance(critic, forms.ChoiceField)
        critic.choices = [(key, key) for key in settings.CRITICS]
