"""Have a model critique the answers of a round, and put what it says before the round's judges."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from assist.management.sampling import SamplingCommand, named_study
from assist.sampling import answers_to_critique, critiques_sampled
from labeling.actions.judging import ask_judgements
from labeling.enums import Activity, AnswerKind


class Command(SamplingCommand):
    help = (
        "Have a model critique the answers to a study's questions: eight critiques of each, at the paper's "
        "temperatures. Where the study has the activity judging, its judges are asked about them. Answers that this "
        "model has critiqued under the same seed are left alone."
    )
    has_number = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--study", required=True, help="the study of this name")
        parser.add_argument(
            "--kinds", nargs="+", choices=AnswerKind.values, default=[AnswerKind.MODEL], help="which answers"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        study = named_study(options["study"])
        sampler = self.sampler(options, None)
        answers = answers_to_critique(study, options["kinds"])
        if not answers:
            raise CommandError("There is nothing to critique: the study's questions have no answers of these kinds.")
        self.report("bundles of critiques", sampler.critiques(answers))
        if study.activities.filter(activity=Activity.JUDGING).exists():
            asked = ask_judgements(study, critiques_sampled(answers, options["critic"], options["seed"]))
            self.stdout.write(f"Judges are asked about {asked} more answers. Deal out to give them work.")
