"""Restore a backup: into a new database, or aside and then in place of one that is there."""

from __future__ import annotations

import contextlib
import secrets

from psycopg import sql

from understudy.migrate.backup.create import count_rows
from understudy.migrate.backup.errors import BackupError, BackupRefused
from understudy.migrate.backup.store import Backup, now
from understudy.postgres import Server, connect, programs


def restore(backup: Backup, server: Server, database: str, *, replace: bool = False, jobs: int = 4) -> str | None:
    """Restore a backup as a database.

    Args:
        backup: its files are read again first.
        server: where.
        database: the name it gets.
        replace: whether a database of that name may be put aside for it.
        jobs: how many tables at once.

    Returns:
        The new name of the database that was put aside; None when there was none.

    Raises:
        DamagedBackupError: a file is not the one that was written.
        BackupRefused: the database exists, and `replace` was not said.
        BackupError: it does not restore; the database that was there is still there.
    """
    backup.verify()
    exists = database in server.databases()
    if exists and not replace:
        raise BackupRefused(
            f"the database {database} exists",
            detail=f"Restoring {backup.name} would take its place on {server.label}.",
            hint="Say --replace (the old one is put aside, not dropped), or restore under another name.",
        )
    aside = f"restore_{secrets.token_hex(6)}"
    dsn = server.create_database(aside)
    try:
        arguments = ("--exit-on-error", f"--jobs={jobs}", str(backup.dump))
        programs.run("pg_restore", *arguments, dsn=dsn, server_major=max(backup.dump_major, server.major()))
        with contextlib.closing(connect(dsn)) as connection:
            if count_rows(connection) != backup.rows:
                raise BackupError("the restored database has another number of rows than the backup")
        return _put_in_place(server, aside, database, exists=exists)
    except BaseException:
        server.drop_database(aside)
        raise


def _put_in_place(server: Server, aside: str, database: str, *, exists: bool) -> str | None:
    """Both renames in one transaction: at every moment there is a database of that name."""
    old = f"{database[:40]}_before_{now().strftime('%Y%m%d%H%M%S')}" if exists else None
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with server.administer() as connection:
        if old:
            # whoever is connected would stop the rename; they come back to the new one
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [database],
            )
        with connection.transaction():
            if old:
                connection.execute(rename.format(sql.Identifier(database), sql.Identifier(old)))
            connection.execute(rename.format(sql.Identifier(aside), sql.Identifier(database)))
    return old
