"""How likely a mask is to repeat itself in a column: its different values are counted, and none is remembered."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
import psycopg

from anonymizer import copytext, maskers
from anonymizer.catalog import Connection, Table
from anonymizer.finding import Finding
from anonymizer.identifiers import TableName, quote
from anonymizer.keys import Key
from anonymizer.maskers import Masker
from anonymizer.maskers.forms import told_apart
from anonymizer.odds import said, weighted
from anonymizer.plan import Repetition, column_plan
from anonymizer.policy import Policy

_NO_KEY = Key(bytes(32))
"""How often a mask repeats itself depends on no key."""

_BLOCK = 2**21


def count(
    connection: Connection, policy: Policy, tables: Sequence[Table], findings: Sequence[Finding]
) -> dict[tuple[TableName, str], Repetition]:
    """The odds for the columns that findings are about; not for types that cannot be told apart.

    Args:
        connection: a session that reads the source, in a transaction.
        policy: what may leave.
        tables: of the source.
        findings: of masks that repeat themselves.
    """
    found = {}
    for table in tables:
        for finding in findings:
            column = next((c for c in table.columns if c.name == finding.column), None)
            if str(table.name) != finding.table or column is None or column.is_array:
                continue
            mask = policy.tables[table.name].mask_of(column.name)
            masker = (
                maskers.build(mask, column_plan(column, mask).setting(_NO_KEY, policy.locale, "utf-8"))
                if mask
                else None
            )
            if masker is None:
                continue
            with contextlib.suppress(psycopg.errors.UndefinedFunction), connection.transaction():
                counted = _count(connection, table, column.name, masker)
                if counted is not None:
                    found[table.name, column.name] = counted
    return found


def _count(connection: Connection, table: Table, column: str, masker: Masker) -> Repetition | None:
    source = table.name.sql if table.partitioned else f"ONLY {table.name.sql}"
    name = quote(column)
    empty = " AND {name}::text <> ''" if masker.keeps_empty else ""
    where = f"{name} IS NOT NULL{empty.format(name=name)}"
    if spread := maskers.spread(masker):
        row = connection.execute(f"SELECT count(DISTINCT {name}) FROM {source} WHERE {where}".encode()).fetchone()
        values = int(row[0]) if row else 0
        return Repetition(values, sum(spread.values()), weighted(values, spread))
    blocks = _distinct(connection, f"SELECT DISTINCT {name} FROM {source} WHERE {where}")
    apart = (told_apart(masker.setting, block) for block in blocks)
    return _keyless(masker, apart) if masker.keyless else _parted(masker, apart)


def _distinct(connection: Connection, query: str) -> Iterator[pl.Series]:
    """The values of a query, some at a time."""
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT".encode()) as copy:
        buffer = io.BytesIO()
        for row in copy:
            buffer.write(row)
            if buffer.tell() > _BLOCK:
                yield copytext.unescape(copytext.parse(buffer.getvalue(), ["v"]).get_column("v"))
                buffer = io.BytesIO()
        if buffer.tell():
            yield copytext.unescape(copytext.parse(buffer.getvalue(), ["v"]).get_column("v"))


def _keyless(masker: Masker, blocks: Iterator[pl.Series]) -> Repetition:
    """Of a mask that has no secret: what it makes is what it would make."""
    values, outputs = 0, np.empty(0, dtype=np.uint64)
    for block in blocks:
        values += len(block)
        hashes = maskers.apply(masker, block).hash().to_numpy()
        outputs = np.union1d(outputs, hashes)
    return Repetition(values, len(outputs), said([(values, {1: len(outputs)})]) if len(outputs) < values else "nil")


def _parted(masker: Masker, blocks: Iterator[pl.Series]) -> Repetition | None:
    """Of a mask whose outputs depend on a value's shape: the parts meet in no output."""
    parts: Counter[str] = Counter()
    for block in blocks:
        for part, values in masker.parts(block).value_counts(name="values").iter_rows():
            parts[part] += values
    spreads = {part: maskers.spread(masker, part) for part in parts}
    known = [(parts[part], spread) for part, spread in spreads.items() if spread is not None]
    if not known or len(known) < len(parts):
        return None
    outputs = sum(sum(spread.values()) for _, spread in known)
    return Repetition(parts.total(), outputs, said(known))
