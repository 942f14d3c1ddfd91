"""`policy preview`: a few rows before and after, masked by the very code of a clone, for one person's eyes.

What is returned holds unmasked values. Whoever prints it answers for where it goes: on a terminal, never in a log.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from anonymizer import catalog, copytext, plan
from anonymizer.catalog import Connection
from anonymizer.draft import reading
from anonymizer.encodings import CODECS
from anonymizer.endpoint import Endpoint
from anonymizer.identifiers import TableName
from anonymizer.keys import Key
from anonymizer.lookups import columns as looked_up
from anonymizer.lookups import joined
from anonymizer.pipeline import Transform
from anonymizer.plan import TablePlan
from anonymizer.policy import Policy
from anonymizer.workers import Context

Value = str | None


@dataclass(frozen=True)
class ColumnPreview:
    """A masked column. `before` and `after` are of the same rows, None where NULL; `repr` shows neither."""

    name: str
    mask: str
    before: tuple[Value, ...] = field(repr=False)
    after: tuple[Value, ...] = field(repr=False)

    @property
    def changed(self) -> int:
        """How many of the values shown are others than before."""
        return sum(one != other for one, other in zip(self.before, self.after, strict=True))


@dataclass(frozen=True)
class TablePreview:
    """A table, as the policy names it: how many rows are shown, and of which columns; `kept` are not shown."""

    table: TableName
    rows: int
    drops_rows: bool
    columns: tuple[ColumnPreview, ...]
    kept: tuple[str, ...]


def preview(source: Endpoint, rules: Policy, key: Key, rows: int) -> list[TablePreview]:
    """A few rows of each table before and after, read in one snapshot by a session that cannot write.

    Args:
        source: the database.
        rules: what may leave.
        key: the secret of the masks; with the clone's key the values are the clone's.
        rows: how many of each table.

    Raises:
        PolicyIncomplete: the policy does not fit; nothing was read.
        ServerFailed: the server reported an error.
    """
    with reading(source) as connection:
        tables, keys = catalog.tables(connection), catalog.foreign_keys(connection)
        plans = plan.lay(rules, tables, keys)
        codec = CODECS.get(catalog.database(connection).encoding, "ascii")
        context = Context(source, source, key, "", rules.locale, codec)
        found: dict[TableName, list[TablePreview]] = {}
        for one in plans:
            shown = found.setdefault(one.table.root, [])
            left = rows - sum(part.rows for part in shown)
            if left > 0 or not shown:
                shown.append(_table(connection, one, context, left))
        return [_joined(name, parts) for name, parts in sorted(found.items())]


def _table(connection: Connection, found: TablePlan, context: Context, rows: int) -> TablePreview:
    masked = found.masked
    kept = tuple(column.name for column in found.columns if not column.masked)
    if found.drops_rows or not masked or rows <= 0:
        return TablePreview(found.table.root, 0, found.drops_rows, (), kept)
    names, table = joined(f"ONLY {found.name.sql}", [column.name for column in found.columns], found.lookups)
    buffer = io.BytesIO()
    select = f"SELECT {names} FROM {table} LIMIT {rows:d}"
    with connection.cursor() as cursor, cursor.copy(f"COPY ({select}) TO STDOUT".encode()) as copy:
        for block in copy:
            buffer.write(block)
    before = buffer.getvalue()
    after = Transform(found.columns, context, lookups=found.lookups).block(before)
    columns = [f"c{number}" for number in range(len(found.columns))]
    behind = [f"l{number}" for number in range(len(looked_up(found.lookups)))]
    first, second = copytext.parse(before, [*columns, *behind]), copytext.parse(after, columns)
    shown = tuple(
        ColumnPreview(column.name, column.mask.name, _values(first[at]), _values(second[at]))
        for at, column in zip(columns, found.columns, strict=True)
        if column.masked
    )
    return TablePreview(found.table.root, len(first), False, shown, kept)


def _values(fields: pl.Series) -> tuple[Value, ...]:
    return tuple(copytext.unescape(fields).to_list())


def _joined(name: TableName, parts: Sequence[TablePreview]) -> TablePreview:
    """The partitions of a table as one; their columns may stand in another order."""
    first = next((part for part in parts if part.rows), parts[0])
    columns = tuple(
        ColumnPreview(
            column.name,
            column.mask,
            sum((other.before for part in parts for other in part.columns if other.name == column.name), ()),
            sum((other.after for part in parts for other in part.columns if other.name == column.name), ()),
        )
        for column in first.columns
    )
    return TablePreview(name, sum(part.rows for part in parts), first.drops_rows, columns, first.kept)
