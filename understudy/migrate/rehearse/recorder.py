"""Listens to the runner: the beginning and end of each statement, the locks it took, and in quiet what it wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from understudy.migrate.journal import Connection
from understudy.migrate.options import Moment, Options
from understudy.migrate.rehearse.model import Act, Cost, Run
from understudy.migrate.rehearse.sampler import Locks, Sampler, Seen
from understudy.migrate.resume import runs_alone
from understudy.migrate.script import Script

ORDER = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
"""The modes of locks, the weakest first."""
_LOCKS = """
SELECT c.oid::int8, c.oid::pg_catalog.regclass::text, l.mode FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_class c ON c.oid = l.relation
WHERE l.pid = %s AND l.granted AND l.locktype = 'relation' AND c.relkind IN ('r', 'p', 'm')
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) AND c.oid >= 16384
  AND c.relnamespace <> coalesce(pg_catalog.to_regnamespace('understudy')::oid, 0)
"""
_TABLES = "SELECT oid::int8 FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'm') AND oid >= 16384"
_MEASURE = """
SELECT pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_lsn, pg_catalog.pg_database_size(current_database()),
       (SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_catalog.pg_stat_xact_user_tables
        WHERE schemaname <> 'understudy'), extract(epoch FROM clock_timestamp())::float8
"""
_FILES = """
SELECT c.oid::pg_catalog.regclass::text, pg_catalog.pg_relation_filenode(c.oid)::int8,
       greatest(c.reltuples, 0)::bigint
FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'm') AND c.oid >= 16384
"""
_AFTER: tuple[Moment, ...] = ("done", "unjournaled")


def strongest(locks: Locks, old: set[int]) -> dict[str, str]:
    """The strongest mode of each of the old tables, by its name."""
    return {
        name: max(known, key=ORDER.index)
        for (oid, name), modes in locks.items()
        if oid in old and (known := [mode for mode in modes if mode in ORDER])
    }


class Recorder:
    """Records one run under load. Give its `options` to the runner, then ask for `run`."""

    def __init__(self, script: Script, sampler: Sampler) -> None:
        """Nothing is recorded yet."""
        self._script, self._sampler = script, sampler
        self._connection: Connection | None = None
        self._old: set[int] = set()
        self._held: Mapping[str, str] = {}
        self._seen = Seen()
        self.run = Run(script.path.stem, sampler.now())

    def options(self, options: Options) -> Options:
        """The runner's options with this recorder listening, before whoever listens already."""

        def trace(moment: Moment, label: str, place: int) -> None:
            self._trace(moment, place)
            options.trace(moment, label, place)

        def attach(connection: Connection) -> None:
            self._attach(connection)
            options.attach(connection)

        return replace(options, trace=trace, attach=attach)

    def _attach(self, connection: Connection) -> None:
        self._connection = connection
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        self._sampler.watch(cast(int, row[0]) if row else 0)
        self._old = {cast(int, oid) for (oid,) in connection.execute(_TABLES.encode())}

    def _trace(self, moment: Moment, place: int) -> None:
        now = self._sampler.now()
        if moment == "began":
            self.run.begin = now
        elif moment == "statement":
            self.run.acts = [act for act in self.run.acts if act.place < place or act.retries]
            self.run.acts.append(Act(place, self._script.statements[place].text, now))
            self._seen = self._sampler.begin_statement()
        elif moment in _AFTER and self.run.acts and not self.run.acts[-1].end:
            self._sampler.end_statement()
            self.run.acts[-1].end = now
            self._note_locks(self.run.acts[-1])
        elif moment == "waiting" and self.run.acts:
            self._waiting(self.run.acts[-1], now)
        elif moment == "finished":
            self.run.end = now
            self.run.waits = self._sampler.take()

    def _waiting(self, act: Act, now: float) -> None:
        act.retries += 1
        if self._script.transactional:  # all of it is rolled back and begun anew
            self._sampler.end_statement()
            act.end = now
            self._held = {}

    def _note_locks(self, act: Act) -> None:
        """What the statement holds that the ones before it did not, on tables that others may be using.

        Inside a transaction they are all held still, and whoever waits for them still waits: both are asked here and
        now. A statement that runs alone has given its locks back when it is done: the sampler saw them, or nobody did.
        """
        assert self._connection is not None  # noqa: S101 - attached before anything is traced
        pid = self._connection.info.backend_pid
        locks: Locks = {}
        for oid, name, mode in cast(Any, self._connection.execute(_LOCKS.encode(), [pid]).fetchall()):
            locks.setdefault((oid, name), set()).add(mode)
        if self._script.transactional or not runs_alone(self._script.statements[act.place]):
            self._sampler.look(cast(Any, self._connection))
        else:
            act.sampled = self._seen.looks > 0
            locks = self._seen.locks
        act.locks = held = strongest(locks, self._old)
        act.taken = frozenset(name for name, mode in held.items() if self._held.get(name) != mode)
        self._held = held if self._script.transactional else {}


class Meter:
    """Measures one run in quiet: give its `options` to the runner, then ask for `costs`."""

    def __init__(self) -> None:
        """Nothing is measured yet."""
        self._connection: Connection | None = None
        self._files: dict[str, tuple[int | None, int]] = {}
        self._before: tuple[Any, ...] = ()
        self.costs: dict[int, Cost] = {}

    def options(self, options: Options) -> Options:
        """The runner's options with this meter listening."""

        def trace(moment: Moment, label: str, place: int) -> None:
            self._trace(moment, place)
            options.trace(moment, label, place)

        def attach(connection: Connection) -> None:
            self._connection = connection
            options.attach(connection)

        return replace(options, trace=trace, attach=attach)

    def _trace(self, moment: Moment, place: int) -> None:
        assert self._connection is not None  # noqa: S101 - attached before anything is traced
        if moment == "statement":
            self._files = self._look()
            self._before = self._measure()
        elif moment in _AFTER and self._before:
            wal, disk, rows, now = (after - before for after, before in zip(self._measure(), self._before, strict=True))
            files = self._look()
            rewritten = {
                name: count
                for name, (file, count) in self._files.items()
                if name in files and files[name][0] != file and file is not None
            }
            self.costs[place] = Cost(float(now), int(rows), rewritten, int(wal), int(disk))
            self._before = ()

    def _measure(self) -> tuple[Any, ...]:
        assert self._connection is not None  # noqa: S101 - as above
        row: tuple[Any, ...] | None = self._connection.execute(_MEASURE.encode()).fetchone()
        return row or ()

    def _look(self) -> dict[str, tuple[int | None, int]]:
        assert self._connection is not None  # noqa: S101 - as above
        rows = cast(Any, self._connection.execute(_FILES.encode()).fetchall())
        return {name: (file, count) for name, file, count in rows}
