"""Is there a pooler between us and the server that hands one session to many clients?

A pooler makes up the process id that it tells its clients at login, so that id differs from the one the session itself
reports: that is how a pooler shows. In session mode it does no harm. In transaction mode our session goes back to the
pool after every statement: a second client that opens a transaction is given the very session we thought was ours.
"""

from __future__ import annotations

import contextlib
import select
import time

import psycopg

from understudy.migrate.errors import PoolerError
from understudy.migrate.journal import Connection
from understudy.postgres import connect, redacted

_PROBES = 3
_PROBE_SECONDS = 3.0


def refuse_shared_sessions(dsn: str, connection: Connection) -> None:
    """Refuse a pooler in transaction or statement mode.

    Raises:
        PoolerError: there is one.
    """
    session = _session(connection)
    if connection.info.backend_pid == session:
        return
    if _given_to_others(dsn, session) or _session(connection) != session:
        raise PoolerError(
            detail=f"{redacted(dsn)} is a pooler: it gave our session to another client between two statements."
            " The runner's lock, its lock_timeout and concurrent index builds need a session of their own.",
            hint="Connect to the server itself, or to a pool with pool_mode = session.",
        )


def _session(connection: Connection) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return int(str(row[0])) if row else 0


def _given_to_others(dsn: str, session: int) -> bool:
    """Whether somebody else's transaction can run in our session. Each probe keeps its own, so each gets another."""
    with contextlib.ExitStack() as stack:
        for _ in range(_PROBES):
            probe = stack.enter_context(contextlib.closing(connect(dsn)))
            try:
                if _session_in_transaction(probe) == session:
                    return True
            except psycopg.OperationalError as error:
                if "statement pooling" in str(error):  # that mode cannot even begin a transaction
                    return True
                raise
    return False


def _session_in_transaction(probe: Connection) -> int | None:
    """The probe's session, with a transaction open on it; None when the pool has none to spare in time."""
    pgconn = probe.pgconn
    pgconn.send_query(b"BEGIN; SELECT pg_backend_pid()")
    deadline = time.monotonic() + _PROBE_SECONDS
    found: int | None = None
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([pgconn.socket], [], [], left)[0]:
            return None
        pgconn.consume_input()
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                return found
            if result.ntuples and (value := result.get_value(0, 0)):
                found = int(value)
    return None
