"""The order of the checks."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
from psycopg import sql

from understudy.errors import UnderstudyError
from understudy.migrate.files import Migration, read_folder
from understudy.migrate.verify import contents, crash, queries
from understudy.migrate.verify.bench import Bench, Check, Step
from understudy.migrate.verify.rows import insert_rows
from understudy.postgres import connect

ROWS = 3
_SEQUENCES_DENIED = """
SELECT DISTINCT s.oid::regclass::text FROM pg_attrdef a
JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_class'::regclass
JOIN pg_class s ON s.oid = d.refobjid
WHERE a.adrelid = to_regclass(%s)
  AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(%s, s.oid, 'USAGE') ELSE false END ORDER BY 1
"""
"""The sequences that a table's defaults take numbers from, and that a role may not. An identity column asks nobody."""


class Walk:
    """Goes up one migration at a time and yields a `Check` for everything tried."""

    def __init__(self, bench: Bench) -> None:
        """Reads the files; nothing is run yet."""
        self.bench = bench
        self.migrations = read_folder(bench.folder)
        self.recorded = queries.read_queries(bench.settings.queries) if bench.settings.queries else []
        self._understood = set[str]()

    def checks(self) -> Iterator[Check]:
        """All of them. The walk ends where a migration cannot be applied at all."""
        with self.bench.scratch() as walker:
            empty = self.bench.snapshot(walker)
            below = 0
            for migration in self.migrations:
                before = self.bench.snapshot(walker)
                with self.bench.scratch(walker) as template:
                    applied = timed("up", migration, lambda m=migration: self._up(walker, m))  # type: ignore[misc]
                    yield applied
                    if not applied.ok:
                        return
                    after = self.bench.snapshot(walker)
                    yield from self._of_one(Step(migration, below, template, before, after, empty))
                below = migration.version
            top = self.bench.snapshot(walker)
            yield timed("twice is a no-op", None, lambda: self._twice(walker))
            yield timed("what the release needs", None, lambda: needs(self.bench, walker))
            if self.recorded:
                yield timed("recorded queries", None, self._recorded)
        yield timed("two runners at once", None, lambda: self._race(top))

    def _up(self, walker: str, migration: Migration) -> list[str]:
        self.bench.up(walker, migration.version)
        return []

    def _of_one(self, step: Step) -> Iterator[Check]:
        migration = step.migration
        if migration.down is None:
            yield Check("rollback", migration.label, 0.0, (f"{migration.label} has no rollback",))
        else:
            yield timed("up, down, up with rows", migration, lambda: self._round_trip(step))
            yield timed("from empty and back", migration, lambda: self._prefix(step))
        yield timed("ended at every statement", migration, lambda: crash.check(self.bench, step))

    def _round_trip(self, step: Step) -> tuple[list[str], list[str]]:
        bench, version = self.bench, step.migration.version
        problems: list[str] = []
        with bench.scratch(step.template) as dsn:
            with contextlib.closing(connect(dsn)) as connection:
                refused = set(map(str, insert_rows(connection, count=ROWS, seed=1)))
                at_first, understood = contents.read_contents(connection), queries.prepare(connection, self.recorded)
            bench.up(dsn, version)
            with contextlib.closing(connect(dsn)) as connection:
                refused |= set(map(str, insert_rows(connection, count=ROWS, seed=2)))
                at_top = contents.read_contents(connection)
                after = queries.prepare(connection, self.recorded)
                self._understood |= {place for place, answer in after.items() if not isinstance(answer, str)}
                if step.migration.up.phase != "contract":
                    problems += queries.broken(understood, after)
            bench.down(dsn, step.below)
            problems += bench.differences(step.before, dsn, "after the rollback")
            with contextlib.closing(connect(dsn)) as connection:
                at_last = contents.read_contents(connection)
            problems += [f"up and down: {text}" for text in contents.lost(at_first, at_last, at_first)]
            if not problems:
                found = contents.lost(at_top, at_last, at_first)
                problems += [f"the rollback: {text} that the migration did not create" for text in found]
            if not problems:
                bench.up(dsn, version)
                problems += bench.differences(step.after, dsn, "up again")
        return problems, [f"no row could be made for {table}" for table in sorted(refused)]

    def _prefix(self, step: Step) -> list[str]:
        with self.bench.scratch() as dsn:
            self.bench.up(dsn, step.migration.version)
            problems = self.bench.differences(step.after, dsn, "from empty in one go")
            self.bench.down(dsn, 0)
            return problems + self.bench.differences(step.empty, dsn, "all the way back")

    def _recorded(self) -> list[str]:
        """A query that no schema on the way understood has proven nothing."""
        never = [query for query in self.recorded if queries.place(query) not in self._understood]
        return [f"the recorded query of {queries.place(query)} is understood at no migration" for query in never]

    def _twice(self, walker: str) -> list[str]:
        before = self.bench.snapshot(walker)
        again = self.bench.up(walker)
        said = [f"a second up applied {again} migrations"] if again else []
        return said + self.bench.differences(before, walker, "after a second up")

    def _race(self, top: object) -> list[str]:
        with self.bench.scratch() as dsn, ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda _: self.bench.up(dsn), range(2)))
            if sum(done) != len(self.migrations):
                return [f"two runners applied {done[0]} and {done[1]} of {len(self.migrations)} migrations"]
            return self.bench.differences(top, dsn, "after two runners")  # type: ignore[arg-type]


