"""Up and down.

How it works; each line is a promise with a test:

1. One runner at a time on a database, by an advisory lock that is polled (`session.py`).
2. A migration and its journal entry are one transaction: applied and written down, or neither.
3. A file without a transaction has its statements written down one by one; a killed run goes on at the right one.
4. A statement waits for a lock no longer than `lock_timeout`, a bounded number of times, with random pauses.
5. An applied file that changed, vanished, or has a lower number than what is applied stops the run before it starts.
6. Down undoes in the reverse order of application, and not at all if one of the rollbacks is missing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from understudy.migrate import plan
from understudy.migrate.apply import Job
from understudy.migrate.files import Migration, read_folder
from understudy.migrate.journal import Connection, Direction, Journal
from understudy.migrate.options import Options
from understudy.migrate.session import runner_session


@dataclass(frozen=True)
class Applied:
    """A migration that was applied, or with direction `down` undone. `seconds` is how long that took."""

    version: int
    name: str
    direction: Direction
    seconds: float
    statements: int

    @property
    def label(self) -> str:
        """How a person calls it: `0007_flags`."""
        return f"{self.version:04d}_{self.name}"


def up(dsn: str, folder: Path, *, to: int | None = None, options: Options | None = None) -> tuple[Applied, ...]:
    """Apply what is not applied yet.

    Args:
        dsn: the database's connection string.
        folder: the migrations.
        to: the highest number to apply; all when None.
        options: how carefully.

    Raises:
        MigrationRefused: nothing was touched; files, journal, lock or pooler forbid it.
        MigrateError: a migration failed; those before it are applied.
    """
    options = options or Options()
    read_folder(folder)
    with runner_session(dsn, options) as connection:
        migrations = read_folder(folder, standard_strings=_standard_strings(connection))
        journal = Journal(connection)
        todo = plan.to_apply(migrations, journal.entries(), journal.under_way(), to=to, options=options)
        if todo:
            journal.prepare()
        return tuple(_apply(connection, migration, options) for migration in todo)


def down(dsn: str, folder: Path, *, to: int | None = None, options: Options | None = None) -> tuple[Applied, ...]:
    """Undo the migration that was applied last, or all above a number.

    Args:
        dsn: the database's connection string.
        folder: the migrations.
        to: the number that stays the highest; 0 undoes all, None only the last.
        options: how carefully.

    Raises:
        MigrationRefused: nothing was touched.
        MigrateError: a rollback failed; those before it are done.
    """
    options = options or Options()
    read_folder(folder)
    with runner_session(dsn, options) as connection:
        migrations = read_folder(folder, standard_strings=_standard_strings(connection))
        journal = Journal(connection)
        todo = plan.to_undo(migrations, journal.entries(), journal.under_way(), to=to)
        return tuple(_undo(connection, migration, options) for migration in todo)


def _apply(connection: Connection, migration: Migration, options: Options) -> Applied:
    began = time.monotonic()

    def record() -> None:
        Journal(connection).applied(migration, time.monotonic() - began)

    options.trace("began", migration.label, 0)
    Job(connection, migration.version, "up", migration.label, migration.up, options, record).run()
    options.trace("finished", migration.label, 0)
    return Applied(migration.version, migration.name, "up", time.monotonic() - began, len(migration.up.statements))


def _undo(connection: Connection, migration: Migration, options: Options) -> Applied:
    began = time.monotonic()
    script = migration.rollback()

    def record() -> None:
        Journal(connection).removed(migration.version)

    label = script.path.stem
    options.trace("began", label, 0)
    Job(connection, migration.version, "down", label, script, options, record).run()
    options.trace("finished", label, 0)
    return Applied(migration.version, migration.name, "down", time.monotonic() - began, len(script.statements))


def _standard_strings(connection: Connection) -> bool:
    return connection.info.parameter_status("standard_conforming_strings") != "off"
