"""The one connection a runner works on: it is the server's own session, and the only runner of its database."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import psycopg

from understudy.migrate.errors import LockedError, MigrateError
from understudy.migrate.journal import Connection
from understudy.migrate.options import Options
from understudy.migrate.pooler import refuse_shared_sessions
from understudy.postgres import connect, redacted

LOCK = 0x756E646572737479
"""The advisory lock of all runners on a database: "understy" in ASCII."""

_POLL_S = 0.2


@contextlib.contextmanager
def runner_session(dsn: str, options: Options) -> Iterator[Connection]:
    """A connection in autocommit mode that holds the runners' lock.

    The lock is asked for again and again and not waited for inside the server: a runner that waited there would hold
    a snapshot, and a concurrent index build of the runner at work waits for every snapshot older than itself.

    Raises:
        PoolerError: sessions are shared, so the lock would protect nothing.
        LockedError: another runner kept the lock for all of `options.turn_s`.
    """
    with contextlib.closing(connect(dsn)) as connection:
        refuse_shared_sessions(dsn, connection)
        _take_turn(dsn, connection, options.turn_s)
        try:
            options.attach(connection)
            yield connection
        finally:
            # a connection that is broken has given its lock back already
            with contextlib.suppress(psycopg.OperationalError):
                connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def require_turn(connection: Connection) -> None:
    """Make sure, inside the transaction that matters, that this very session still holds the lock.

    Raises:
        MigrateError: it does not; a pooler or a restart gave us another session.
    """
    row = connection.execute(
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() AND objsubid = 1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND classid::bigint = %s AND objid::bigint = %s",
        [LOCK >> 32, LOCK & 0xFFFFFFFF],
    ).fetchone()
    if row is None:
        raise MigrateError(
            "the runner's lock was lost",
            detail="The server session that held it is not the one that answers now.",
            hint="Connect to the server itself, or to a pooler in session mode.",
        )


def fresh(connection: Connection) -> None:
    """Put back what a migration may have set for its session: role, search_path, timeouts."""
    connection.execute("RESET SESSION AUTHORIZATION")
    connection.execute("RESET ROLE")
    connection.execute("RESET ALL")


def _take_turn(dsn: str, connection: Connection, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        if row and row[0]:
            return
        if time.monotonic() >= deadline:
            raise LockedError(
                detail=f"Another runner has held the lock of {redacted(dsn)} for the {seconds:g} s we waited."
                f" {_holder(connection)}",
                hint="Wait for it to end, or look for it in pg_stat_activity.",
            )
        time.sleep(_POLL_S)


def _holder(connection: Connection) -> str:
    row = connection.execute(
        "SELECT a.pid, a.usename, coalesce(host(a.client_addr), 'this machine'), a.application_name"
        " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint = %s AND l.objid::bigint = %s",
        [LOCK >> 32, LOCK & 0xFFFFFFFF],
    ).fetchone()
    return f"It is process {row[0]} of {row[1]} from {row[2]} ({row[3]})." if row else "It has just ended."