def verify(bench: Bench) -> Iterator[Check]:
    """Try everything with our own runner; roles that the migrations need are made for that time.

    Raises:
        MigrationFileError: the files cannot be used.
    """
    with roles(bench):
        yield from Walk(bench).checks()


def needs(bench: Bench, dsn: str) -> list[str]:
    """Whether the tables of the settings exist, and the application's role may use them."""
    said = []
    with contextlib.closing(connect(dsn)) as connection:
        for table in bench.settings.tables:
            row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone()
            if not (row and row[0]):
                said.append(f"the table {table} does not exist")
                continue
            for privilege in bench.settings.privileges if bench.settings.role else ():
                given = connection.execute(
                    "SELECT has_table_privilege(%s, %s, %s) AND has_schema_privilege(%s,"
                    " (SELECT relnamespace FROM pg_class WHERE oid = to_regclass(%s)), 'USAGE')",
                    [bench.settings.role, table, privilege, bench.settings.role, table],
                ).fetchone()
                if not (given and given[0]):
                    said.append(f"the role {bench.settings.role} may not {privilege} on {table}")
            if bench.settings.role and "INSERT" in bench.settings.privileges:
                for (name,) in connection.execute(_SEQUENCES_DENIED, [table, bench.settings.role]):
                    said.append(f"the role {bench.settings.role} may not use {name}, which numbers {table}")
    return said


@contextlib.contextmanager
def roles(bench: Bench) -> Iterator[None]:
    """The roles that the migrations need, for as long as the block lasts, where the server lacks them."""
    wanted = {*bench.settings.roles, *([bench.settings.role] if bench.settings.role else [])}
    with bench.server.administer() as connection:
        there = {str(name) for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        made = [sql.Identifier(name) for name in sorted(wanted - there)]
        for name in made:
            connection.execute(sql.SQL("CREATE ROLE {}").format(name))
    try:
        yield
    finally:
        with bench.server.administer() as connection:
            for name in made:
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(name))


def timed(
    name: str, migration: Migration | None, check: Callable[[], list[str] | tuple[list[str], list[str]]]
) -> Check:
    """Try something; an error of ours is a problem like any other."""
    began = time.monotonic()
    problems: list[str] = []
    notes: list[str] = []
    try:
        found = check()
        problems, notes = found if isinstance(found, tuple) else (found, [])
    except UnderstudyError as error:
        problems = [" ".join(str(error).split("\n"))]
    except psycopg.Error as error:
        problems = [f"the server said: {error.diag.message_primary or error.sqlstate}"]
    label = migration.label if migration else None
    return Check(name, label, time.monotonic() - began, tuple(problems), tuple(notes))
