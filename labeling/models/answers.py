"""Answers: sampled from a model, written honestly, or written to mislead."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from labeling.enums import AnswerKind, Provenance
from labeling.models.fields import between
from labeling.models.passages import Question

#: What the text of an answer matches that says anything. Released files hold answers that do not.
HAS_WORDS = r"\S"


class Answer(models.Model):
    """One answer to one question. A person's has an author; a model's has none, and says which model it was."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers")
    kind = models.CharField(max_length=16, choices=AnswerKind)
    text = models.TextField(blank=True)
    provenance = models.CharField(max_length=8, choices=Provenance, default=Provenance.GIVEN)
    author = models.ForeignKey(
        "Labeler", null=True, blank=True, on_delete=models.PROTECT, related_name="answers_written"
    )
    model_name = models.CharField(max_length=300, null=True, blank=True)  # noqa: DJ001
    model_revision = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001
    temperature = models.FloatField(null=True, blank=True)
    seed = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["question_id", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=AnswerKind.values), name="answer_kind_is_known"),
            models.CheckConstraint(
                condition=(
                    Q(kind=AnswerKind.MODEL, author__isnull=True)
                    | (
                        Q(author__isnull=False, model_name__isnull=True, temperature__isnull=True)
                        & ~Q(kind=AnswerKind.MODEL)
                    )
                ),
                name="answer_has_an_author_xor_a_model",
            ),
            models.CheckConstraint(
                condition=~Q(provenance=Provenance.SAMPLED)
                | Q(model_name__isnull=False, temperature__isnull=False, seed__isnull=False),
                name="sampled_answer_names_its_model",
            ),
            models.CheckConstraint(condition=between("temperature", 0, 5), name="answer_temperature_in_range"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.text[:60]}"
