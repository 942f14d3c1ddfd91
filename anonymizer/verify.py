"""Does any original value survive? Asked of the finished clone, with nothing to go by but the source and the policy.

For every masked column the values of the source are compared with those of the clone: none of the one may stand in
the other, unless the mask could have made it unseen (a name of its public pool, a text of three letters); such
coincidences are counted apart. Rows are counted on both sides, and every constraint of the source must stand in the
clone, and stand there proven.

Values are compared by 64-bit hashes, so memory is eight bytes for each different value of one table at a time.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl
import psycopg

from anonymizer import catalog, copytext, servererrors
from anonymizer import plan as planning
from anonymizer.catalog import Connection
from anonymizer.endpoint import Endpoint
from anonymizer.identifiers import TableName, quote
from anonymizer.keys import Key
from anonymizer.maskers import Masker
from anonymizer.pipeline import SMALL_BYTES, blocks, build, reading
from anonymizer.plan import ColumnPlan, TablePlan
from anonymizer.policy import Policy
from anonymizer.schema import Programs
from anonymizer.subset.choice import Source, choose
from anonymizer.subset.part import Part
from anonymizer.workers import Context, Job, Pool, Report

_HASH_SEED = 0x5EED
_NO_KEY = Key(bytes(32))
"""Verification masks nothing: it asks masks what they cover and what they could have made, which no key changes."""


@dataclass(frozen=True)
class ColumnCheck:
    """What was found of one masked column.

    Attributes:
        values: how many different values the source has.
        survivors: how many different ones of them stand in the clone and can only be the originals. Must be zero.
        coincidences: how many stand in the clone and could be the mask's own.
    """

    column: str
    mask: str
    values: int
    survivors: int
    coincidences: int


@dataclass(frozen=True)
class TableCheck:
    """What was found of one table. `expected_rows` is what the policy makes of the source's rows."""

    table: TableName
    expected_rows: int
    rows: int
    columns: tuple[ColumnCheck, ...]


