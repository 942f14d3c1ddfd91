"""Who waits for a lock, and because of whom: asked a hundred times a second on a connection of its own."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Self, cast

import psycopg

from understudy.catalog.names import JOURNAL_SCHEMA
from understudy.migrate.rehearse.model import Wait
from understudy.postgres import connect

INTERVAL_S = 0.01

# waitstart is the server's own record of when a wait began, so a wait's length does not depend on the sampling but for
# its end; pg_blocking_pids also names those who stand before one in the queue, so who waits behind a waiting migration
# counts as blocked by it
WAITS = """
SELECT l.pid, extract(epoch FROM coalesce(l.waitstart, clock_timestamp()))::float8,
       extract(epoch FROM clock_timestamp())::float8, pg_catalog.pg_blocking_pids(l.pid)
FROM pg_catalog.pg_locks l WHERE NOT l.granted
"""
_HELD = f"""
SELECT l.pid, c.oid::int8, c.oid::regclass::text, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = ANY (%s) AND l.granted AND l.locktype = 'relation' AND c.relkind IN ('r', 'p', 'm') AND c.oid >= 16384
  AND c.relnamespace <> coalesce(to_regnamespace('{JOURNAL_SCHEMA}')::oid, 0)
"""
_TOOL = """
SELECT pid, query, state = 'active', extract(epoch FROM query_start)::float8,
       extract(epoch FROM clock_timestamp())::float8
FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
  AND application_name <> ALL (ARRAY['pgbench', 'understudy'])
"""
_CLOCK_READINGS = 7
_START_S = 60
Locks = dict[tuple[int, str], set[str]]
"""The modes that were seen held, by the table's number and name."""


@dataclass
class Seen:
    """A statement seen at work, and the locks that were held all the while somebody looked.

    Args:
        text: the statement, where another tool's session ran it.
        begin, end: by the server's clock.
        locks: what its session held.
        looks: how often it was looked at; with 0 nothing is known of its locks.
    """

    text: str = ""
    begin: float = 0.0
    end: float = 0.0
    locks: Locks = field(default_factory=dict)
    looks: int = 0


class Sampler:
    """Samples between `with` and its end. `watch` says which session is the migration's."""

    def __init__(self, dsn: str) -> None:
        """Nothing is sampled yet."""
        self._dsn = dsn
        self._waits: dict[tuple[int, float], Wait] = {}
        self._seen: dict[tuple[int, float], Seen] = {}
        self._runners: list[int] = []
        self._statement: Seen | None = None
        self._tool = False
        self._stop, self._looking = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._sample, name="lock sampler", daemon=True)
        self.offset = 0.0
        """What to add to this machine's clock to get the server's."""

    def __enter__(self) -> Self:
        with contextlib.closing(connect(self._dsn)) as connection:
            self.offset = min(_clock(connection) for _ in range(_CLOCK_READINGS))[1]
        self._thread.start()
        self._looking.wait(_START_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def now(self) -> float:
        """This moment by the server's clock."""
        return time.time() + self.offset

    def watch(self, pid: int) -> None:
        """From now on this is the migration's session."""
        self._runners = [pid]

    def watch_tool(self) -> None:
        """From now on every session that is neither ours nor the load's is the migration's."""
        self._tool = True

    def begin_statement(self) -> Seen:
        """The migration's session carries out a statement from now on; what is seen of it is added as it is seen."""
        self._statement = Seen()
        return self._statement

    def end_statement(self) -> None:
        """It has done so."""
        self._statement = None

    def waits(self) -> list[Wait]:
        """The waits seen so far."""
        return sorted(self._waits.copy().values(), key=lambda wait: wait.begin)

    def take_seen(self) -> list[Seen]:
        """The other tool's statements seen so far; they are forgotten."""
        seen, self._seen = self._seen, {}
        return sorted(seen.values(), key=lambda one: one.begin)

    def take(self) -> list[Wait]:
        """The waits seen so far; they are forgotten."""
        time.sleep(2 * INTERVAL_S)  # the last ones are seen to end
        waits = self.waits()
        self._waits = {}
        return waits

    def look(self, connection: psycopg.Connection[Any]) -> None:
        """See who waits at this very moment, on a connection of whoever asks."""
        waits, runners = self._waits, set(self._runners)
        for pid, begin, now, blockers in connection.execute(WAITS.encode()):
            own = pid in runners
            if own or runners.intersection(blockers):
                # a wait without its beginning is a very young one; it is found again with it
                key = (pid, round(begin, 2))
                first = waits[key].begin if key in waits else begin
                waits[key] = Wait(pid, first, now, own)

    def _sample(self) -> None:
        with contextlib.closing(connect(self._dsn)) as connection:
            connection.prepare_threshold = 0
            while not self._stop.wait(INTERVAL_S):
                with contextlib.suppress(psycopg.errors.Error):
                    if self._tool:
                        self._look_at_tool(connection)
                    else:
                        self._look_at_own(connection)
                    self._looking.set()

    def _look_at_own(self, connection: psycopg.Connection[Any]) -> None:
        """Locks count for a statement that was under way before they were read and after it."""
        self.look(connection)
        statement = self._statement
        held = connection.execute(_HELD, [self._runners]).fetchall()
        if statement is not None and statement is self._statement:
            statement.looks += 1
            for _, table, name, mode in held:
                statement.locks.setdefault((table, name), set()).add(mode)

    def _look_at_tool(self, connection: psycopg.Connection[Any]) -> None:
        before = self._activity(connection)
        self.look(connection)
        held = connection.execute(_HELD, [list(self._runners)]).fetchall()
        for pid, (text, begin, now) in self._activity(connection).items():
            seen = self._seen.setdefault((pid, begin), Seen(text, begin, now))
            seen.end = max(now, begin)
            if before.get(pid, ("", 0.0, 0.0))[1] == begin:
                seen.looks += 1
                for of, table, name, mode in held:
                    if of == pid:
                        seen.locks.setdefault((table, name), set()).add(mode)

    def _activity(self, connection: psycopg.Connection[Any]) -> dict[int, tuple[str, float, float]]:
        """The statements of the tool's sessions at this moment."""
        rows = connection.execute(_TOOL).fetchall()
        self._runners = [pid for pid, *_ in rows]
        return {pid: (text, begin, now) for pid, text, active, begin, now in rows if active}


def _clock(connection: psycopg.Connection[Any]) -> tuple[float, float]:
    """How long asking for the server's clock took, and its lead over ours; the quicker, the more exact."""
    before = time.time()
    row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    after = time.time()
    return after - before, cast(float, row[0]) - (before + after) / 2 if row else 0.0
