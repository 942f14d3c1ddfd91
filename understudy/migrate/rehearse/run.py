"""The order of a rehearsal."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from understudy.migrate import runner
from understudy.migrate.errors import MigrationRefused
from understudy.migrate.files import Migration, read_folder
from understudy.migrate.options import Options
from understudy.migrate.rehearse.load import Load, RunningLoad, running
from understudy.migrate.rehearse.model import Pulse, Rehearsal, Rehearsed, Run
from understudy.migrate.rehearse.recorder import Meter, Recorder
from understudy.migrate.rehearse.sampler import Sampler
from understudy.migrate.rehearse.settings import Budget
from understudy.migrate.script import Script
from understudy.migrate.status import status
from understudy.postgres import Server, connect, programs
from understudy.postgres.errors import PostgresError

SETTLE_S = 1.0
"""How long the load runs before and after a migration, so that the picture shows what is usual."""


def rehearse(
    dsn: str,
    folder: Path,
    *,
    label: str,
    load: Load,
    budget: Budget,
    redo: int = 0,
    options: Options | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Rehearsal:
    """Rehearse on a copy that nobody else needs; it is changed.

    Args:
        dsn: the copy.
        folder: the migrations.
        label: what it is a copy of.
        load: what goes on meanwhile.
        budget: what may be exceeded.
        redo: how many of those that are applied already to rehearse as well. Each is rehearsed where the copy was taken
            down to just below it, the last one first: so the tables below still have their rows.
        options: the runner's, as in production.
        progress: is told what is under way.

    Raises:
        MigrationRefused: there is nothing to rehearse.
        MigrateError: a migration failed.
    """
    options = options or Options()
    found = status(dsn, folder)
    pending = {standing.version for standing in found.pending}
    again = sorted(standing.version for standing in found.standings if standing.entry)[-redo:] if redo else []
    migrations = {one.version: one for one in read_folder(folder)}
    if not pending and not again:
        raise MigrationRefused(
            "there is nothing to rehearse",
            detail=f"Every migration is applied to {label}.",
            hint="Rehearse the last ones again with --redo N.",
        )
    size = database_size(dsn)
    done, loads = dict[int, Rehearsed](), list[RunningLoad]()
    with Sampler(dsn) as sampler:
        for version in [*sorted(pending), *reversed(again)]:
            migration = migrations[version]
            progress(migration.label)
            if version in again:
                runner.down(dsn, folder, to=_number_below(folder, migration), options=options)
            done[version] = _one(dsn, folder, migration, sampler, load, loads, options, idle=version in again)
    ordered = [done[version] for version in sorted(done)]
    return finished(label, size, server_version(dsn), load, ordered, loads, sampler.offset, budget)


def finished(
    label: str,
    size: int,
    server: str,
    load: Load,
    migrations: Sequence[Rehearsed],
    loads: Sequence[RunningLoad],
    offset: float,
    budget: Budget,
) -> Rehearsal:
    """Everything together; pgbench's times are this machine's, so `offset` brings them to the server's clock."""
    pulses = [Pulse(pulse.at + offset, pulse.latency) for one in loads for pulse in one.pulses]
    failures = sorted({text for one in loads for text in one.failures})
    return Rehearsal(label, size, server, load.said(), migrations, pulses, failures, budget)


def _one(
    dsn: str,
    folder: Path,
    migration: Migration,
    sampler: Sampler,
    load: Load,
    loads: list[RunningLoad],
    options: Options,
    *,
    idle: bool,
) -> Rehearsed:
    below = _number_below(folder, migration)

    def up(with_: Options) -> object:
        return runner.up(dsn, folder, to=migration.version, options=with_)

    def down(with_: Options) -> object:
        return runner.down(dsn, folder, to=below, options=with_)

    with running(dsn, load, idle=idle) as at_work:
        loads.append(at_work)
        loaded = _under_load(migration.up, sampler, up, options)
        undone = _under_load(migration.down, sampler, down, options) if migration.down else None
    meter = Meter()
    if undone:
        up(meter.options(options))
    costs = [meter.costs[place] for place in sorted(meter.costs)]
    return Rehearsed(migration.label, loaded, undone, costs, idle=at_work.idle)


def _under_load(script: Script, sampler: Sampler, run: Callable[[Options], object], options: Options) -> Run:
    time.sleep(SETTLE_S)
    recorder = Recorder(script, sampler)
    run(recorder.options(options))
    time.sleep(SETTLE_S)
    return recorder.run


def _number_below(folder: Path, migration: Migration) -> int:
    return max((one.version for one in read_folder(folder) if one.version < migration.version), default=0)


def database_size(dsn: str) -> int:
    """Its bytes on disk."""
    return int(str(_ask(dsn, "SELECT pg_database_size(current_database())")))


def server_version(dsn: str) -> str:
    """What it runs on."""
    return f"PostgreSQL {_ask(dsn, 'SHOW server_version')}"


def _ask(dsn: str, query: str) -> object:
    with contextlib.closing(connect(dsn)) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


@contextlib.contextmanager
def copied(source: Server, database: str, target: Server | None = None, *, jobs: int = 2) -> Iterator[str]:
    """A copy of a database for as long as the block lasts: by the server itself, or by dump and restore.

    Args:
        source: the server that has it.
        database: its name.
        target: the server of the copy; the same one when None.
        jobs: how many tables at once, where it is dumped.
    """
    place = target or source
    with contextlib.ExitStack() as stack:
        name = f"rehearsal_{time.time_ns():x}"
        if target is None and _copied_by_server(source, database, name):
            stack.callback(source.drop_database, name)
            yield source.dsn(name)
            return
        dsn = stack.enter_context(place.scratch(prefix="rehearsal"))
        _dump_and_restore(source.dsn(database), dsn, source.major(), place.major(), jobs)
        yield dsn


def _copied_by_server(server: Server, database: str, name: str) -> bool:
    """False when somebody is connected to the database, or when we may not."""
    try:
        server.create_database(name, template=database, strategy="file_copy")
    except PostgresError:
        return False
    return True


def _dump_and_restore(source: str, target: str, source_major: int, target_major: int, jobs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="understudy-rehearsal-") as folder:
        dump = f"{folder}/dump"
        programs.run("pg_dump", "-Fd", f"-j{jobs}", f"-f{dump}", "-Z0", dsn=source, server_major=source_major)
        newest = max(source_major, target_major)
        arguments: Sequence[str] = ("--no-owner", "--no-privileges", "--exit-on-error", f"-j{jobs}", dump)
        programs.run("pg_restore", *arguments, dsn=target, server_major=newest)
    with contextlib.closing(connect(target)) as connection:
        connection.execute("ANALYZE")
