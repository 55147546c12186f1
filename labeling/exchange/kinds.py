"""The kinds of files the site reads and writes, each with its two directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from findings import jsonl, records
from labeling.enums import Activity
from labeling.exchange.assistance_export import assistance_records, rows_of
from labeling.exchange.assistance_import import AssistanceLoader
from labeling.exchange.base import BaseLoader, base_records
from labeling.exchange.cards import Tally, write_card
from labeling.exchange.comparisons import (
    ComparisonLoader,
    RefinementJudgementLoader,
    compared_answers,
    comparison_records,
    judged_refinements,
    refinement_judgement_records,
)
from labeling.exchange.critiques import CritiquesLoader, critiques_records
from labeling.exchange.exporting import studies_to_export
from labeling.exchange.helpfulness import HelpfulnessLoader, helpfulness_records, helpfulness_sittings
from labeling.exchange.ids import Ids, check_in_one_study, ids_of
from labeling.exchange.importing import ImportReport, Progress, import_file, no_progress
from labeling.exchange.intended_checks import IntendedCheckLoader, checks_of, intended_check_records
from labeling.exchange.judgements import JudgementLoader, judged_questions_of, judgement_ids, judgement_records
from labeling.exchange.loader import Loader
from labeling.exchange.refinements import RefinementLoader, refinement_records, refinements_of
from labeling.exchange.sittings import SittingLoader, sittings_of
from labeling.models import Study
from labeling.refusals import Refused


@dataclass(frozen=True)
class Exchange:
    """How one kind of file comes in and goes out."""

    kind: records.Kind[Any]
    loader: type[Loader]
    records: Callable[[QuerySet[Study]], Iterator[Any]]
    rows: Callable[[QuerySet[Study]], QuerySet[Any]]
    """The database's rows behind the records."""
    ids: Ids
    """The ids of the records, which no two of them share."""
    study_of: str = "sitting__study"
    """Where a row says which study it is of."""


def _of_sittings(kind: records.Kind[Any], loader: type[SittingLoader], make: Any, rows: Any = None) -> Exchange:
    """Rows that are sittings: all those of the activity, unless the kind has rows of its own."""
    rows = rows or partial(sittings_of, activity=loader.activity)
    return Exchange(kind, loader, make, rows, ids_of(rows, study="study"), "study")


def _in_sittings(kind: records.Kind[Any], loader: type[Loader], make: Any, rows: Any) -> Exchange:
    """Rows that are parts of sittings, with ids of their own."""
    return Exchange(kind, loader, make, rows, ids_of(rows, study="sitting__study"))


EXCHANGES = {
    exchange.kind.name: exchange
    for exchange in (
        _of_sittings(records.BASE, BaseLoader, base_records),
        _of_sittings(records.CRITIQUES, CritiquesLoader, critiques_records),
        _of_sittings(records.HELPFULNESS, HelpfulnessLoader, helpfulness_records, helpfulness_sittings),
        Exchange(
            records.ASSISTANCE,
            AssistanceLoader,
            assistance_records,
            rows_of,
            ids_of(partial(sittings_of, activity=Activity.CRITIQUING), study="study"),
            "study",
        ),
        Exchange(records.JUDGEMENTS, JudgementLoader, judgement_records, judged_questions_of, judgement_ids),
        _in_sittings(records.INTENDED_CHECKS, IntendedCheckLoader, intended_check_records, checks_of),
        _in_sittings(records.COMPARISONS, ComparisonLoader, comparison_records, compared_answers),
        _in_sittings(
            records.REFINEMENT_JUDGEMENTS, RefinementJudgementLoader, refinement_judgement_records, judged_refinements
        ),
        _in_sittings(records.REFINEMENTS, RefinementLoader, refinement_records, refinements_of),
    )
}
#: Kinds whose rows say on which side of the split their passage is.
SPLIT = {records.BASE.name, records.CRITIQUES.name, records.HELPFULNESS.name}


def kinds_of(activity: Activity) -> list[str]:
    """The files that hold what this activity made."""
    return [name for name, exchange in EXCHANGES.items() if exchange.loader.activity == activity]


def import_dataset(kind: str, path: Path, *, skip_bad: bool = False, progress: Progress = no_progress) -> ImportReport:
    """Import a file as a closed study. Raises BadFile, JsonlError, or KeyError for an unknown kind."""
    exchange = EXCHANGES[kind]
    return import_file(exchange.kind, exchange.loader, exchange.ids, path, skip_bad=skip_bad, progress=progress)


def dataset_records(
    kind: str, *, study: str | None = None, extended: bool = False, split: str | None = None
) -> Iterator[Any]:
    """Yield the rows of one kind, of all studies or the one named. Refuses before the first row, if at all."""
    studies = studies_to_export(study)
    if split is not None and kind not in SPLIT:
        raise Refused(f"Files of {kind} are not split into train and test.", field="split")
    if study is None:
        check_in_one_study(EXCHANGES[kind].ids(studies))
    if kind == records.ASSISTANCE.name:
        return assistance_records(studies, extended=extended)
    if extended:
        raise Refused("Only assistance files have an extended form.", field="extended")
    rows = EXCHANGES[kind].records(studies)
    return rows if split is None else (row for row in rows if row["split"] == split)


def export_dataset(
    kind: str,
    path: Path,
    *,
    study: str | None = None,
    extended: bool = False,
    split: str | None = None,
    progress: Progress = no_progress,
) -> int:
    """Write a .jsonl or .jsonl.gz file, whole or not at all, and a data card beside it. Returns the number of rows."""
    tally = Tally()
    rows = tally.passing(dataset_records(kind, study=study, extended=extended, split=split))
    jsonl.write(path, _told(rows, partial(progress, "exported")))
    studies, exchange = studies_to_export(study), EXCHANGES[kind]
    within = studies.filter(pk__in=exchange.rows(studies).order_by().values(exchange.study_of))
    shape = records.ASSISTANCE_EXTENDED if extended else exchange.kind
    write_card(path, shape, tally, within.values_list("name", flat=True))
    return tally.rows


def _told(rows: Iterator[Any], tell: Callable[[int], None]) -> Iterator[Any]:
    for count, row in enumerate(rows, start=1):
        yield row
        tell(count)
