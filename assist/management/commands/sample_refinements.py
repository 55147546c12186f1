"""Have a model refine its answers."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from assist.management.sampling import HOTTEST, SamplingCommand, named_study
from assist.sampling import REFINEMENT_TEMPERATURE, answers_to_refine
from labeling.management.numbers import number_between


class Command(SamplingCommand):
    help = (
        "Have a model refine its own answers to the questions of a study: directly, or with --conditional in the light "
        "of the critique that labelers would be shown. Samples that are there already are left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--study", required=True, help="the study of this name")
        parser.add_argument("--conditional", action="store_true", help="each answer with its most helpful critique")
        parser.add_argument("--temperature", type=number_between(0.0, HOTTEST), default=REFINEMENT_TEMPERATURE)

    def handle(self, *args: Any, **options: Any) -> None:
        study = named_study(options["study"])
        sampler = self.sampler(options, options["temperature"])
        answers = answers_to_refine(study, options["critic"], conditional=options["conditional"])
        if not answers:
            raise CommandError(
                "There is nothing to refine: the study's questions have no answers of this model"
                + (", or none with a critique." if options["conditional"] else ". Sample some first: sample_answers.")
            )
        self.report("refinements", sampler.refinements(answers, options["n"]))
