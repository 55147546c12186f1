"""Critiques and refinements written to train on: answers ranked and rated, then mended step by step."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from labeling.enums import QuoteOf
from labeling.models.critiques import Critique
from labeling.models.fields import between
from labeling.models.parts import Graded, Part, graded
from labeling.models.sittings import Sitting

#: How released rows put a question to the model: the stored question begins with this line.
QUESTION_PREFIX = "Answer the following question based on the above passage:\n\n"


class RankedQuestion(models.Model):
    """A question of a sitting with several answers to rank."""

    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="ranked_questions")
    position = models.PositiveIntegerField()
    question = models.ForeignKey("Question", on_delete=models.PROTECT, related_name="ranked_in")
    is_prefixed = models.BooleanField(default=True)
    """Whether it was put to the model after QUESTION_PREFIX. The question's own text never holds the prefix, so
    that it is the same text in every file."""

    class Meta:
        ordering = ["sitting_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["sitting", "position"], name="one_ranked_question_per_position"),
        ]

    def __str__(self) -> str:
        return str(self.question)

    @property
    def prompt(self) -> str:
        """The question as it was put to the model."""
        return (QUESTION_PREFIX if self.is_prefixed else "") + self.question.text


class RankedAnswer(Part):
    """One of the answers: its tier, its rating, and whether the labeler passed over its critiques."""

    ranked_question = models.ForeignKey(RankedQuestion, on_delete=models.CASCADE, related_name="answers")
    position = models.PositiveIntegerField()
    answer = models.ForeignKey("Answer", on_delete=models.PROTECT, related_name="ranked_in")
    tier = models.PositiveIntegerField(null=True, blank=True)
    """0 is best; ties and gaps are legal, so compare by sign only."""
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    is_skipped = models.BooleanField(default=False)
    """The labeler chose not to critique it: not the same as finding nothing."""
    could_skip = models.BooleanField(default=True)
    """Whether the form asked; the earlier rounds did not."""
    skip_reason = models.TextField(blank=True)
    """Why its critiques were passed over, in the labeler's words. Released rows do not tell."""
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["ranked_question_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["ranked_question", "position"], name="one_ranked_answer_per_position"),
            models.CheckConstraint(condition=between("rating", 1, 7), name="ranked_answer_rating_1_to_7"),
        ]

    def __str__(self) -> str:
        return str(self.answer)

    @property
    def sitting(self) -> Sitting:
        return self.ranked_question.sitting

    @property
    def client_key(self) -> uuid.UUID:
        """What a page calls it, in the form in which it names what it begins itself."""
        return uuid.UUID(int=self.pk)


class ChainLink(Part, Graded):
    """A critique and the refinement that addresses it.

    It is about the text before it: the refinement of the link before, or the answer for the first.
    """

    critique = models.OneToOneField(Critique, on_delete=models.CASCADE, primary_key=True, related_name="link")
    ranked_answer = models.ForeignKey(RankedAnswer, on_delete=models.CASCADE, related_name="chain")
    position = models.PositiveIntegerField()
    category_text = models.TextField(null=True, blank=True)  # type: ignore[assignment]  # noqa: DJ001 - null where the form did not ask
    refinement = models.TextField(blank=True)
    could_quote_text = models.BooleanField(default=True)
    """Whether the form asked for quotes of the passage; the earlier rounds did not."""
    could_quote_response = models.BooleanField(default=True)
    client_key = models.UUIDField(null=True, blank=True)
    """Named by the browser before it asks, so that a repeated request makes one record. Null if from a file."""
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["ranked_answer_id", "position"]
        constraints = [
            *graded("chain_link"),
            models.UniqueConstraint(fields=["ranked_answer", "position"], name="one_link_per_position"),
            models.UniqueConstraint(fields=["ranked_answer", "client_key"], name="one_link_per_client_key"),
        ]

    def __str__(self) -> str:
        return str(self.critique)


class Quote(models.Model):
    """A highlight, in UTF-16 units of the stored text, half-open: in the passage, or in the text criticised."""

    link = models.ForeignKey(ChainLink, on_delete=models.CASCADE, related_name="quotes")
    of = models.CharField(max_length=8, choices=QuoteOf)
    position = models.PositiveIntegerField()
    begin = models.PositiveIntegerField()
    end = models.PositiveIntegerField()

    class Meta:
        ordering = ["link_id", "of", "position"]
        constraints = [
            models.UniqueConstraint(fields=["link", "of", "position"], name="one_quote_per_position"),
            models.CheckConstraint(condition=Q(end__gt=F("begin")), name="quote_is_not_empty"),
            models.CheckConstraint(condition=Q(of__in=QuoteOf.values), name="quote_is_of_a_known_text"),
        ]

    def __str__(self) -> str:
        return f"{self.of} {self.begin}..{self.end}"


class Corroboration(models.Model):
    """What in the passage speaks for a good answer."""

    ranked_answer = models.ForeignKey(RankedAnswer, on_delete=models.CASCADE, related_name="corroborations")
    position = models.PositiveIntegerField()
    text = models.TextField(blank=True)

    class Meta:
        ordering = ["ranked_answer_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["ranked_answer", "position"], name="one_corroboration_per_position"),
        ]

    def __str__(self) -> str:
        return self.text[:80]
