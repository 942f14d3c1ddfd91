"""CHECK constraints and domains, tried on masked rows before anything is loaded.

A few rows of each table in question are read, masked as the clone would, and handed back to the source's server in a
SELECT, which knows every type and every function that a condition calls. The session cannot write. What cannot be tried
that way (a condition over a generated column or over the whole row, a function that writes) the load still enforces.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import psycopg

from anonymizer import copytext
from anonymizer.catalog import Connection
from anonymizer.finding import Finding
from anonymizer.identifiers import quote
from anonymizer.lookups import joined
from anonymizer.pipeline import Transform
from anonymizer.plan import ColumnPlan, TablePlan
from anonymizer.workers import Context

SAMPLE = 500
"""How many rows of a table are tried, at the most."""

_BYTES = 4 * 2**20
"""About so much of a table is read for it, at the most."""

_CHECKS = """
SELECT k.conrelid, k.conname, pg_catalog.pg_get_expr(k.conbin, k.conrelid),
       ARRAY(SELECT a.attname FROM unnest(k.conkey) u (attnum)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum)::text[]
FROM pg_catalog.pg_constraint k
WHERE k.contype = 'c' AND k.convalidated AND k.conrelid = ANY (%s) AND k.conkey IS NOT NULL
ORDER BY k.conrelid, k.conname
"""

_REFUSED = ("22", "23")
"""Classes of errors that are about a value: data exceptions and integrity constraints."""


@dataclass(frozen=True)
class _Check:
    name: str
    expression: str
    columns: tuple[str, ...]


def broken(connection: Connection, plans: Sequence[TablePlan], context: Context) -> list[Finding]:
    """The constraints and domains that masked rows do not satisfy, with the masks that break them. No value is in it.

    Args:
        connection: a session that reads the source, in a transaction.
        plans: what happens to each table.
        context: the key and the encoding of the masks.
    """
    masked = [plan for plan in plans if plan.masked and not plan.drops_rows]
    checks: dict[int, list[_Check]] = {}
    for oid, name, expression, columns in connection.execute(_CHECKS, [[plan.table.oid for plan in masked]]):
        checks.setdefault(oid, []).append(_Check(name, expression, tuple(columns)))
    found: dict[tuple[str, str], Finding] = {}
    for plan in masked:
        names = {column.name for column in plan.masked}
        own = [check for check in checks.get(plan.table.oid, []) if names & set(check.columns)]
        unusual = [
            column
            for column in plan.masked
            for known in plan.table.columns
            if known.name == column.name and not known.builtin
        ]
        if own or unusual:
            for finding in _of_table(connection, plan, own, unusual, context):
                found.setdefault((finding.table, finding.message), finding)
    return list(found.values())


def _of_table(
    connection: Connection, plan: TablePlan, checks: Sequence[_Check], unusual: Sequence[ColumnPlan], context: Context
) -> Iterator[Finding]:
    values = _masked_rows(connection, plan, context)
    rows = len(next(iter(values.values()), ()))
    wrong = set()
    for column in unusual:
        query = f"SELECT count(v::{_type(plan, column.name)}) FROM unnest(%s::text[]) u (v)"
        said = _refusal(connection, query, [values[column.name]])
        if said is not None:
            wrong.add(column.name)
            message = f"what the mask {column.mask} makes is none of the type {_type(plan, column.name)}{said}"
            yield Finding("check", str(plan.table.root), column.name, message)
    for check in checks:
        if not rows or wrong & set(check.columns) or not set(check.columns) <= set(values):
            continue
        count = _violations(connection, plan, check, values)
        if count:
            masks = [c for c in plan.masked if c.name in check.columns]
            names = " and ".join(f"{column.mask} on {column.name}" for column in masks)
            message = f'what the mask {names} makes violates check constraint "{check.name}" in {count} of {rows} rows'
            yield Finding("check", str(plan.table.root), masks[0].name, message)


def _type(plan: TablePlan, name: str) -> str:
    return next(column.type for column in plan.table.columns if column.name == name)


def _masked_rows(connection: Connection, plan: TablePlan, context: Context) -> dict[str, list[str | None]]:
    """The columns of some rows, as the clone would have them."""
    names, table = joined(f"ONLY {plan.name.sql}", [column.name for column in plan.columns], plan.lookups)
    buffer = io.BytesIO()
    each = plan.table.bytes // max(1, plan.table.rows)
    count = min(SAMPLE, max(1, _BYTES // max(1, each)))
    select = f"SELECT {names} FROM {table} LIMIT {count:d}"
    with connection.cursor() as cursor, cursor.copy(f"COPY ({select}) TO STDOUT".encode()) as copy:
        for block in copy:
            buffer.write(block)
    fields = [f"c{number}" for number in range(len(plan.columns))]
    frame: pl.DataFrame = copytext.parse(
        Transform(plan.columns, context, lookups=plan.lookups).block(buffer.getvalue()), fields
    )
    return {
        column.name: copytext.unescape(frame.get_column(field)).to_list()
        for field, column in zip(fields, plan.columns, strict=True)
    }


def _violations(connection: Connection, plan: TablePlan, check: _Check, values: dict[str, list[str | None]]) -> int:
    """How many of the rows do not satisfy a constraint; 0 where that cannot be tried."""
    names = check.columns
    arrays = ", ".join("%s::text[]" for _ in names)
    fields = ", ".join(f"f{number}" for number in range(len(names)))
    columns = ", ".join(f"f{number}::{_type(plan, name)} AS {quote(name)}" for number, name in enumerate(names))
    # what pg_get_expr writes may have a per cent sign, which is not ours to fill in
    expression = check.expression.replace("%", "%%")
    query = (
        f"SELECT count(*) FILTER (WHERE ({expression}) IS FALSE) "
        f"FROM (SELECT {columns} FROM unnest({arrays}) u ({fields})) AS {quote(plan.name.name)}"
    )
    try:
        with connection.transaction():
            row = connection.execute(query.encode(), [values[name] for name in names]).fetchone()
    except psycopg.Error:
        return 0
    return int(row[0]) if row else 0


def _refusal(connection: Connection, query: str, values: list[list[str | None]]) -> str | None:
    """Why the server does not take values, in words that hold none; None where it does, or where nobody can say."""
    try:
        with connection.transaction():
            connection.execute(query.encode(), values)
    except psycopg.Error as error:
        if not (error.sqlstate or "").startswith(_REFUSED):
            return None
        return f" (constraint {error.diag.constraint_name})" if error.diag.constraint_name else ""
    return None
