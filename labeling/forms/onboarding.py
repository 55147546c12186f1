"""Instructions, consent and quizzes as those who run studies write them; a labeler's choices."""

from __future__ import annotations

from typing import Any

from django import forms

from labeling.actions.onboarding import Asked
from labeling.enums import Activity
from labeling.forms.numbers import WholeNumberField
from labeling.limits import LARGEST_COUNT
from labeling.models import Quiz


class InstructionsForm(forms.Form):
    """What labelers are told, and what they agree to."""

    text = forms.CharField(
        label="Instructions",
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Labelers see this on every page of the study. Plain text.",
    )
    consent = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Labelers agree to this before their first text. Empty: nothing is asked. New words are asked again.",
    )


class ConsentForm(forms.Form):
    """Which version a labeler has read and agrees to."""

    version = WholeNumberField(min_value=1, max_value=LARGEST_COUNT)


class QuizForm(forms.Form):
    """A quiz as plain text."""

    activity = forms.ChoiceField(choices=Activity.choices)
    pass_mark = WholeNumberField(min_value=0, max_value=LARGEST_COUNT, label="Right answers needed")
    questions = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text="A question; below it its choices, each after “- ”, the right one after “* ”; then, after “> ”, "
        "what is said about it afterwards. An empty line between questions. Nothing at all lifts the quiz.",
    )

    def clean_questions(self) -> list[Asked]:
        return read_questions(self.cleaned_data["questions"])

    def clean_activity(self) -> Activity:
        return Activity(self.cleaned_data["activity"])


def read_questions(written: str) -> list[Asked]:
    """The questions of a quiz written as plain text. Raises ValidationError with the number of the wrong one."""
    lines = [line.strip() for line in written.splitlines()]
    blocks = [block.split("\n") for block in "\n".join(lines).strip().split("\n\n") if block.strip()]
    return [_read_question(number, [line for line in block if line]) for number, block in enumerate(blocks, start=1)]


def _read_question(number: int, lines: list[str]) -> Asked:
    text = " ".join(line for line in lines if line[:2] not in {"- ", "* ", "> "})
    choices = [line for line in lines if line[:2] in {"- ", "* "}]
    right = [place for place, line in enumerate(choices) if line.startswith("* ")]
    for missing, needed in (
        (not text, "has no text"),
        (len(choices) < 2, "needs two choices or more"),
        (len(right) != 1, "needs exactly one right choice, after “* ”"),
    ):
        if missing:
            raise forms.ValidationError(f"Question {number} {needed}.")
    feedback = " ".join(line[2:] for line in lines if line.startswith("> "))
    return Asked(text, [choice[2:] for choice in choices], right[0], feedback)


def as_written(quiz: Quiz) -> str:
    """A quiz as plain text, as `read_questions` reads it."""
    blocks = []
    for question in quiz.questions.order_by("position"):
        marks = ["* " if place == question.right else "- " for place in range(len(question.choices))]
        lines = [question.text, *(mark + choice for mark, choice in zip(marks, question.choices, strict=True))]
        blocks.append("\n".join(lines + ([f"> {question.feedback}"] if question.feedback else [])))
    return "\n\n".join(blocks)


class AttemptForm(forms.Form):
    """One choice a question."""

    def __init__(self, data: Any, *, quiz: Quiz) -> None:
        super().__init__(data)
        self.questions = list(quiz.questions.order_by("position"))
        for question in self.questions:
            self.fields[f"question-{question.position}"] = forms.TypedChoiceField(
                label=question.text,
                choices=list(enumerate(question.choices)),
                coerce=int,
                error_messages={"required": f"Choose an answer to question {question.position + 1}."},
            )

    @property
    def chosen(self) -> list[int]:
        return [self.cleaned_data[f"question-{question.position}"] for question in self.questions]
