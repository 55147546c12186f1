"""Forms of those who run studies."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet

from findings.statistics.calibration import METHODS
from labeling.actions.rounds import ADDABLE
from labeling.actions.studies import SIX_CONDITIONS
from labeling.enums import Activity, AnswerKind
from labeling.forms.numbers import WholeNumberField
from labeling.limits import LARGEST_NUMBER, LONGEST_IDLE_HOURS
from labeling.models import Labeler, Question, Study
from labeling.models.studies import UNTOUCHED_HOURS
from labeling.reading.findings import studies_judged

#: In a list to choose one from; others are searched for.
PEOPLE_LISTED = 100
CONDITION_CHOICES = [
    (f"{kind.value}/{int(assisted)}", f"{kind.label}, {'assisted' if assisted else 'unassisted'}")
    for kind, assisted in SIX_CONDITIONS
]


class StudyForm(forms.Form):
    """A new study."""

    name = forms.CharField(max_length=200)
    instructions = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Labelers see this on every page of the study. Plain text.",
        required=False,
    )
    conditions = forms.MultipleChoiceField(
        choices=CONDITION_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        initial=[value for value, _ in CONDITION_CHOICES],
        required=False,
        help_text="Each question gets one labeler per condition, and nobody two of the same text.",
    )
    activities = forms.MultipleChoiceField(
        choices=[(activity.value, activity.label) for activity in ADDABLE],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label="Other activities",
        help_text="For a collection round: one labeler a text each; its page says how to ask for more.",
    )
    critic = forms.ChoiceField(
        required=False, help_text="Writes the suggestions of the assisted conditions. What it can read stands below."
    )
    seed = WholeNumberField(
        initial=0,
        min_value=0,
        max_value=LARGEST_NUMBER,
        help_text="Decides who gets what, in which order, and what the critic samples. Keep it.",
    )
    idle_release_hours = WholeNumberField(
        initial=24,
        min_value=1,
        max_value=LONGEST_IDLE_HOURS,
        label="Hours before idle work is offered to somebody else",
    )
    untouched_release_hours = WholeNumberField(
        initial=UNTOUCHED_HOURS,
        min_value=1,
        max_value=LONGEST_IDLE_HOURS,
        required=False,
        label="Hours before offered work that nobody begins goes back to the pool",
        help_text=f"Counted while its labeler does nothing in this study. Left empty, {UNTOUCHED_HOURS}: a week.",
    )
    labelers = forms.ChoiceField(
        choices=[("", "Nobody yet: they are chosen on the study's page"), ("all", "Everybody who can work now")],
        widget=forms.RadioSelect,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        critic = self.fields["critic"]
        assert isinstance(critic, forms.ChoiceField)
        critic.choices = [("", "None: nobody is assisted"), *((name, name) for name in settings.CRITICS)]
        critic.initial = settings.DEFAULT_CRITIC

    def clean_labelers(self) -> QuerySet[Labeler]:
        people: QuerySet[Labeler] = Labeler.objects.able_to_work()
        return people if self.cleaned_data["labelers"] == "all" else people.none()

    def clean_conditions(self) -> list[tuple[AnswerKind, bool]]:
        chosen = (value.split("/") for value in self.cleaned_data["conditions"])
        return [(AnswerKind(kind), assisted == "1") for kind, assisted in chosen]

    def clean_untouched_release_hours(self) -> int:
        return self.cleaned_data["untouched_release_hours"] or UNTOUCHED_HOURS

    def clean_activities(self) -> dict[Activity, int]:
        return {Activity(value): 1 for value in self.cleaned_data["activities"]}


class QuestionsForm(forms.Form):
    """Questions to put into a study."""

    questions = forms.ModelMultipleChoiceField(
        queryset=Question.objects.none(), error_messages={"required": "Choose at least one question."}
    )

    def __init__(self, *args: Any, queryset: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        questions = self.fields["questions"]
        assert isinstance(questions, forms.ModelMultipleChoiceField)
        questions.queryset = queryset


class LabelersForm(forms.Form):
    """Who of the people shown on a page works in a study."""

    labelers = forms.ModelMultipleChoiceField(queryset=Labeler.objects.none(), required=False)
    shown = forms.ModelMultipleChoiceField(queryset=Labeler.objects.none(), required=False)

    def __init__(self, *args: Any, people: QuerySet[Labeler], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            assert isinstance(field, forms.ModelMultipleChoiceField)
            field.queryset = people

    def changes(self) -> dict[str, list[Labeler]]:
        ticked = set(self.cleaned_data["labelers"])
        return {"joining": list(ticked), "leaving": [one for one in self.cleaned_data["shown"] if one not in ticked]}


class ReassignForm(forms.Form):
    """Who gets a cell instead."""

    labeler = forms.ModelChoiceField(queryset=Labeler.objects.none(), error_messages={"required": "Choose a labeler."})

    def __init__(self, *args: Any, free: QuerySet[Labeler], search: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labeler = self.fields["labeler"]
        assert isinstance(labeler, forms.ModelChoiceField)
        labeler.queryset = free
        found = free.filter(user__username__icontains=search) if search else free
        self.found = list(found[:PEOPLE_LISTED])
        self.more = found.count() - len(self.found)
        labeler.choices = [("", "Choose…"), *((one.pk, str(one)) for one in self.found)]


class CalibrationForm(forms.Form):
    """Which verdicts calibrate the scores that labelers are shown."""

    source = forms.ModelChoiceField(
        queryset=Study.objects.none(), required=False, empty_label="None: the critic's own scores", label="Verdicts of"
    )
    method = forms.ChoiceField(choices=[(method, method.capitalize()) for method in METHODS])

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source = self.fields["source"]
        assert isinstance(source, forms.ModelChoiceField)
        source.queryset = studies_judged(study.critic).exclude(pk=study.pk)


class UploadForm(forms.Form):
    """A file of passages, questions and answers."""

    file = forms.FileField(
        label="JSONL or CSV file", help_text="One passage a line; the format is described in docs/input-format.md."
    )