@dataclass(frozen=True)
class Verification:
    """Everything that was checked. `problems` is empty when the clone is what it must be."""

    tables: tuple[TableCheck, ...]
    constraints: int
    problems: tuple[str, ...]

    @property
    def survivors(self) -> int:
        """How many original values survive, over all columns."""
        return sum(column.survivors for table in self.tables for column in table.columns)

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the clone."""
        return not self.problems


@dataclass(frozen=True)
class CheckTable:
    """The job of checking one table.

    Attributes:
        snapshot: the source's, empty for this moment.
        parts: the rows that the clone is to have; None for all.
    """

    plan: TablePlan
    snapshot: str = ""
    parts: tuple[Part, ...] | None = None

    def run(self, context: Context, report: Report) -> TableCheck:
        """Read the masked columns on both sides and compare."""
        name = self.plan.name
        masked = () if self.plan.drops_rows else self.plan.masked
        if not masked:
            expected = 0 if self.plan.drops_rows else self._expected(context)
            return TableCheck(name, expected, _count(context.target, name, ""), ())
        checks = [_Column(column, context) for column in masked]
        expected = self._read(context, context.source, self.snapshot, checks, report, originals=True)
        rows = self._read(context, context.target, "", checks, report, originals=False)
        return TableCheck(name, expected, rows, tuple(check.result() for check in checks))

    def _expected(self, context: Context) -> int:
        if self.parts is None:
            return _count(context.source, self.plan.name, self.snapshot)
        return sum(part.count for part in self.parts)

    def _selects(self, names: Sequence[str], *, originals: bool) -> list[str]:
        """What COPY reads to get these columns of all rows."""
        if originals and self.parts is not None:
            return [part.select(self.plan.name, names) for part in self.parts]
        return [f"{self.plan.name.sql} ({', '.join(map(quote, names))})"]

    def _read(
        self,
        context: Context,
        end: Endpoint,
        snapshot: str,
        checks: Sequence[_Column],
        report: Report,
        *,
        originals: bool,
    ) -> int:
        names = [f"c{position}" for position in range(len(checks))]
        rows = 0
        # by the source's size, which the clone has too
        small = self.plan.table.bytes <= SMALL_BYTES
        for select in self._selects([check.plan.name for check in checks], originals=originals):
            with reading(end, context.psql, snapshot, select, small=small) as pipe:
                for block in blocks(pipe, whole_rows=True):
                    frame = copytext.parse(block, names)
                    for name, check in zip(names, checks, strict=True):
                        values = copytext.unescape(frame.get_column(name)).drop_nulls()
                        check.see(values.filter(values != ""), originals=originals)
                    rows += frame.height
                    report(str(self.plan.name), frame.height, len(block))
        return rows


class _Hashes:
    """A set of 64-bit hashes: filled first, then asked. Eight bytes for each, in one sorted run."""

    def __init__(self) -> None:
        self._run = pl.Series(dtype=pl.UInt64)
        self._new: list[pl.Series] = []
        self._waiting = 0

    def add(self, hashes: pl.Series) -> None:
        """Add some. They are merged when they are as many as those before, so each is sorted a few times only."""
        self._new.append(hashes)
        self._waiting += len(hashes)
        if self._waiting > max(len(self._run), 2**16):
            self._merge()

    def _merge(self) -> None:
        if self._new:
            self._run = pl.concat([self._run, *self._new]).unique().sort()
            self._new, self._waiting = [], 0

    def has(self, hashes: pl.Series) -> pl.Series:
        """Which of these are in the set, as booleans."""
        self._merge()
        if not len(self._run):
            return pl.repeat(False, len(hashes), dtype=pl.Boolean, eager=True)
        at = self._run.search_sorted(hashes).clip(upper_bound=len(self._run) - 1)
        return self._run.gather(at) == hashes

    def __len__(self) -> int:
        self._merge()
        return len(self._run)


class _Column:
    """The values of one column, seen first in the source and then in the clone."""

    def __init__(self, plan: ColumnPlan, context: Context) -> None:
        self.plan = plan
        self._masker = build(plan, context)
        self._originals: dict[int, _Hashes] = defaultdict(_Hashes)
        self._survivors: dict[int, _Hashes] = defaultdict(_Hashes)
        self._coincidences: dict[int, _Hashes] = defaultdict(_Hashes)

    def see(self, values: pl.Series, *, originals: bool) -> None:
        """Take in a block's values, of the source or of the clone."""
        for group, (masker, parts) in enumerate(self._masker.groups(values)):
            # the empty string and null tell nothing about anybody
            parts = parts.filter(parts != "").unique()
            if originals:
                self._originals[group].add(parts.hash(_HASH_SEED))
            else:
                self._compare(group, masker, parts)

    def _compare(self, group: int, masker: Masker, parts: pl.Series) -> None:
        hashes = parts.hash(_HASH_SEED)
        known = self._originals[group].has(hashes)
        if not known.any():
            return
        excused = masker.could_be_ours(parts.filter(known)).fill_null(False)
        self._coincidences[group].add(hashes.filter(known).filter(excused))
        self._survivors[group].add(hashes.filter(known).filter(~excused))

    def result(self) -> ColumnCheck:
        """What was found, once both sides have been seen."""
        return ColumnCheck(
            self.plan.name,
            self.plan.mask.name,
            sum(map(len, self._originals.values())),
            sum(map(len, self._survivors.values())),
            sum(map(len, self._coincidences.values())),
        )


def _count(end: Endpoint, table: TableName, snapshot: str) -> int:
    """A table's own rows. By a session of ours: for a number a psql child would cost ten times as much."""
    try:
        with end.connect(autocommit=False) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if snapshot:
                connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'".encode())
            row = connection.execute(f"SELECT count(*) FROM ONLY {table.sql}".encode()).fetchone()
    except psycopg.Error as error:
        raise servererrors.from_server(error, f"Counting the rows of {table}") from None
    assert row is not None  # noqa: S101 - an aggregate has a row
    return int(row[0])


