"""Every file of the study as typed records, and the one door through which they are checked.

    for record in read(ASSISTANCE, "assistance.jsonl.gz"):
        record["labels"][0]["data"]["feedback"]["rating"]

A record is either exactly as its TypedDict says, and handed back as the very object it came as (nothing
coerced, absent keys absent), or refused with the path of each wrong field.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from findings import jsonl
from findings.records import ids, rules
from findings.records.native import (
    ComparisonRecord,
    CritiqueScoresRecord,
    GapRecord,
    IntendedCheckRecord,
    JudgementRecord,
    RefinementJudgementRecord,
    RefinementRecord,
)
from findings.records.released import (
    AssistanceRecord,
    BaseRecord,
    CritiquesRecord,
    ExtendedAssistanceRecord,
    HelpfulnessRecord,
)

__all__ = [
    "ASSISTANCE",
    "ASSISTANCE_EXTENDED",
    "BASE",
    "COMPARISONS",
    "CRITIQUES",
    "CRITIQUE_SCORES",
    "GAP_SAMPLES",
    "HELPFULNESS",
    "INTENDED_CHECKS",
    "JUDGEMENTS",
    "KINDS",
    "REFINEMENTS",
    "REFINEMENT_JUDGEMENTS",
    "AssistanceRecord",
    "BaseRecord",
    "ComparisonRecord",
    "CritiqueScoresRecord",
    "CritiquesRecord",
    "ExtendedAssistanceRecord",
    "GapRecord",
    "HelpfulnessRecord",
    "IntendedCheckRecord",
    "JudgementRecord",
    "Kind",
    "RecordError",
    "RefinementJudgementRecord",
    "RefinementRecord",
    "read",
    "validate",
]

R = TypeVar("R")
V = TypeVar("V")

#: A row can be wrong in a thousand places; a person can act on a few.
REASONS_SHOWN: Final = 5


class RecordError(ValueError):
    """A record is not what its file promises. `problems` holds (dotted field path, reason) pairs."""

    def __init__(
        self, kind: str, problems: list[rules.Breach], *, path: Path | None = None, line: int | None = None
    ) -> None:
        self.kind = kind
        self.problems = problems
        self.path = path
        self.line = line
        where = f"{path}:{line}: " if path is not None else ""
        reasons = "; ".join(f"{field}: {reason}" if field else reason for field, reason in problems[:REASONS_SHOWN])
        more = len(problems) - REASONS_SHOWN
        super().__init__(f"{where}{reasons}" + (f"; and {more} more" if more > 0 else ""))


def _no_rules(record: Any) -> Iterator[rules.Breach]:
    yield from ()


@dataclass(frozen=True)
class Kind(Generic[R]):
    """One kind of file: its name, the shape of its lines, the rules that tie their fields together."""

    name: str
    shape: type[R]
    breaches: Callable[[R], Iterator[rules.Breach]] = _no_rules
    named_by: Callable[[R], Iterator[ids.Named]] = ids.row_id
    """The ids of a record: each may stand in a file once."""

    @cached_property
    def _adapter(self) -> TypeAdapter[R]:
        return TypeAdapter(self.shape)

    def validate(self, value: object) -> R:
        """Return `value` itself, now known to be a record of this kind. Raises RecordError."""
        try:
            self._adapter.validate_python(value)
        except ValidationError as error:
            raise RecordError(self.name, [_problem(e) for e in error.errors(include_url=False)]) from None
        record: R = value  # type: ignore[assignment]
        problems = [*rules.text_breaches(record), *self.breaches(record)]
        if problems:
            raise RecordError(self.name, problems)
        return record


BASE: Final = Kind("base", BaseRecord)
CRITIQUES: Final = Kind("critiques", CritiquesRecord, rules.critiques_breaches)
HELPFULNESS: Final = Kind("helpfulness", HelpfulnessRecord, rules.helpfulness_breaches)
ASSISTANCE: Final = Kind("assistance", AssistanceRecord, rules.assistance_breaches, ids.label_ids)
ASSISTANCE_EXTENDED: Final = Kind(
    "assistance_extended", ExtendedAssistanceRecord, rules.assistance_breaches, ids.label_ids
)
INTENDED_CHECKS: Final = Kind("intended_checks", IntendedCheckRecord, rules.intended_check_breaches)
COMPARISONS: Final = Kind("comparisons", ComparisonRecord, rules.comparison_breaches)
REFINEMENTS: Final = Kind("refinements", RefinementRecord)
REFINEMENT_JUDGEMENTS: Final = Kind("refinement_judgements", RefinementJudgementRecord)
CRITIQUE_SCORES: Final = Kind("critique_scores", CritiqueScoresRecord, named_by=ids.scored_question)
GAP_SAMPLES: Final = Kind("gap_samples", GapRecord, rules.gap_breaches, ids.judged_samples)
JUDGEMENTS: Final = Kind("judgements", JudgementRecord, rules.judgement_breaches)

_ALL: Final[tuple[Kind[Any], ...]] = (
    BASE,
    CRITIQUES,
    HELPFULNESS,
    ASSISTANCE,
    ASSISTANCE_EXTENDED,
    INTENDED_CHECKS,
    COMPARISONS,
    REFINEMENTS,
    REFINEMENT_JUDGEMENTS,
    CRITIQUE_SCORES,
    GAP_SAMPLES,
    JUDGEMENTS,
)
KINDS: Final[dict[str, Kind[Any]]] = {kind.name: kind for kind in _ALL}


def validate(kind: str, value: object) -> Any:
    """Check a value as a record of the kind with that name and return it unchanged.

    Raises RecordError, whose message begins with a field path (`labels[3].data.feedback.rating: ...`);
    KeyError for a kind that is not in KINDS.
    """
    return KINDS[kind].validate(value)


def read(kind: Kind[R], path: str | os.PathLike[str]) -> Iterator[R]:
    """Yield a file's records, of which only the ids are kept. Raises JsonlError, or RecordError with file and line."""
    return read_with(kind.validate, path, named_by=kind.named_by)


def read_with(
    validate: Callable[[object], V],
    path: str | os.PathLike[str],
    *,
    named_by: Callable[[V], Iterator[ids.Named]] = ids.nameless,
) -> Iterator[V]:
    """The same for any check of a line's value that raises RecordError."""
    path, seen = Path(path), ids.IdsSeen()
    for line in jsonl.read(path):
        try:
            record = validate(line.value)
            repeated = list(seen.breaches(named_by(record), line.number))
            if repeated:
                raise RecordError("row", repeated)
        except RecordError as error:
            raise RecordError(error.kind, error.problems, path=path, line=line.number) from None
        yield record


def _problem(error: Any) -> rules.Breach:
    """A pydantic error in our words: a dotted path and a reason that shows the value."""
    path = ""
    for step in error["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    if error["type"] == "missing":
        return path.lstrip("."), "is missing"
    if error["type"] == "extra_forbidden":
        return path.lstrip("."), "is not a field of this file"
    shown = repr(error["input"])
    return path.lstrip("."), f"{error['msg']}, not {shown if len(shown) <= 60 else shown[:57] + '...'}"
