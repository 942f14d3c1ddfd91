"""Take a backup: dump, checksums, trial restore, and only then a name."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from psycopg import sql

from understudy.migrate.backup.errors import BackupError
from understudy.migrate.backup.settings import BackupSettings
from understudy.migrate.backup.store import Backup, Store, checksums, now
from understudy.migrate.journal import Connection
from understudy.postgres import Server, connect, programs, redacted
from understudy.postgres.errors import ProgramError

_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1, 2
"""


@dataclass(frozen=True)
class _Dumped:
    taken_at: datetime
    server_major: int
    seconds: float
    rows: dict[str, int]


def create(dsn: str, database: str, settings: BackupSettings, trial: Server) -> tuple[Backup, list[str]]:
    """Back a database up, and prove that the backup restores.

    Args:
        dsn: its connection string. It is only read, in one snapshot.
        database: the name that its backups are kept under.
        settings: where, how many.
        trial: the server of the trial restore; not older than the database's.

    Returns:
        The backup, and the names of older ones that were removed.

    Raises:
        BackupError: nothing of it is kept.
        ProgramError: pg_dump or pg_restore is missing, or failed.
    """
    store = Store(settings.folder)
    part = store.new(database, now())
    try:
        dumped = _dump(dsn, part / "dump", settings.jobs)
        began = time.monotonic()
        rows = _restored_rows(part / "dump", trial, settings.jobs, dumped.server_major)
        if rows != dumped.rows:
            wrong = sorted(name for name in {*rows, *dumped.rows} if rows.get(name) != dumped.rows.get(name))
            raise BackupError(
                "the backup does not restore to what was dumped",
                detail=f"{len(wrong)} tables have another number of rows after the trial restore: {wrong[0]}.",
            )
        files = checksums(part / "dump")
        backup = Backup(
            database,
            redacted(dsn),
            dumped.taken_at,
            dumped.server_major,
            programs.find("pg_dump", server_major=dumped.server_major).major,
            round(dumped.seconds, 3),
            round(time.monotonic() - began, 3),
            trial.label,
            dumped.rows,
            files,
            sum((part / "dump" / name).stat().st_size for name in files),
            part,
        )
        finished = store.finish(backup)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return finished, store.prune(database, settings.keep)


def _dump(dsn: str, target: Path, jobs: int) -> _Dumped:
    """pg_dump and our own count in one exported snapshot, so that both see the same rows."""
    began = time.monotonic()
    with _snapshot(dsn) as (connection, snapshot):
        taken_at = now()
        major = connection.info.server_version // 10000
        arguments = ("--format=directory", f"--jobs={jobs}", f"--file={target}", f"--snapshot={snapshot}")
        programs.run("pg_dump", *arguments, dsn=dsn, server_major=major)
        seconds = time.monotonic() - began
        return _Dumped(taken_at, major, seconds, count_rows(connection))


@contextlib.contextmanager
def _snapshot(dsn: str) -> Iterator[tuple[Connection, str]]:
    with contextlib.closing(connect(dsn)) as connection:
        connection.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None  # noqa: S101 - a SELECT without FROM has a row
        yield connection, str(row[0])


def count_rows(connection: Connection) -> dict[str, int]:
    """The rows of every table, by its name as SQL writes it."""
    counted = {}
    for schema, name in cast(Any, connection.execute(_TABLES.encode()).fetchall()):
        identifier = sql.Identifier(schema, name)
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(identifier)).fetchone()
        counted[identifier.as_string(connection)] = cast(int, row[0]) if row else 0
    return counted


def _restored_rows(dump: Path, trial: Server, jobs: int, major: int) -> dict[str, int]:
    """Restore into a scratch database and count."""
    with trial.scratch(prefix="backup_trial") as dsn:
        try:
            arguments = ("--exit-on-error", "--no-owner", "--no-privileges", f"--jobs={jobs}", str(dump))
            programs.run("pg_restore", *arguments, dsn=dsn, server_major=max(major, trial.major()))
        except ProgramError as error:
            raise BackupError(
                "the backup does not restore",
                detail=f"The trial restore on {trial.label} failed: {error.detail}",
                hint="Name a server that has what the database needs (extensions, version) with --trial-on.",
            ) from None
        with contextlib.closing(connect(dsn)) as connection:
            return count_rows(connection)
