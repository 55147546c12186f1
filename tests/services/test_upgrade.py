"""The database of the version before, on PostgreSQL."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extras import execute_values

from tests import upgrades
from tests.services.sites import Site


def test_an_upgraded_site_exports_what_it_did(new_database: str, redis_url: str, tmp_path: Path, critic: Path) -> None:
    site = Site(new_database, redis_url, tmp_path, critic)
    (tmp_path / "pseudonym_salt").write_text(upgrades.SALT)
    for app, migration in upgrades.APPLIED.items():
        site.run("manage.py", "migrate", app, migration, "-v0")
    upgrades.restore(tmp_path / "old.sqlite3")
    with closing(psycopg2.connect(new_database)) as connection:
        fill(connection, tmp_path / "old.sqlite3")
    site.run("manage.py", "migrate", "-v0")
    for kind, more in (("assistance", ["--extended"]), ("intended_checks", [])):
        out = tmp_path / f"{kind}.jsonl"
        site.run("manage.py", "export_dataset", kind, str(out), *more)
        assert out.read_text() == upgrades.exported(kind)


def fill(connection: Any, database: Path) -> None:
    """Copy the rows of a SQLite file, whatever their order."""
    with connection, connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        for table, columns, rows in upgrades.rows_of(database):
            cursor.execute(
                "select column_name from information_schema.columns where table_name = %s and data_type = 'boolean'",
                [table],
            )
            flags = {columns.index(name) for (name,) in cursor.fetchall()}
            typed = [
                tuple(bool(value) if place in flags and value is not None else value for place, value in enumerate(row))
                for row in rows
            ]
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            insert = sql.SQL("insert into {} ({}) values %s").format(sql.Identifier(table), names)
            execute_values(cursor, insert, typed)
            if "id" in columns:
                cursor.execute(
                    sql.SQL("select setval(pg_get_serial_sequence(%s, 'id'), (select max(id) from {}))").format(
                        sql.Identifier(table)
                    ),
                    [table],
                )
