"""Rehearse another tool's commands: nobody tells us of its steps, so its sessions are watched from outside."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, cast

from understudy.migrate.rehearse.load import Load, RunningLoad, running
from understudy.migrate.rehearse.model import Act, Cost, Rehearsal, Rehearsed, Run
from understudy.migrate.rehearse.recorder import strongest
from understudy.migrate.rehearse.run import SETTLE_S, database_size, finished, server_version
from understudy.migrate.rehearse.sampler import Sampler
from understudy.migrate.rehearse.settings import Budget
from understudy.migrate.tool import OtherTool
from understudy.postgres import connect

_TABLES = "SELECT oid::int8 FROM pg_class WHERE relkind IN ('r', 'p', 'm') AND oid >= 16384"
_WAL = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"


def rehearse_tool(dsn: str, tool: OtherTool, *, label: str, load: Load, budget: Budget, redo: int = 0) -> Rehearsal:
    """Run the tool's up, down and up again on a copy.

    Statements shorter than the sampling (10 ms) may not be seen; waits are seen as with our own runner.

    Args:
        dsn: the copy; it is changed.
        tool: the commands.
        label: what it is a copy of.
        load: what goes on meanwhile.
        budget: what may be exceeded.
        redo: how often to run the tool's down first.

    Raises:
        MigrateError: a command failed.
    """
    for _ in range(redo):
        tool.down(dsn)
    size, loads = database_size(dsn), list[RunningLoad]()
    with Sampler(dsn) as sampler:
        sampler.watch_tool()
        with running(dsn, load) as at_work:
            loads.append(at_work)
            up = _watched(dsn, sampler, tool.up_command, lambda: tool.up(dsn))
            down = _watched(dsn, sampler, tool.down_command, lambda: tool.down(dsn)) if tool.down_command else None
    costs = [_measured(dsn, lambda: tool.up(dsn))] if down else []
    one = Rehearsed(tool.up_command, up, down, costs)
    return finished(label, size, server_version(dsn), load, [one], loads, sampler.offset, budget)


def _watched(dsn: str, sampler: Sampler, label: str, command: Callable[[], object]) -> Run:
    with contextlib.closing(connect(dsn)) as connection:
        old = {cast(int, oid) for (oid,) in connection.execute(_TABLES.encode())}
    time.sleep(SETTLE_S)
    run = Run(label, sampler.now())
    command()
    run.end = sampler.now()
    run.waits = sampler.take()
    for place, seen in enumerate(sampler.take_seen()):
        locks = strongest(seen.locks, old)
        run.acts.append(Act(place, seen.text, seen.begin, seen.end, locks, frozenset(locks), sampled=seen.looks > 0))
    time.sleep(SETTLE_S)
    return run


def _measured(dsn: str, command: Callable[[], object]) -> Cost:
    def measure() -> tuple[int, int]:
        with contextlib.closing(connect(dsn)) as connection:
            row: tuple[Any, ...] | None = connection.execute(_WAL.encode()).fetchone()
            return int(row[0]) if row else 0, database_size(dsn)

    wal, disk = measure()
    began = time.monotonic()
    command()
    seconds = time.monotonic() - began
    after_wal, after_disk = measure()
    return Cost(seconds, 0, {}, after_wal - wal, after_disk - disk)
