"""How well people hide in a crowd: the sizes of the groups of rows that agree in some columns. Sizes, never values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from anonymizer.catalog import Connection
from anonymizer.identifiers import TableName, quote
from anonymizer.verify.model import Disclosure

_SMALLEST = 5


def measure(clone: Connection, table: TableName, columns: Sequence[str], *, declared: bool) -> Disclosure:
    """The groups of a table's rows by some columns. NULL is a value like any other: it tells as much.

    Args:
        clone: where.
        table: the table, its partitions included.
        columns: at least one, each compared as text.
        declared: whether the policy names them together.
    """
    keys = ", ".join(f"{quote(column)}::text" for column in columns)
    row = clone.execute(
        f"""WITH cells AS (SELECT count(*) AS size FROM {table.sql} GROUP BY {keys})
        SELECT coalesce(sum(size), 0)::bigint, coalesce(min(size), 0), count(*) FILTER (WHERE size = 1), count(*),
               ARRAY(SELECT size FROM cells ORDER BY size LIMIT {_SMALLEST}) FROM cells""".encode()
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has a row
    rows, k, alone, groups, smallest = row
    return Disclosure(table, tuple(columns), rows, k, alone, groups, tuple(smallest), declared)


def declared(clone: Connection, sets: Mapping[TableName, Sequence[Sequence[str]]]) -> Iterator[Disclosure]:
    """Every set of quasi-identifiers that the policy names, and before them each column of theirs by itself."""
    for table, some in sets.items():
        alone = dict.fromkeys(column for columns in some for column in columns)
        for column in alone:
            if [column] not in [list(columns) for columns in some]:
                yield measure(clone, table, [column], declared=False)
        for columns in some:
            yield measure(clone, table, columns, declared=True)
