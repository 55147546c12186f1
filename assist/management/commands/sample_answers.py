"""Have a model answer questions."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from assist.management.sampling import HOTTEST, SamplingCommand, named_study
from assist.sampling import questions_of
from labeling.limits import LARGEST_NUMBER
from labeling.management.numbers import number_between
from labeling.models import Question


class Command(SamplingCommand):
    help = (
        "Have a model answer the questions of a study, or these: each sample at a temperature drawn uniformly from "
        "0, 0.1, …, 1. Samples that are there already are left alone, so the same command again does nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--study", help="the study of this name")
        which.add_argument(
            "--questions",
            type=number_between(1, LARGEST_NUMBER),
            nargs="+",
            metavar="ID",
            help="questions by their database id",
        )
        parser.add_argument(
            "--temperature", type=number_between(0.0, HOTTEST), help="the same for all samples, instead of drawn ones"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        questions = self._questions(options)
        if not questions:
            raise CommandError("There are no questions to answer.")
        sampler = self.sampler(options, options["temperature"])
        self.report("answers", sampler.answers(questions, options["n"]))

    @staticmethod
    def _questions(options: dict[str, Any]) -> list[Question]:
        if options["study"] is not None:
            return list(questions_of(named_study(options["study"])))
        wanted: list[int] = options["questions"]
        questions = Question.objects.filter(pk__in=wanted).select_related("passage").order_by("passage", "index", "pk")
        unknown = set(wanted) - {question.pk for question in questions}
        if unknown:
            raise CommandError(f"There are no questions with these ids: {', '.join(map(str, sorted(unknown)))}.")
        return list(questions)
