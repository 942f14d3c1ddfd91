"""Is the distribution what the policy promises? Asked of the servers: one query a table and side, and no row crosses.

What masks promise of each row (`maskers.promises`) is one hash of 64 bits a row under a number of this run, and the sum
of all rows' hashes must be that of the other side. With a primary key that is kept, the key is in the hash, so that a
value must stand in its own row; without one, the rows of both sides must be the same as a bag. Only where the sums
differ is each promise asked for by itself, to say which is broken.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from anonymizer import servererrors
from anonymizer.catalog import Connection
from anonymizer.endpoint import Endpoint
from anonymizer.identifiers import TableName, quote
from anonymizer.maskers import promises
from anonymizer.maskers.base import INTEGERS
from anonymizer.maskers.promises import Promise
from anonymizer.pipeline import build
from anonymizer.plan import ColumnPlan, TablePlan
from anonymizer.subset.part import Part
from anonymizer.verify.model import PromiseCheck, RowCheck
from anonymizer.workers import Context, Report

GROUPED_ROWS = 2**20
"""Groups are sorted or hashed by the server; of more rows only what needs no groups is asked."""

LITTLE_ROWS = 2**14
"""A table of so many rows costs so little that all is asked of it even while a clone is made."""

_HASHED = frozenset({*INTEGERS, "bool", "numeric", "float4", "float8", "date", "timestamp", "timestamptz", "uuid"})
"""Types of which two servers make the same hash; all others are hashed as text."""

_OF_BYTES = frozenset({"nulls", "null", "empty", "distinct", "equal", "elements"})
_RECORD_HASH_VERSION = 140000
_MANY = 100
"""Of more columns of a row the hashes are hashed."""

_PRIMARY_KEYS = """
SELECT n.nspname, c.relname, ARRAY(
    SELECT a.attname FROM unnest(i.indkey::smallint[]) WITH ORDINALITY u (attnum, at)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
    WHERE u.at <= i.indnkeyatts ORDER BY u.at)::text[]
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE i.indisprimary
"""

Made = tuple[ColumnPlan, Promise]

Beside = tuple[tuple[RowCheck, ...], tuple[PromiseCheck, ...]]
"""What comes of laying a table of both sides beside each other."""


def keys(source: Connection, plans: Sequence[TablePlan]) -> dict[TableName, tuple[str, ...]]:
    """By table the columns of its primary key, where all of them are kept: by it a row is found on the other side."""
    plan_of = {plan.name: plan for plan in plans}
    found = {}
    for schema, table, columns in source.execute(_PRIMARY_KEYS.encode()):
        plan = plan_of.get(TableName(schema, table))
        kept = {column.name for column in plan.columns if not column.masked} if plan else set()
        if plan and columns and kept.issuperset(columns):
            found[plan.name] = tuple(columns)
    return found


def made(plan: TablePlan, context: Context) -> list[Made]:
    """What the masks of a table promise."""
    found = []
    for column in plan.masked:
        masker = build(column, context)
        setting = column.setting(context.key, context.locale, context.codec)
        array = column.is_array and column.mask.name != "null"
        found += [(column, promise) for promise in promises.of(masker, setting, is_array=array)]
    return found


@dataclass(frozen=True)
class Promised:
    """The job of asking both sides about one table.

    Attributes:
        key: its primary key where it is kept, else empty.
        seed: of the hashes, one that nobody knew before.
        snapshot: of the source.
        parts: the rows of the source that the clone is to have; None for all.
        rows: how many they are.
        thorough: whether columns that are kept are compared too, and groups.
    """

    plan: TablePlan
    key: tuple[str, ...]
    seed: int
    snapshot: str
    parts: tuple[Part, ...] | None
    rows: int
    thorough: bool = True

    def run(self, context: Context, report: Report) -> Beside:
        """Ask."""
        with _asking(context.source, self.snapshot) as source, _asking(context.target, "") as clone:
            wanted = made(self.plan, context)
            if source.info.parameter_status("server_encoding") == "SQL_ASCII":
                # where nobody knows what a character is, the server counts bytes, and masks what can be read as UTF-8
                wanted = [(column, p) for column, p in wanted if column.kind != "text" or p.name in _OF_BYTES]
            return (), _Comparison(self, wanted, source, clone).checks()

    @property
    def groups(self) -> bool:
        """Whether the server is asked for groups; those of several lists of rows cannot be added up."""
        return self.thorough and self.rows <= GROUPED_ROWS and (self.parts is None or len(self.parts) == 1)

    def origins(self, *, source: bool) -> list[str]:
        """What the rows of one side are selected from."""
        if self.parts is None or not source:
            return [f"ONLY {self.plan.name.sql}"]
        names = [column.name for column in self.plan.columns]
        return [f"{part.select(self.plan.name, names)} AS part" for part in self.parts]


@contextlib.contextmanager
def _asking(end: Endpoint, snapshot: str) -> Iterator[Connection]:
    try:
        with end.connect(autocommit=False) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if snapshot:
                connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'".encode())
            connection.execute("SET LOCAL jit = off")
            connection.execute("SET LOCAL work_mem = '64MB'")
            yield connection
    except psycopg.Error as error:
        raise servererrors.from_server(error, f"Comparing with {end.label}") from None


class _Comparison:
    """One table on both sides."""

    def __init__(self, job: Promised, made: Sequence[Made], source: Connection, clone: Connection) -> None:
        self._job, self._made = job, made
        self._sides = {True: source, False: clone}
        self._by_record = all(side.info.server_version >= _RECORD_HASH_VERSION for side in (source, clone))
        self._key = [_raw(column) for column in job.plan.columns if column.name in job.key]

    def checks(self) -> tuple[PromiseCheck, ...]:
        """What was promised, and whether it holds."""
        same = [(column, promise) for column, promise in self._made if promise.how == promises.SAME]
        kept = [column for column in self._job.plan.columns if self._job.thorough and not column.masked]
        held = self._together(same, kept)
        checks = [self._check(*one, None if held else self._apart(*one)) for one in same]
        checks += self._kept(kept, held=held)
        for column, promise in self._made:
            if promise.how == promises.WITHIN:
                checks.append(self._check(column, promise, self._within(column, promise)))
            elif promise.how not in (promises.SAME, promises.SHAPE):
                broken = self._grouped(column, promise) if self._job.groups else ""
                checks.append(self._check(column, promise, broken))
        if not held and all(check.verdict == "held" for check in checks):
            said = "what stands in one row did not stand in one row"
            checks.append(PromiseCheck(self._job.plan.name, "*", "keep", "rows", "broken", said))
        return tuple(checks)

    def _check(self, column: ColumnPlan, promise: Promise, broken: str | None) -> PromiseCheck:
        verdict = "held" if broken is None else "broken" if broken else "unasked"
        return PromiseCheck(self._job.plan.name, column.name, column.mask.name, promise.name, verdict, broken or "")

    def _together(self, same: Sequence[Made], kept: Sequence[ColumnPlan]) -> bool:
        """Whether every row has its counterpart, by all promises at once."""
        fixed = [*self._key, *(_raw(column) for column in kept if column.name not in self._job.key)]
        before = [*fixed, *(_on(column, promise.before) for column, promise in same)]
        after = [*fixed, *(_on(column, promise.after) for column, promise in same)]
        return not before or self._alike(before, after)

    def _apart(self, column: ColumnPlan, promise: Promise) -> str | None:
        """Why one promise is broken: in the bag of all rows, or in a row found by its key; "" where none was made."""
        if not self._met(column, promise):
            return ""
        before, after = _on(column, promise.before), _on(column, promise.after)
        if not self._alike([before], [after]):
            if promise not in (promises.NULLS, promises.NOTHING):
                return f"{promise.says} did not stay"
            counted = ["count(*) FILTER (WHERE {})"]
            ours, theirs = (
                self._ask(counted, [expr], source=side)[0] for expr, side in ((before, True), (after, False))
            )
            return f"{theirs} values are NULL, and {ours} must be"
        if self._key and not self._alike([*self._key, before], [*self._key, after]):
            return f"{promise.says} did not stay in its row"
        return None

    def _kept(self, kept: Sequence[ColumnPlan], *, held: bool) -> Iterator[PromiseCheck]:
        for column in kept:
            said, own = "", _raw(column)
            if not held and not self._alike([own], [own]):
                said = "its values are not those of the source"
            elif not held and self._key and not self._alike([*self._key, own], [*self._key, own]):
                said = "its values stand in other rows"
            verdict = "broken" if said else "held"
            yield PromiseCheck(self._job.plan.name, column.name, "keep", "kept", verdict, said)

    def _alike(self, before: Sequence[str], after: Sequence[str]) -> bool:
        """Whether the source's rows have `before` what the clone's have `after`, as bags."""
        ours, theirs = (
            self._ask(["sum({})"], [self._hash(exprs)], source=side) for exprs, side in ((before, True), (after, False))
        )
        return ours == theirs

    def _hash(self, exprs: Sequence[str]) -> str:
        if len(exprs) > _MANY:
            exprs = [self._hash(exprs[start : start + _MANY]) for start in range(0, len(exprs), _MANY)]
        row = f"ROW({', '.join(exprs)})"
        if self._by_record:
            # a record's hash is a sum over its columns: summed over rows it would not tell which stood together
            return f"hashint8extended(hash_record_extended({row}, {self._job.seed}), {self._job.seed})"
        return f"hashtextextended({row}::text, {self._job.seed})"

    def _within(self, column: ColumnPlan, promise: Promise) -> str | None:
        """Whether least, most and sum lie between those of the bounds."""
        low, after, high = (_on(column, text) for text in (promise.before, promise.after, promise.high))
        ours = self._ask(["min({})", "max({})", "sum({})", "sum({})"], [low, high, low, high], source=True)
        theirs = self._ask(["min({})", "max({})", "sum({})"], [after] * 3, source=False)
        if ours[0] is None or theirs[0] is None:
            return None
        if ours[0] <= theirs[0] and theirs[1] <= ours[1] and ours[2] <= theirs[2] <= ours[3]:
            return None
        return f"{promise.says} did not stay" if self._met(column, promise) else ""

    def _grouped(self, column: ColumnPlan, promise: Promise) -> str | None:
        """Whether the groups on both sides are as large, or in the same order, or not more."""
        if promise.how == promises.SHIFT and not self._told_apart(promise.subject):
            return ""
        ours, theirs = (
            self._sides[side].execute(self._groups(column, promise, source=side).encode()).fetchone() or (0, 0)
            for side in (True, False)
        )
        held = theirs[1] <= ours[1] if promise.how == promises.FEWER else ours == theirs
        return None if held else f"{promise.says} did not stay" if self._met(column, promise) else ""

    def _groups(self, column: ColumnPlan, promise: Promise, *, source: bool) -> str:
        """The query of one side: the sum of the hashes of groups, and how many groups there are."""
        expr = _on(column, promise.before if source else promise.after)
        (origin,) = self._job.origins(source=source)
        rows, by, told = f"FROM {origin} WHERE {quote(column.name)} IS NOT NULL", expr, "''"
        if promise.how == promises.ORDER:
            told = f"row_number() OVER (ORDER BY {expr})"
        if promise.how == promises.SHIFT:
            by, told = f'{quote(promise.subject)}::text COLLATE "C"', f"max({expr}) - min({expr})"
            rows += f" AND {quote(promise.subject)} IS NOT NULL"
        inner = f"SELECT concat(count(*), ' ', {told}) AS cell {rows} GROUP BY {by}"
        return f"SELECT coalesce(sum(hashtextextended(cell, {self._job.seed})), 0), count(*) FROM ({inner}) AS cells"

    def _told_apart(self, name: str) -> bool:
        """Whether different values of a column are different in the clone, and equal ones equal."""
        found = next(column for column in self._job.plan.columns if column.name == name)
        return not found.masked or any(
            c == found and promise.name == promises.DISTINCT.name for c, promise in self._made
        )

    def _met(self, column: ColumnPlan, promise: Promise) -> bool:
        given = f"bool_and({_on(column, promise.given or 'true')})"
        return all(
            row[0] is not False
            for origin in self._job.origins(source=True)
            for row in self._sides[True].execute(f"SELECT {given} FROM {origin}".encode())
        )

    def _ask(self, templates: Sequence[str], exprs: Sequence[str], *, source: bool) -> list[Any]:
        """Aggregates of one side, those of several lists of rows put together."""
        selected = ", ".join(template.replace("{}", expr) for template, expr in zip(templates, exprs, strict=True))
        rows = [
            self._sides[source].execute(f"SELECT {selected} FROM {origin}".encode()).fetchone() or ()
            for origin in self._job.origins(source=source)
        ]
        if not rows:
            return [None] * len(templates)
        together = []
        for template, values in zip(templates, zip(*rows, strict=True), strict=True):
            known = [value for value in values if value is not None]
            combine = {"min": min, "max": max}.get(template[:3], sum)
            together.append(combine(known) if known else None)
        return together


def merged(checks: Iterable[PromiseCheck]) -> tuple[PromiseCheck, ...]:
    """One verdict for each promise: broken if it is found to be in any way, held if in none and it was asked for."""
    ranks = ("broken", "held", "unasked")
    found: dict[tuple[TableName, str, str], PromiseCheck] = {}
    for check in checks:
        name = (check.table, check.column, check.promise)
        if name not in found or ranks.index(check.verdict) < ranks.index(found[name].verdict):
            found[name] = check
    return tuple(sorted(found.values(), key=lambda check: (check.table, check.column, check.promise)))


def _on(column: ColumnPlan, sql: str) -> str:
    return sql.replace("{}", quote(column.name))


def _raw(column: ColumnPlan) -> str:
    """A column as it is, in a form of which two servers make the same hash."""
    if column.base in _HASHED and not column.is_array:
        return quote(column.name)
    return f'{quote(column.name)}::text COLLATE "C"'
