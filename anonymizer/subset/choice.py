"""The choice of rows, from the policy's rules to parts that chunks can be made of, and the report of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from anonymizer.catalog import Connection, Table
from anonymizer.endpoint import Endpoint
from anonymizer.identifiers import TableName
from anonymizer.keys import Key
from anonymizer.plan import TablePlan
from anonymizer.policy import Policy
from anonymizer.subset import closure, condition
from anonymizer.subset.closure import Closed, Edge, Reason
from anonymizer.subset.part import Part, parts
from anonymizer.subset.references import Reference, references, relation, touched
from anonymizer.subset.rows import Reader, drawing_key, numbers, of_table
from anonymizer.subset.rules import Rule


@dataclass(frozen=True)
class TableSubset:
    """What comes of one table, its partitions together, and why. `rule` is its own, in words."""

    table: TableName
    source_rows: int
    rows: int
    rule: str | None
    reasons: tuple[Reason, ...]

    def record(self) -> dict[str, Any]:
        """As JSON has it (docs/json.md); without any value."""
        return {
            "table": str(self.table),
            "source_rows": self.source_rows,
            "rows": self.rows,
            "rule": self.rule,
            "reasons": [
                {
                    "kind": reason.kind,
                    "table": None if reason.table is None else str(reason.table),
                    "constraint": reason.constraint,
                    "rows": reason.rows,
                }
                for reason in self.reasons
            ],
        }


@dataclass(frozen=True)
class Subset:
    """Which rows come.

    Attributes:
        tables: every table that hangs together with a named one; all others come whole.
        parts: the rows of each table or partition that does not come whole.
        rules: what was asked for.
    """

    tables: tuple[TableSubset, ...] = ()
    parts: Mapping[TableName, tuple[Part, ...]] = field(default_factory=dict)
    rules: Mapping[TableName, Rule] = field(default_factory=dict)

    def of(self, table: TableName) -> tuple[Part, ...] | None:
        """The rows of a table or partition; None for all of them."""
        return self.parts.get(table)

    def record(self) -> dict[str, Any] | None:
        """For the attestation: rules and numbers, no value. None where all rows come."""
        if not self.rules:
            return None
        return {
            "rules": [{"table": str(table), **rule.record()} for table, rule in sorted(self.rules.items())],
            "tables": [table.record() for table in self.tables],
        }


@dataclass(frozen=True)
class Source:
    """What is chosen from: a snapshot of a source, and a session that holds it.

    Attributes:
        jobs: how many queries may run at a time.
    """

    connection: Connection
    end: Endpoint
    psql: str
    snapshot: str
    jobs: int = 1


def choose(source: Source, policy: Policy, key: Key, tables: Sequence[Table], plans: Sequence[TablePlan]) -> Subset:
    """Choose rows by the policy's subset. The source is only read: places, and digests of keys.

    Raises:
        ConditionRefused: a condition is none that the source understands, or one that might act.
        ServerFailed: the source reported an error.
    """
    rules = policy.subset
    if not rules:
        return Subset()
    by_name = {table.name: table for table in tables}
    for name, rule in rules.items():
        if rule.where is not None:
            condition.prove(source.connection, name, relation(by_name[name]), rule.where)
    found = references(source.connection, tables, policy)
    together = sorted(touched(rules, found))
    found = [reference for reference in found if reference.child in rules or reference.child in together]
    keys = {name: _primary_key(source.connection, by_name[name]) for name in rules}
    reader = Reader(source.end, source.psql, source.snapshot, [plan.table.oid for plan in plans])
    with ThreadPoolExecutor(source.jobs) as threads:
        places = dict(
            zip(together, threads.map(lambda name: reader.all(relation(by_name[name])), together), strict=True)
        )

        def chosen(name: TableName) -> pl.Series:
            rows = reader.chosen(name, relation(by_name[name]), rules[name], drawing_key(key, name), keys[name])
            return pl.repeat(False, len(places[name]), dtype=pl.Boolean, eager=True).scatter(
                places[name].search_sorted(rows), True
            )

        def edge(one: Reference) -> Edge:
            pairs = reader.pairs(one.child_from, one.parent_from, one.condition)
            return Edge(one.constraint, one.child, one.parent, numbers(pairs, places[one.child], places[one.parent]))

        drawn = dict(zip(rules, threads.map(chosen, rules), strict=True))
        edges = list(threads.map(edge, found))
    sizes = {name: len(rows) for name, rows in places.items()}
    closed = closure.close(sizes, edges, drawn)
    return Subset(_report(rules, closed), _parts(plans, places, closed), rules)


def _report(rules: Mapping[TableName, Rule], closed: Mapping[TableName, Closed]) -> tuple[TableSubset, ...]:
    return tuple(
        TableSubset(
            name,
            len(one.rows),
            int(one.rows.sum()),
            str(rules[name]) if name in rules else None,
            one.reasons,
        )
        for name, one in sorted(closed.items())
    )


def _parts(
    plans: Sequence[TablePlan], places: Mapping[TableName, pl.Series], closed: Mapping[TableName, Closed]
) -> dict[TableName, tuple[Part, ...]]:
    found = {}
    come = {name: places[name].filter(one.rows) for name, one in closed.items()}
    for number, plan in enumerate(plans):
        root = plan.table.root
        if root not in come:
            continue
        rows = of_table(come[root], number)
        if len(rows) < len(of_table(places[root], number)):
            found[plan.name] = parts(rows)
    return found


def _primary_key(connection: Connection, table: Table) -> list[str]:
    rows = connection.execute(
        "SELECT a.attname FROM pg_catalog.pg_index i, pg_catalog.unnest(i.indkey::smallint[]) "
        "WITH ORDINALITY u (key, at) "
        "JOIN pg_catalog.pg_attribute a ON a.attnum = u.key "
        "WHERE i.indrelid = %s AND i.indisprimary AND a.attrelid = i.indrelid AND u.at <= i.indnkeyatts ORDER BY u.at",
        [table.oid],
    ).fetchall()
    return [str(name) for (name,) in rows]
