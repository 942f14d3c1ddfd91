"""How well people hide in a crowd: the sizes of the groups of rows that agree in some columns. Sizes, never values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from anonymizer import servererrors
from anonymizer.catalog import Connection
from anonymizer.identifiers import TableName, quote
from anonymizer.plan import TablePlan
from anonymizer.verify.model import Disclosure
from anonymizer.workers import Context, Report

_SMALLEST = 5

_LONG = frozenset({"json", "xml", "bytea", "tsvector", "hstore", "composite", "other"})
"""Kinds of columns whose values are long: they are told apart by their hashes."""


def measure(
    clone: Connection, table: TableName, columns: Sequence[str], *, declared: bool, hashed: Collection[str] = ()
) -> Disclosure:
    """The groups of a table's rows by some columns. NULL is a value like any other: it tells as much.

    Args:
        clone: where.
        table: the table, its partitions included.
        columns: at least one, each compared as text.
        declared: whether the policy names them together.
        hashed: those of them whose texts are compared by a hash of 64 bits.
    """
    texts = {column: f"{quote(column)}::text" for column in columns}
    texts |= {column: f'hashtextextended({quote(column)}::text COLLATE "C", 0)' for column in hashed}
    keys = ", ".join(texts[column] for column in columns)
    row = clone.execute(
        f"""WITH cells AS (SELECT count(*) AS size FROM {table.sql} GROUP BY {keys})
        SELECT coalesce(sum(size), 0)::bigint, coalesce(min(size), 0), count(*) FILTER (WHERE size = 1), count(*),
               ARRAY(SELECT size FROM cells ORDER BY size LIMIT {_SMALLEST}) FROM cells""".encode()
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has a row
    rows, k, alone, groups, smallest = row
    return Disclosure(table, tuple(columns), rows, k, alone, groups, tuple(smallest), declared)


@dataclass(frozen=True)
class Alone:
    """The job of measuring each column of a table by itself. Its result: one `Disclosure` for each."""

    table: TableName
    columns: tuple[str, ...]
    hashed: frozenset[str]

    def run(self, context: Context, report: Report) -> tuple[Disclosure, ...]:
        """Ask the clone."""
        try:
            with context.target.connect() as clone:
                clone.execute("SET work_mem = '64MB'")
                return tuple(
                    measure(clone, self.table, [column], declared=False, hashed=self.hashed & {column})
                    for column in self.columns
                )
        except psycopg.Error as error:
            raise servererrors.from_server(error, f"Measuring {context.target.label}") from None


def alone(
    plans: Sequence[TablePlan],
    sets: Mapping[TableName, Sequence[Sequence[str]]],
    rows: Mapping[TableName, int],
    most: int | None,
) -> list[Alone]:
    """The jobs of measuring the columns that stand in no declared set, of tables in which anything is masked.

    Args:
        plans: every table that holds rows; partitions are measured together.
        sets: those that the policy declares.
        rows: how many rows each table has.
        most: of a table of more rows nothing is measured; None for no such limit.
    """
    jobs = []
    for root in dict.fromkeys(plan.table.root for plan in plans if plan.masked and not plan.drops_rows):
        own = [plan for plan in plans if plan.table.root == root]
        size = sum(rows[plan.name] for plan in own)
        if most is not None and size > most:
            continue
        known = {column for columns in sets.get(root, ()) for column in columns}
        columns = [column for column in own[0].columns if column.name not in known]
        hashed = frozenset(column.name for column in columns if column.kind in _LONG or column.is_array)
        jobs.append(Alone(root, tuple(column.name for column in columns), hashed))
    return jobs


def declared(clone: Connection, sets: Mapping[TableName, Sequence[Sequence[str]]]) -> Iterator[Disclosure]:
    """Every set of quasi-identifiers that the policy names, and before them each column of theirs by itself."""
    for table, some in sets.items():
        alone = dict.fromkeys(column for columns in some for column in columns)
        for column in alone:
            if [column] not in [list(columns) for columns in some]:
                yield measure(clone, table, [column], declared=False)
        for columns in some:
            yield measure(clone, table, columns, declared=True)
