"""Verify another tool's commands: nobody tells us of its files or its steps, so it is tried as a whole, and downwards.

How it works. From empty to the top; then down as often as there is something to undo. Wherever it stands on the way, a
copy is taken up again and must be the very schema of the top, and no row may be lost either way. What runs inside a
command cannot be ended at a statement, and which migration is a contract is not known.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from psycopg import sql

from understudy.catalog import Snapshot
from understudy.errors import UnderstudyError
from understudy.migrate.errors import MigrateError
from understudy.migrate.tool import OtherTool
from understudy.migrate.verify import contents, queries
from understudy.migrate.verify.bench import Bench, Check
from understudy.migrate.verify.contents import Contents
from understudy.migrate.verify.rows import insert_rows, tables
from understudy.migrate.verify.run import ROWS, needs, roles, timed
from understudy.postgres import connect

_STEPS_AT_MOST = 2000


def verify_tool(bench: Bench, tool: OtherTool) -> Iterator[Check]:
    """Try everything that can be tried with another tool's commands."""
    with roles(bench):
        yield from _Descent(bench, tool).checks()


@dataclass(frozen=True)
class _Depth:
    """Where a database stands on the way down: its schema, its rows, and which recorded queries it understands.

    `all_rows` has those of the tool's own journal as well: a step that touches nothing else is still a step.
    """

    schema: Snapshot
    rows: Contents
    all_rows: Contents
    understood: queries.Prepared


class _Descent:
    def __init__(self, bench: Bench, tool: OtherTool) -> None:
        self.bench, self.tool = bench, tool
        self.recorded = queries.read_queries(bench.settings.queries) if bench.settings.queries else []

    def checks(self) -> Iterator[Check]:
        with self.bench.scratch() as dsn:
            empty = self.bench.snapshot(dsn)
            applied = timed("up", None, lambda: self._up(dsn))
            yield applied
            if not applied.ok:
                return
            top = self.bench.snapshot(dsn)
            yield timed("twice is a no-op", None, lambda: self._twice(dsn, top))
            yield timed("what the release needs", None, lambda: needs(self.bench, dsn))
            yield from self._down(dsn, empty, top)
        yield timed("two runners at once", None, lambda: self._race(top))

    def _up(self, dsn: str) -> list[str]:
        self.tool.up(dsn)
        return []

    def _twice(self, dsn: str, top: Snapshot) -> list[str]:
        before = self._depth(dsn)
        self.tool.up(dsn)
        lost = contents.lost(before.rows, self._depth(dsn).rows, before.rows)
        return self.bench.differences(top, dsn, "after a second up") + lost

    def _down(self, dsn: str, empty: Snapshot, top: Snapshot) -> Iterator[Check]:
        """One step after the other, with rows in the tables, until nothing changes any more."""
        if self.tool.down_command is None:
            yield Check("down", None, 0.0, ("understudy.toml names no command that undoes migrations",))
            return
        with contextlib.closing(connect(dsn)) as connection:
            refused = insert_rows(connection, count=ROWS, seed=1, skip=self.bench.settings.journal)
        yield Check("rows", None, 0.0, notes=tuple(f"no row could be made for {table}" for table in refused))
        above, failed, step = self._depth(dsn), None, 0
        for step in range(_STEPS_AT_MOST):
            try:
                self.tool.down(dsn)
            except MigrateError as error:  # at the bottom most tools fail; whether this is it is seen below
                failed = error
                break
            below = self._depth(dsn)
            if not self.bench.compare(above.schema, below.schema) and _same(above.all_rows, below.all_rows):
                break
            yield timed(f"down {step + 1} and up again", None, lambda a=above, b=below: self._step(dsn, a, b, top))  # type: ignore[misc]
            above = below
        yield timed("all the way back", None, lambda: self._bottom(dsn, empty, failed, steps=step))

    def _step(self, dsn: str, above: _Depth, below: _Depth, top: Snapshot) -> tuple[list[str], list[str]]:
        problems = [f"down: {text}" for text in contents.lost(above.rows, below.rows, below.rows)]
        with self.bench.scratch(dsn) as copy:
            self.tool.up(copy)
            problems += self.bench.differences(top, copy, "up again")
            lost = contents.lost(below.rows, self._depth(copy).rows, below.rows)
            problems += [f"up again: {text}" for text in lost]
        notes = [
            f"{text}; whether the migration is a contract is not known"
            for text in queries.broken(below.understood, above.understood)
        ]
        return problems, notes

    def _bottom(self, dsn: str, empty: Snapshot, failed: UnderstudyError | None, *, steps: int) -> list[str]:
        with self.bench.scratch(dsn) as copy:
            with contextlib.closing(connect(copy)) as connection:
                for table in tables(connection):
                    if table.name in self.bench.settings.journal:
                        connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(table.identifier))
            said = self.bench.differences(empty, copy, "all the way back")
        if said and failed:
            said.insert(0, " ".join(str(failed).split("\n")))
        return said if steps else [*said, "down undid nothing"]

    def _race(self, top: Snapshot) -> tuple[list[str], list[str]]:
        with self.bench.scratch() as dsn, ThreadPoolExecutor(2) as pool:

            def attempt(_: int) -> str | None:
                try:
                    self.tool.up(dsn)
                except MigrateError as error:
                    return " ".join(str(error).split("\n"))
                return None

            said = [error for error in pool.map(attempt, range(2)) if error]
            problems = self.bench.differences(top, dsn, "after two runners")
            if len(said) == 2:
                problems += said
            return problems, [f"one of the two failed, and did no harm: {error}" for error in said[:1]]

    def _depth(self, dsn: str) -> _Depth:
        with contextlib.closing(connect(dsn)) as connection:
            held = contents.read_contents(connection)
            understood = queries.prepare(connection, self.recorded)
        own = self.bench.settings.journal
        rows = {name: table for name, table in held.items() if name.rpartition(".")[2] not in own}
        return _Depth(self.bench.snapshot(dsn), rows, held, understood)


def _same(one: Contents, other: Contents) -> bool:
    return not contents.lost(one, other, one) and not contents.lost(other, one, other)
