"""What the commands that sample from a model have in common."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assist.critics import open_critic
from assist.sampling import Sampled, Sampler
from labeling.exchange.exporting import studies_to_export
from labeling.limits import LARGEST_NUMBER
from labeling.management.numbers import number_between
from labeling.management.progress import StderrProgress
from labeling.models import Study
from labeling.refusals import Refused
from models_service.engine import EngineError

MOST_SAMPLES, MOST_TOKENS = 1_000, 100_000
#: As hot as the database keeps.
HOTTEST = 5.0


class SamplingCommand(BaseCommand):
    """A command that asks one model for samples."""

    #: Whether it takes several samples of each.
    has_number = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--critic", required=True, help="which of the site's models, by its name in CRITICS")
        if self.has_number:
            parser.add_argument(
                "--n", type=number_between(1, MOST_SAMPLES), default=1, help="samples of each (default 1)"
            )
        parser.add_argument("--seed", type=number_between(0, LARGEST_NUMBER), default=0)
        parser.add_argument("--max-new-tokens", type=number_between(1, MOST_TOKENS), default=160)

    def sampler(self, options: dict[str, Any], temperature: float | None) -> Sampler:
        """The model, loaded; or the reason why it cannot be."""
        try:
            open_critic(options["critic"])
        except EngineError as error:
            raise CommandError(str(error)) from error
        return Sampler(options["critic"], options["seed"], options["max_new_tokens"], temperature)

    def report(self, name: str, steps: Iterator[Sampled]) -> None:
        """Show progress to the end; fail, all else stored, if the model refused something."""
        progress = StderrProgress(name)
        done = Sampled()
        for count, done in enumerate(steps, start=1):
            progress(f"asked about, {done.stored} samples stored", count)
        progress.done()
        self.stdout.write(f"Stored {done.stored} {name}; {done.there_already} were there already.")
        if done.refused:
            raise CommandError("The model refused:\n" + "\n".join(done.refused))


def named_study(name: str) -> Study:
    try:
        return studies_to_export(name).get()
    except Refused as refused:
        raise CommandError(refused.reason) from refused
