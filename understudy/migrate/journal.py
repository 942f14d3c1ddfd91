"""The journal: what was applied to a database, kept in that database, in a schema of its own.

`understudy.migrations` has one row for each applied migration. `understudy.migration_statements` has rows only while
a migration without a transaction is under way: what of it is begun, what is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

import psycopg
from psycopg import sql

from understudy import __version__
from understudy.catalog.names import JOURNAL_SCHEMA
from understudy.migrate.files import Migration
from understudy.migrate.statements import Statement

Direction = Literal["up", "down"]
Connection = psycopg.Connection[tuple[object, ...]]

_DDL = """
CREATE SCHEMA IF NOT EXISTS {schema};
COMMENT ON SCHEMA {schema} IS 'The journal of understudy migrate; not part of the product''s schema.';
CREATE TABLE {schema}.migrations (
    version bigint PRIMARY KEY CHECK (version >= 0),
    name text NOT NULL,
    checksum text NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seconds double precision NOT NULL,
    applied_by text NOT NULL DEFAULT session_user,
    program text NOT NULL,
    baseline boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE {schema}.migrations IS 'One row for each migration that is applied, with the checksum of its file.';
COMMENT ON COLUMN {schema}.migrations.place IS 'The order of application, which an out-of-order file makes another than the numbers'' order.';
COMMENT ON COLUMN {schema}.migrations.baseline IS 'Whether the schema had it already when it was written down.';
CREATE TABLE {schema}.migration_statements (
    version bigint NOT NULL,
    direction text NOT NULL CHECK (direction IN ('up', 'down')),
    place integer NOT NULL,
    checksum text NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at timestamptz,
    PRIMARY KEY (version, direction, place)
);
COMMENT ON TABLE {schema}.migration_statements IS 'How far a migration without a transaction has come; empty when none is under way.';
"""  # noqa: E501 - comments of tables are one line


def definition() -> str:
    """The SQL that makes the journal, for whoever makes it without this program."""
    return _own(_DDL).as_string().strip()


@dataclass(frozen=True)
class Entry:
    """A row of the journal. `seconds` is how long it took, `applied_by` the role, `program` our version."""

    version: int
    name: str
    checksum: str
    place: int
    applied_at: datetime
    seconds: float
    applied_by: str
    program: str
    baseline: bool


@dataclass(frozen=True)
class Begun:
    """A statement of a migration under way. `place` counts from 0."""

    version: int
    direction: Direction
    place: int
    checksum: str
    done: bool


class Journal:
    """The journal of the database that a connection leads to."""

    def __init__(self, connection: Connection) -> None:
        """Looks at nothing yet."""
        self._connection = connection

    def exists(self) -> bool:
        """Whether there is one."""
        row = self._connection.execute(
            "SELECT to_regclass(%s) IS NOT NULL", [f"{JOURNAL_SCHEMA}.migration_statements"]
        ).fetchone()
        return bool(row and row[0])

    def prepare(self) -> None:
        """Make it when there is none."""
        if not self.exists():
            with self._connection.transaction():
                self._connection.execute(_own(_DDL))

    def entries(self) -> tuple[Entry, ...]:
        """What was applied, in the order of application. None of it when there is no journal."""
        rows = self._query(
            "SELECT version, name, checksum, place, applied_at, seconds, applied_by, program, baseline"
            " FROM {schema}.migrations ORDER BY place"
        )
        return tuple(Entry(*cast(Any, row)) for row in rows)

    def under_way(self) -> tuple[Begun, ...]:
        """The statements of a migration that was begun and not finished, in order."""
        rows = self._query(
            "SELECT version, direction, place, checksum, done_at IS NOT NULL"
            " FROM {schema}.migration_statements ORDER BY version, direction, place"
        )
        return tuple(Begun(*cast(Any, row)) for row in rows)

    def _query(self, text: str) -> list[tuple[object, ...]]:
        return self._connection.execute(_own(text)).fetchall() if self.exists() else []

    # --- writing; the caller decides the transaction ---

    def applied(self, migration: Migration, seconds: float, *, baseline: bool = False) -> None:
        """Write down that a migration is applied, and that none of its statements is under way."""
        self._connection.execute(
            _own(
                "INSERT INTO {schema}.migrations (version, name, checksum, seconds, program, baseline)"
                " VALUES (%s, %s, %s, %s, %s, %s)"
            ),
            [migration.version, migration.name, migration.up.checksum, seconds, __version__, baseline],
        )
        self.forget(migration.version)

    def removed(self, version: int) -> None:
        """Write down that a migration is no longer applied."""
        self._connection.execute(_own("DELETE FROM {schema}.migrations WHERE version = %s"), [version])
        self.forget(version)

    def forget(self, version: int) -> None:
        """No statement of this migration is under way any more."""
        self._connection.execute(_own("DELETE FROM {schema}.migration_statements WHERE version = %s"), [version])

    def rechecked(self, migration: Migration) -> None:
        """Take the file's present name and checksum for what was applied."""
        self._connection.execute(
            _own("UPDATE {schema}.migrations SET name = %s, checksum = %s WHERE version = %s"),
            [migration.name, migration.up.checksum, migration.version],
        )

    def begin(self, version: int, direction: Direction, place: int, statement: Statement, *, done: bool) -> None:
        """Write down that a statement begins, or with `done` that it is done."""
        self._connection.execute(
            _own(
                "INSERT INTO {schema}.migration_statements (version, direction, place, checksum, done_at)"
                " VALUES (%s, %s, %s, %s, CASE WHEN %s THEN clock_timestamp() END)"
                " ON CONFLICT (version, direction, place) DO UPDATE"
                " SET checksum = excluded.checksum, begun_at = excluded.begun_at, done_at = excluded.done_at"
            ),
            [version, direction, place, statement.checksum, done],
        )

    def decide(self, begun: Begun, *, done: bool) -> None:
        """Take a person's word on a statement in doubt: it is done, or it was never begun."""
        what = "UPDATE {schema}.migration_statements SET done_at = clock_timestamp()"
        where = " WHERE version = %s AND direction = %s AND place = %s"
        self._connection.execute(
            _own((what if done else "DELETE FROM {schema}.migration_statements") + where),
            [begun.version, begun.direction, begun.place],
        )


def _own(text: str) -> sql.Composed:
    return sql.SQL(text).format(schema=sql.Identifier(JOURNAL_SCHEMA))
