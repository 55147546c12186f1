"""Pages for labelers are made of records, and what these hold is written down here: whoever adds to it says so."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import models

from labeling import visibility

FIELDS = {
    "answering.AnsweringSheet": "frame questions misleading saved_at",
    "answering.OwnQuestion": "client_key revision text is_covered answer misleading flaws in_words is_removed flaw_key",
    "checking.CheckedAnswer": "question answer intended found",
    "checking.FoundPart": "number client_key revision text valid intended",
    "checking.ShownIntended": "number text is_covered",
    "comparing.PairPart": "number client_key revision question sides critiques_shown is_tie confidence",
    "comparing.Side": "letter text critiques is_better",
    "critiquing.VisibleSuggestion": "number text score uses use_key",
    "critiquing.Worksheet": "public_id instructions title passage question answer "
    "critiques rating saved_at active_time_ms suggestions",
    "demonstrating.DemonstratingSheet": "frame passage questions saved_at",
    "demonstrating.ShownAnswer": "number client_key revision saved_at answer places tier rating "
    "can_skip is_skipped skip_reason corroborations links next_key",
    "demonstrating.ShownLink": "client_key revision saved_at number text category "
    "category_text severity refinement is_last quotes",
    "demonstrating.ShownQuestion": "text answers",
    "demonstrating.ShownQuote": "name span text",
    "demonstrating.ShownText": "text crlf",
    "frame.Frame": "public_id instructions title passage active_time_ms",
    "home.ClosedText": "title reason",
    "home.DonePiece": "title submitted_at minutes activity critiques rating",
    "judging.AnswerPart": "number client_key revision question answer critiques said asks own",
    "judging.ShownCritique": "number text said",
    "parts.OwnCritique": "client_key revision text category category_text severity is_removed",
    "refining.RefiningPart": "number client_key revision saved_at question answer critique text is_kept",
}


def records() -> dict[str, type]:
    """Every record of the package, by module and name."""
    found = {}
    for module in pkgutil.iter_modules(visibility.__path__):
        here = importlib.import_module(f"labeling.visibility.{module.name}")
        for name, one in vars(here).items():
            if isinstance(one, type) and dataclasses.is_dataclass(one) and one.__module__ == here.__name__:
                found[f"{module.name}.{name}"] = one
    return found


def test_every_record_holds_these_fields_and_no_other() -> None:
    held = {name: " ".join(field.name for field in dataclasses.fields(one)) for name, one in records().items()}
    assert held == FIELDS


def parts_of(hint: Any) -> Iterator[Any]:
    """The type itself and all that it is made of."""
    yield hint
    for part in typing.get_args(hint):
        yield from parts_of(part)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_no_record_leads_to_a_table(name: str) -> None:
    hints = typing.get_type_hints(records()[name])
    reached = [part for hint in hints.values() for part in parts_of(hint)]
    assert not [part for part in reached if isinstance(part, type) and issubclass(part, models.Model)]
