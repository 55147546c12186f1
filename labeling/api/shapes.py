"""What the API's answers look like."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from labeling.enums import AnswerKind, AssignmentState, ReleaseReason, Role
from labeling.models import Answer, Assignment, IntendedCritique, Passage, Question, Study


class MeShape(serializers.Serializer[dict[str, Any]]):
    """The person asking."""

    username = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)
    to_do = serializers.IntegerField(help_text="Assignments that can be opened or gone on with now.")
    submitted = serializers.IntegerField(help_text="Assignments handed in.")


class ConditionShape(serializers.Serializer[Any]):
    """A kind of answer, assisted or not."""

    answer_source = serializers.ChoiceField(AnswerKind.choices, source="answer_kind")
    assisted = serializers.BooleanField()


class StudyShape(serializers.ModelSerializer[Study]):
    id = serializers.CharField(source="public_id")
    conditions = ConditionShape(many=True)
    imported = serializers.SerializerMethodField(help_text="Whether it came from a file: history, never dealt out.")
    questions = serializers.IntegerField(source="number_of_questions")

    class Meta:
        model = Study
        fields = [
            "id", "name", "state", "instructions", "notes", "critic", "temperatures", "seed", "conditions", "questions",
            "imported", "created_at",
        ]  # fmt: skip

    def get_imported(self, study: Study) -> bool:
        return study.is_imported


class CellsShape(serializers.Serializer[Any]):
    """How many cells are in each state."""

    free = serializers.IntegerField(help_text="Nobody has it.")
    waiting = serializers.IntegerField(help_text="Dealt, but suggestions are missing.")
    offered = serializers.IntegerField()
    opened = serializers.IntegerField()
    submitted = serializers.IntegerField()


class ConditionProgressShape(ConditionShape):
    cells = CellsShape()
    released = serializers.IntegerField(help_text="How often a cell was given back.")


class StudyProgressShape(serializers.Serializer[Any]):
    """A study at a glance."""

    questions = serializers.IntegerField()
    questions_ready = serializers.IntegerField(help_text="Questions whose suggestions are all there.")
    cells = CellsShape()
    conditions = ConditionProgressShape(many=True)


class AssignmentShape(serializers.ModelSerializer[Assignment]):
    """One labeler's take of a cell. The labeler is named as in the exports."""

    id = serializers.CharField(source="public_id")
    labeler = serializers.CharField(source="labeler.pseudonym")
    condition = ConditionShape(source="slot")
    question = serializers.CharField(source="slot.study_question.question.text", allow_null=True)
    source_id = serializers.CharField(source="slot.passage.public_id")
    state = serializers.ChoiceField(AssignmentState.choices)
    release_reason = serializers.ChoiceField([("", "Not released"), *ReleaseReason.choices])

    class Meta:
        model = Assignment
        fields = [
            "id", "labeler", "condition", "question", "source_id", "state", "release_reason", "dealt_at", "opened_at",
            "last_seen_at", "closed_at",
        ]  # fmt: skip


class PassageShape(serializers.ModelSerializer[Passage]):
    source_id = serializers.CharField(source="public_id", help_text="As exported; released files may repeat it.")
    words = serializers.IntegerField(source="word_count")
    questions = serializers.IntegerField(source="number_of_questions")

    class Meta:
        model = Passage
        fields = ["id", "source_id", "title", "split", "words", "questions", "created_at"]


class IntendedShape(serializers.ModelSerializer[IntendedCritique]):
    text = serializers.CharField(source="critique.text")

    class Meta:
        model = IntendedCritique
        fields = ["text", "category", "category_text", "severity"]


class AnswerShape(serializers.ModelSerializer[Answer]):
    answer_source = serializers.ChoiceField(AnswerKind.choices, source="kind")
    author = serializers.CharField(source="author.pseudonym", allow_null=True, default=None)
    intended_critiques = serializers.SerializerMethodField()

    class Meta:
        model = Answer
        fields = [
            "id", "answer_source", "text", "author", "provenance", "model_name", "model_revision", "temperature",
            "intended_critiques",
        ]  # fmt: skip

    @extend_schema_field(IntendedShape(many=True))
    def get_intended_critiques(self, answer: Answer) -> Any:
        intended = [critique.intended for critique in answer.critiques.all() if hasattr(critique, "intended")]
        return IntendedShape(sorted(intended, key=lambda one: one.position), many=True).data


class QuestionShape(serializers.ModelSerializer[Question]):
    answers = AnswerShape(many=True)

    class Meta:
        model = Question
        fields = ["id", "index", "text", "covered", "answers"]


class WholePassageShape(serializers.ModelSerializer[Passage]):
    """A passage with its text, questions and answers."""

    source_id = serializers.CharField(source="public_id")
    author = serializers.CharField(source="author.pseudonym", allow_null=True, default=None)
    questions = QuestionShape(many=True)

    class Meta:
        model = Passage
        fields = ["id", "source_id", "title", "text", "split", "author", "questions", "created_at"]


class ProblemsShape(serializers.Serializer[Any]):
    """Why nothing was stored."""

    detail = serializers.CharField()
    problems = serializers.ListField(child=serializers.CharField())


class RefusalShape(serializers.Serializer[Any]):
    """Why the request cannot be done."""

    detail = serializers.CharField()
    field = serializers.CharField(allow_null=True, required=False)
