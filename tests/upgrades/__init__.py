"""Databases that earlier versions made: they must become what they would be had this version made them.

`before_one_sitting.sql.gz` is a site's SQLite file, dumped before submissions of critiques became sittings: a finished
study, checks of it, and a study with a label, two drafts and a removed critique. Beside it, what that version exported,
without `shown` of each suggestion, which was always 0 and is gone.
"""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SALT = "upgrade"
#: The migrations it had.
APPLIED = {"labeling": "0010", "assist": "0002"}


def restore(database: Path) -> None:
    """Write the SQLite file as it was."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(gzip.decompress((FOLDER / "before_one_sitting.sql.gz").read_bytes()).decode())


def rows_of(database: Path) -> Iterator[tuple[str, list[str], list[tuple[Any, ...]]]]:
    """Each table of the site's own that holds something: its name, columns and rows."""
    with closing(sqlite3.connect(database)) as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            if table.startswith(("labeling_", "assist_")):
                cursor = connection.execute(f'select * from "{table}"')
                rows = cursor.fetchall()
                if rows:
                    yield table, [column[0] for column in cursor.description], rows


def exported(kind: str) -> str:
    """What the version before exported of it."""
    return (FOLDER / f"before_one_sitting.{kind}.jsonl").read_text()
