"""Who waits for a lock, and because of whom: asked a hundred times a second on a connection of its own."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import Any, Self, cast

import psycopg

from understudy.migrate.rehearse.model import Wait
from understudy.postgres import connect

INTERVAL_S = 0.01

# waitstart is the server's own record of when a wait began, so a wait's length does not depend on the sampling but for
# its end; pg_blocking_pids also names those who stand before one in the queue, so who waits behind a waiting migration
# counts as blocked by it
_QUERY = """
SELECT l.pid, extract(epoch FROM coalesce(l.waitstart, clock_timestamp()))::float8,
       extract(epoch FROM clock_timestamp())::float8, pg_blocking_pids(l.pid)
FROM pg_locks l WHERE NOT l.granted
"""
_HELD = """
SELECT c.oid::int8, c.oid::regclass::text, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = ANY (%s) AND l.granted AND l.locktype = 'relation' AND c.relkind IN ('r', 'p', 'm') AND c.oid >= 16384
"""
_TOOL = """
SELECT pid, query, state = 'active', extract(epoch FROM query_start)::float8,
       extract(epoch FROM clock_timestamp())::float8
FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
  AND application_name <> ALL (ARRAY['pgbench', 'understudy'])
"""


@dataclass(frozen=True)
class Seen:
    """A statement of another tool's session, seen at work."""

    text: str
    begin: float
    end: float


@dataclass(frozen=True)
class Held:
    """A lock that the migration's session was seen to hold."""

    table: int
    name: str
    mode: str
    begin: float
    end: float


class Sampler:
    """Samples between `with` and its end. `watch` says which session is the migration's."""

    def __init__(self, dsn: str) -> None:
        """Nothing is sampled yet."""
        self._dsn = dsn
        self._waits: dict[tuple[int, float], Wait] = {}
        self._held: dict[tuple[int, str], Held] = {}
        self._seen: dict[tuple[int, float], Seen] = {}
        self._runners: list[int] = []
        self._tool = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="lock sampler", daemon=True)
        self.offset = 0.0
        """What to add to this machine's clock to get the server's."""

    def __enter__(self) -> Self:
        with contextlib.closing(connect(self._dsn)) as connection:
            before = time.time()
            row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
            self.offset = cast(float, row[0]) - (before + time.time()) / 2 if row else 0.0
        self._thread.start()
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

    def take_seen(self) -> list[Seen]:
        """The other tool's statements seen so far; they are forgotten."""
        seen, self._seen = self._seen, {}
        return sorted(seen.values(), key=lambda one: one.begin)

    def take(self) -> tuple[list[Wait], list[Held]]:
        """The waits seen so far, and the locks of the migration's session; they are forgotten."""
        time.sleep(2 * INTERVAL_S)  # the last ones are seen to end
        waits, self._waits = self._waits, {}
        held, self._held = self._held, {}
        return sorted(waits.values(), key=lambda wait: wait.begin), list(held.values())

    def _sample(self) -> None:
        with contextlib.closing(connect(self._dsn)) as connection:
            connection.prepare_threshold = 0
            while not self._stop.wait(INTERVAL_S):
                with contextlib.suppress(psycopg.errors.Error):
                    self._look(connection)

    def _look(self, connection: psycopg.Connection[Any]) -> None:
        if self._tool:
            self._look_at_tool(connection)
        waits, runners = self._waits, set(self._runners)
        for pid, begin, now, blockers in connection.execute(_QUERY):
            own = pid in runners
            if own or runners.intersection(blockers):
                # a wait without its beginning is a very young one; it is found again with it
                key = (pid, round(begin, 2))
                first = waits[key].begin if key in waits else begin
                waits[key] = Wait(pid, first, now, own)
        if runners:
            at, held = self.now(), self._held
            for table, name, mode in connection.execute(_HELD, [list(runners)]):
                first = held[table, mode].begin if (table, mode) in held else at
                held[table, mode] = Held(table, name, mode, first, at)

    def _look_at_tool(self, connection: psycopg.Connection[Any]) -> None:
        seen, pids = self._seen, []
        for pid, text, active, begin, now in connection.execute(_TOOL):
            pids.append(pid)
            if active:
                seen[pid, begin] = Seen(text, begin, now)
        self._runners = pids
