"""Forms of those who ask labelers for more than critiques."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from labeling.actions.comparing import CRITIQUES_SHOWN
from labeling.actions.rounds import ADDABLE
from labeling.enums import Activity, AnswerKind
from labeling.forms.numbers import WholeNumberField
from labeling.models import Labeler, Passage


class LabelersEachField(WholeNumberField):
    def __init__(self) -> None:
        super().__init__(min_value=1, max_value=20, initial=1, label="Labelers for each text")


class AddActivityForm(forms.Form):
    """Something else to do with the study's own texts."""

    activity = forms.TypedChoiceField(
        choices=[(activity.value, activity.label) for activity in ADDABLE], coerce=Activity
    )
    labelers_each = LabelersEachField()
    misleading = forms.BooleanField(
        required=False, label="Write questions and answers: ask for misleading answers, too"
    )
    conditional = forms.BooleanField(required=False, label="Refine an answer: show a critique beside it")
    answers_each = WholeNumberField(
        required=False, min_value=1, max_value=8, label="Answers of a question to critique or refine at once"
    )
    model = forms.CharField(required=False, max_length=300, label="Only answers of the model of this name")

    #: Which of the fields each activity understands.
    OPTIONS = {
        Activity.ANSWERING: ("misleading",),
        Activity.DEMONSTRATING: ("answers_each", "model"),
        Activity.REFINING: ("conditional", "answers_each", "model"),
    }

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        activity = data.get("activity")
        names = self.OPTIONS.get(activity, ()) if isinstance(activity, Activity) else ()
        options = {name: data[name] for name in names if data.get(name)}
        return {name: data[name] for name in ("activity", "labelers_each") if name in data} | {"options": options}


class PassagesForm(forms.Form):
    """Passages to write questions about."""

    passages = forms.ModelMultipleChoiceField(
        queryset=Passage.objects.none(), error_messages={"required": "Choose at least one passage."}
    )

    def __init__(self, data: Any, *, queryset: QuerySet[Passage]) -> None:
        super().__init__(data)
        passages = self.fields["passages"]
        assert isinstance(passages, forms.ModelMultipleChoiceField)
        passages.queryset = queryset


class JudgingForm(forms.Form):
    """Send what was shown to judging."""

    labelers_each = LabelersEachField()
    clearly_helpful = forms.BooleanField(required=False, label="Ask which are clearly and unambiguously helpful")
    severity = forms.BooleanField(required=False, label="Ask how severe each helpful one is")


class CheckingForm(forms.Form):
    """Have what was found in misleading answers checked."""

    by_authors = forms.BooleanField(required=False, initial=True, label="By their authors")
    third_parties = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        label="And by",
        help_text="User names of labelers, one a line.",
    )

    def clean_third_parties(self) -> list[Labeler]:
        names = list(dict.fromkeys(filter(None, map(str.strip, self.cleaned_data["third_parties"].splitlines()))))
        people = Labeler.objects.able_to_work().filter(user__username__in=names).select_related("user")
        named = {one.user.username: one for one in people.order_by("user__username")}
        unknown = [name for name in names if name not in named]
        if unknown:
            raise forms.ValidationError(f"There is no labeler named “{unknown[0]}” who can work.")
        return list(named.values())


class ComparingForm(forms.Form):
    """Have answers of two kinds compared."""

    first = forms.TypedChoiceField(choices=AnswerKind.choices, coerce=AnswerKind, initial=AnswerKind.MODEL)
    second = forms.TypedChoiceField(choices=AnswerKind.choices, coerce=AnswerKind, initial=AnswerKind.HUMAN)
    labelers_each = LabelersEachField()
    critiques = forms.ChoiceField(choices=list(CRITIQUES_SHOWN.items()), initial="hidden")


class RefinementsForm(forms.Form):
    """Have refinements judged against their originals."""

    labelers_each = LabelersEachField()