def verify(
    source: Endpoint,
    clone: Endpoint,
    policy: Policy,
    programs: Programs,
    *,
    key: Key | None = None,
    codec: str = "utf-8",
    jobs: int = 0,
    report: Report = lambda *_: None,
) -> Verification:
    """Check a finished clone against its source as it is now.

    Args:
        source: the database that was cloned; read in one snapshot.
        clone: what was made of it.
        policy: the rules it was made by.
        programs: PostgreSQL's client programs.
        key: the clone's, where the policy has a subset that draws rows; nothing else depends on it.
        codec: Python's name of the source's encoding.
        jobs: how many worker processes; 0 for one for each processor.
        report: called as rows are read.

    Raises:
        PolicyIncomplete: the policy does not fit the source.
        AnonymizerError: one of the two cannot be read.
    """
    context = Context(source, clone, _NO_KEY, str(programs.psql), policy.locale, codec)
    try:
        with (
            source.connect(autocommit=False) as connection,
            Pool(context, jobs or os.cpu_count() or 1) as pool,
        ):
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            row = connection.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
            assert row is not None  # noqa: S101 - a SELECT without FROM has a row
            tables = catalog.tables(connection)
            plans = planning.lay(policy, tables, catalog.foreign_keys(connection))
            held = Source(connection, source, str(programs.psql), str(row[0]))
            subset = choose(held, policy, key or _NO_KEY, tables, plans)
            checks: list[Job] = [CheckTable(plan, str(row[0]), subset.of(plan.name)) for plan in plans]
            return conclude(pool.run(checks, report), source, clone)
    except psycopg.Error as error:
        raise servererrors.from_server(error, f"Reading the catalog of {source.label}") from None


_CONSTRAINTS = """
SELECT n.nspname, c.relname, k.conname, k.contype, k.convalidated
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)' AND k.contype <> 'n'
"""
_INVALID_INDEXES = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND n.nspname !~ '^pg_'
"""


def constraints(source: Connection, clone: Connection) -> tuple[int, list[str]]:
    """How many constraints the source has, and what is wrong with them in the clone."""
    ours = {row[:4]: bool(row[4]) for row in source.execute(_CONSTRAINTS)}
    theirs = {row[:4]: bool(row[4]) for row in clone.execute(_CONSTRAINTS)}
    problems = []
    for (schema, table, name, kind), validated in ours.items():
        where = f"{TableName(schema, table)}: the constraint {name}"
        if (schema, table, name, kind) not in theirs:
            problems.append(f"{where} is missing")
        elif validated and not theirs[schema, table, name, kind]:
            problems.append(f"{where} is not validated")
    invalid = set(clone.execute(_INVALID_INDEXES)) - set(source.execute(_INVALID_INDEXES))
    problems += [f"the index {TableName(schema, name)} is invalid" for schema, name in sorted(invalid)]
    return len(ours), problems


def conclude(tables: Iterable[TableCheck], source: Endpoint, clone: Endpoint) -> Verification:
    """Put the checks of all tables and of the constraints together.

    Raises:
        ServerFailed: a catalog could not be read.
    """
    checked = tuple(sorted(tables, key=lambda check: check.table))
    problems = [problem for check in checked for problem in _problems(check)]
    try:
        with source.connect() as ours, clone.connect() as theirs:
            count, found = constraints(ours, theirs)
    except psycopg.Error as error:
        raise servererrors.from_server(error, "Comparing constraints") from None
    return Verification(checked, count, (*problems, *found))


def _problems(check: TableCheck) -> list[str]:
    problems = []
    if check.rows != check.expected_rows:
        problems.append(f"{check.table}: {check.rows} rows, and {check.expected_rows} were expected")
    for column in check.columns:
        if column.survivors:
            problems.append(
                f"{check.table}.{column.column}: {column.survivors} of {column.values} original values survive "
                f"(mask {column.mask})"
            )
    return problems
