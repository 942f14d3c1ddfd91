"""Some rows of a table, from its beginning, its end and in between: what was added last week stands at the end."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from anonymizer.catalog import Column, Connection, Table
from anonymizer.identifiers import quote

LONGEST = 2000
"""Of a sampled value no more characters than this are looked at, but of documents all."""

_TID_RANGE_VERSION = 140000
"""Before this a range of ctids is found by reading the whole table."""

_STRIDES = 8
_SMALL_PAGES = 16
_LAST_PAGES = 4

Value = str | None


def parts_of(table: Table, tables: Sequence[Table]) -> list[Table]:
    """Where the rows of a table are: in itself, or in the partitions below it."""
    return [part for part in tables if part.root == table.name and not part.partitioned and not part.foreign]


def values(
    connection: Connection, parts: Sequence[Table], columns: Sequence[Column], sample: int
) -> dict[str, list[str]]:
    """Some values of each column as text, without NULLs and empty strings.

    Args:
        connection: a session that reads.
        parts: the table, or its partitions.
        columns: of these columns; each part has them all.
        sample: about how many rows to look at.
    """
    found: dict[str, list[str]] = {column.name: [] for column in columns}
    if not sample or not columns:
        return found
    chosen = ", ".join(_text(column) for column in columns)
    each = max(1, -(-sample // max(1, len(parts))))
    for part in parts:
        for row in rows(connection, part, chosen, each):
            for column, value in zip(columns, row, strict=True):
                if value:
                    found[column.name].append(value)
    return found


def _text(column: Column) -> str:
    name = quote(column.name)
    # a document, an array or a row that is cut is none
    whole = column.kind in ("json", "hstore", "composite") or column.is_array
    return f"{name}::text" if whole else f"left({name}::text, {LONGEST})"


def rows(connection: Connection, table: Table, chosen: str, count: int) -> Iterator[tuple[Value, ...]]:
    """About so many rows of one table that holds rows: half of them from all over it, half the last ones.

    Args:
        connection: a session that reads.
        table: no partitioned one.
        chosen: what to select, as SQL.
        count: how many.
    """
    if table.pages <= _SMALL_PAGES or connection.info.server_version < _TID_RANGE_VERSION:
        yield from connection.execute(f"SELECT {chosen} FROM ONLY {table.name.sql} LIMIT {count:d}".encode())
        if table.pages > _LAST_PAGES:
            yield from _last(connection, table, chosen, count)
        return
    starts = [table.pages * number // _STRIDES for number in range(_STRIDES)]
    each = -(-count // (2 * _STRIDES))
    for start, end in itertools.pairwise([*starts, table.pages]):
        where = f"ctid >= '({start:d},0)'::tid AND ctid < '({end:d},0)'::tid"
        yield from connection.execute(
            f"SELECT {chosen} FROM ONLY {table.name.sql} WHERE {where} LIMIT {each:d}".encode()
        )
    yield from _last(connection, table, chosen, -(-count // 2))


def _last(connection: Connection, table: Table, chosen: str, count: int) -> Iterator[tuple[Value, ...]]:
    """The rows of the last pages, the newest first; the table may have grown since its size was asked."""
    start = max(0, table.pages - _LAST_PAGES)
    yield from connection.execute(
        f"SELECT {chosen} FROM ONLY {table.name.sql} WHERE ctid >= '({start:d},0)'::tid "
        f"ORDER BY ctid DESC LIMIT {count:d}".encode()
    )
