"""Bring a file in: validated whole, then stored in small transactions under an import nobody sees until it ends.

The same file again is a no-op that says so, and so is one whose rows are all here; an import that was killed goes on
where its last transaction ended. Of the rows only their ids are kept in memory.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from findings import jsonl
from findings.records import Kind, RecordError
from findings.records.ids import IdsSeen
from labeling.enums import StudyState
from labeling.exchange.exporting import studies_to_export
from labeling.exchange.ids import Ids, studies_with
from labeling.exchange.limits import limit_breaches
from labeling.exchange.loader import Loader
from labeling.exchange.splits import SplitCheck
from labeling.models import Condition, ImportBatch, Slot, Study
from labeling.refusals import Refused

#: Called with what is being done and how many rows of it are done.
Progress = Callable[[str, int], None]
#: A transaction ends after so many rows or so long.
ROWS_AT_A_TIME = 200
SECONDS_AT_A_TIME = 0.03
#: On SQLite a writer shuts all others out, and who waits looks only every so often whether the lock is free.
#: So the import rests as long as it worked, and at least so long: labelers save their work meanwhile.
SHORTEST_REST_SECONDS = 0.01
PROBLEMS_SHOWN = 20
ALREADY_AT_IT = "This file is being imported by somebody else at this moment."


class BadFile(Refused):
    """Nothing was imported; the message has a line for each problem, `file:line: field: reason`."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        more = len(problems) - PROBLEMS_SHOWN
        lines = problems[:PROBLEMS_SHOWN] + ([f"… and {more} more problems"] if more > 0 else [])
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class ImportReport:
    """What an import did. `already`: all of it had been imported before, so nothing was done."""

    study: Study
    rows: int
    skipped: int
    already: bool = False
    bad_lines: Path | None = None


def no_progress(doing: str, rows: int) -> None:
    """Say nothing."""


def import_file(
    kind: Kind[Any],
    loader: type[Loader],
    ids: Ids,
    path: Path,
    *,
    skip_bad: bool = False,
    progress: Progress = no_progress,
) -> ImportReport:
    """Import a .jsonl or .jsonl.gz file as a closed study of its own.

    Raises BadFile if a line is not a record of the kind, unless `skip_bad`: then bad lines are written to
    `FILE.bad.jsonl` and the others imported. Raises JsonlError if the file cannot be read at all.
    """
    digest = content_digest(path)
    batch = ImportBatch.objects.filter(kind=kind.name, file_digest=digest).select_related("study").first()
    if batch is not None and batch.finished_at is not None:
        return ImportReport(batch.study, batch.rows_done, batch.rows_skipped, already=True)
    checked = check_file(kind, loader, path, progress=progress)
    before = studies_with(checked.ids.lines, ids(studies_to_export()))
    if before and not checked.bad and len(before) == len(checked.ids.lines) and len(set(before.values())) == 1:
        (study,) = set(before.values())
        return ImportReport(Study.objects.get(name=study), checked.rows, 0, already=True)
    bad = checked.bad | {
        line: f"{path}:{line}: {one!r} was imported before: it is in the study “{before[one]}”"
        for one, line in checked.ids.lines.items()
        if one in before
    }
    bad_lines = None
    if bad:
        if not skip_bad or len(bad) == checked.rows:
            raise BadFile([bad[line] for line in sorted(bad)])
        bad_lines = write_bad_lines(path, set(bad))
    if batch is None:
        batch = begin(kind, path, digest)
    _load(batch, loader(batch.study), good_records(path, set(bad)), progress)
    _finish(batch, skipped=len(bad))
    return ImportReport(batch.study, batch.rows_done, len(bad), bad_lines=bad_lines)


def content_digest(path: Path) -> str:
    """SHA-256 of a file's lines, whether they come compressed or not and however they end."""
    digest = hashlib.sha256()
    for _, raw in jsonl.raw_lines(path):
        digest.update(raw.strip() + b"\n")
    return digest.hexdigest()


@dataclass
class CheckedFile:
    """What checking a file found."""

    rows: int = 0
    bad: dict[int, str] = field(default_factory=dict)
    """The problem of each bad line, by its number."""
    ids: IdsSeen = field(default_factory=IdsSeen)
    """The ids of the others."""


def check_file(kind: Kind[Any], loader: type[Loader], path: Path, *, progress: Progress = no_progress) -> CheckedFile:
    """Validate every line."""
    checked, splits = CheckedFile(), SplitCheck()
    for number, raw in jsonl.raw_lines(path):
        try:
            record = kind.validate(jsonl.parse_line(raw, path=path, line=number))
            breaches = [*limit_breaches(record), *splits.breaches(record, number), *loader.breaches(record)]
            breaches = breaches or list(checked.ids.breaches(kind.named_by(record), number))
            if breaches:
                raise RecordError(kind.name, breaches)
        except jsonl.JsonlError as error:
            checked.bad[number] = str(error)
        except RecordError as error:
            checked.bad[number] = f"{path}:{number}: {error}"
        checked.rows += 1
        progress("checked", checked.rows)
    return checked


def good_records(path: Path, bad: set[int]) -> Iterator[Any]:
    """The records of a checked file, bad lines left out."""
    for number, raw in jsonl.raw_lines(path):
        if number not in bad:
            yield jsonl.parse_line(raw, path=path, line=number)


def write_bad_lines(path: Path, bad: set[int]) -> Path:
    """Write the bad lines, as they are, beside the file."""
    target = path.with_name(f"{path.name}.bad.jsonl")
    with jsonl.atomic(target) as out:
        for number, raw in jsonl.raw_lines(path):
            if number in bad:
                out.write(raw if raw.endswith(b"\n") else raw + b"\n")
    return target


def begin(kind: Kind[Any], path: Path, digest: str) -> ImportBatch:
    with transaction.atomic():
        try:
            batch = ImportBatch.objects.create(kind=kind.name, file_name=path.name, file_digest=digest)
        except IntegrityError as error:
            raise Refused(ALREADY_AT_IT) from error
        Study.objects.create(
            name=_free_name(path.name[:180]),
            import_batch=batch,
            state=StudyState.IMPORTING,
            critic="",
            temperatures=[],
            notes=f"Imported as {kind.name}. History: it is read and exported, never dealt out.",
        )
    return batch


def _free_name(name: str) -> str:
    taken = set(Study.objects.filter(name__startswith=name).values_list("name", flat=True))
    candidates = [name, *(f"{name} ({number})" for number in range(2, len(taken) + 3))]
    return next(candidate for candidate in candidates if candidate not in taken)


def _load(batch: ImportBatch, loader: Loader, records: Iterator[Any], progress: Progress) -> None:
    for _ in range(batch.rows_done):
        next(records)
    started = time.monotonic()
    while _load_some(batch, loader, records):
        progress("imported", batch.rows_done)
        if connection.vendor == "sqlite":
            time.sleep(max(SHORTEST_REST_SECONDS, time.monotonic() - started))
        started = time.monotonic()


def _load_some(batch: ImportBatch, loader: Loader, records: Iterator[Any]) -> int:
    """Store the next few records in one transaction, together with the count that says so."""
    start = batch.rows_done
    deadline = time.monotonic() + SECONDS_AT_A_TIME
    done = start
    with transaction.atomic():
        for record in records:
            loader.store(record, done)
            done += 1
            if done - start == ROWS_AT_A_TIME or time.monotonic() > deadline:
                break
        if not ImportBatch.objects.filter(pk=batch.pk, rows_done=start, finished_at=None).update(rows_done=done):
            raise Refused(ALREADY_AT_IT)
    batch.rows_done = done
    return done - start


def _finish(batch: ImportBatch, *, skipped: int) -> None:
    study = batch.study
    cells = Slot.objects.filter(study=study).exclude(answer_kind="").order_by()
    with transaction.atomic():
        Condition.objects.bulk_create(
            Condition(study=study, answer_kind=kind, assisted=assisted)
            for kind, assisted in cells.values_list("answer_kind", "assisted").distinct()
        )
        batch.finished_at, batch.rows_skipped = timezone.now(), skipped
        batch.save(update_fields=["finished_at", "rows_skipped"])
        study.state = StudyState.CLOSED
        study.save(update_fields=["state"])
