"""Invent rows for the tables of a schema that nobody described: enough to see whether a rollback loses any.

For each table in the order of its foreign keys a few rows are tried until the constraints accept one: values come from
the type, from enum labels, from the literals in CHECK constraints, and for a foreign key from the rows it points to.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from psycopg import sql

from understudy.catalog.names import JOURNAL_SCHEMA
from understudy.migrate.journal import Connection

_TABLES = """
SELECT c.oid::int8, n.nspname, c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname <> %s
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY 2, 3
"""
_COLUMNS = """
WITH RECURSIVE base AS (
    SELECT oid, oid AS domain, typtype, typbasetype, typcategory, typname FROM pg_type
    UNION ALL
    SELECT b.oid, t.oid, t.typtype, t.typbasetype, t.typcategory, t.typname
    FROM base b JOIN pg_type t ON t.oid = b.typbasetype WHERE b.typtype = 'd'
)
SELECT a.attname, b.typname, b.typcategory, a.attnotnull, a.atthasdef OR a.attidentity <> '', a.attgenerated <> ''
       OR a.attidentity = 'a',
       ARRAY(SELECT enumlabel FROM pg_enum e WHERE e.enumtypid = b.domain ORDER BY enumsortorder),
       ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.contype = 'c'
             AND (k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey) OR k.contypid IN
                  (SELECT domain FROM base x WHERE x.oid = a.atttypid)))
FROM pg_attribute a JOIN base b ON b.oid = a.atttypid AND b.typtype <> 'd'
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_KEYS = """
SELECT k.confrelid::int8, k.confrelid::regclass::text,
       ARRAY(SELECT attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, o)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY o),
       ARRAY(SELECT attname::text FROM unnest(k.confkey) WITH ORDINALITY u(n, o)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY o)
FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = %s AND k.conparentid = 0
"""
_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_ATTEMPTS = 40
_BY_NAME = {
    "uuid": ["{hex}"],
    "json": ['{{"n": {n}}}', "[]"],
    "jsonb": ['{{"n": {n}}}', "{{}}", "[]"],
    "bytea": ["\\x{hex}"],
    "xml": ["<a>{n}</a>"],
    "point": ["({n},{n})"],
    "box": ["(1,1),(0,0)"],
    "macaddr": ["08:00:2b:01:02:03"],
    "tsvector": ["word{n}"],
    "pg_lsn": ["0/{n}"],
    "time": ["10:00"],
    "timetz": ["10:00+00"],
    "cidr": ["192.0.2.0/24"],
}
_BY_CATEGORY = {
    "N": ["{n}", "1", "0", "{small}"],
    "S": ["sample{n}@example.com", "sample {n}", "word{n}", "x", "en"],
    "B": ["true", "false"],
    "D": ["2026-01-02 03:04:05", "2025-06-07"],
    "T": ["1 hour"],
    "I": ["192.0.2.1"],
    "A": ["{{}}"],
    "R": ["empty"],
    "V": ["1"],
}


@dataclass(frozen=True)
class Table:
    """A table by its number and its name in two parts."""

    oid: int
    schema: str
    name: str

    @property
    def identifier(self) -> sql.Identifier:
        """Its name for a statement."""
        return sql.Identifier(self.schema, self.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class _Column:
    name: str
    type: str
    category: str
    not_null: bool
    default: bool
    computed: bool
    labels: list[str]
    checks: list[str]

    def candidates(self, number: int, chance: random.Random) -> list[str]:
        given = self.labels + [text.replace("''", "'") for c in self.checks for text in _LITERAL.findall(c)]
        forms = _BY_NAME.get(self.type) or _BY_CATEGORY.get(self.category) or []
        fills = {"n": number, "small": number % 90 + 1, "hex": f"{chance.getrandbits(128):032x}"}
        made = [form.format(**fills) for form in forms]
        if "mail" in self.name:
            return made
        return given + made if self.category != "N" else made + [g for g in given if g.lstrip("-").isdigit()]


@dataclass(frozen=True)
class _Key:
    table: int
    relation: str
    columns: list[str]
    target: list[str]


def tables(connection: Connection) -> list[Table]:
    """The tables of a database, partitions and the journal left out."""
    return [Table(*cast(Any, row)) for row in connection.execute(_TABLES.encode(), [JOURNAL_SCHEMA])]


def insert_rows(connection: Connection, *, count: int, seed: int, skip: Sequence[str] = ()) -> list[Table]:
    """Insert rows into every table that takes some, and return the tables that took none.

    Args:
        connection: in autocommit mode.
        count: how many rows for each table.
        skip: names of tables to leave as they are.
        seed: other rows for another seed.
    """
    found = [table for table in tables(connection) if table.name not in skip]
    keys = {t.oid: [_Key(*cast(Any, r)) for r in connection.execute(_KEYS.encode(), [t.oid])] for t in found}
    refused = []
    for place, table in enumerate(_in_order(found, keys)):
        columns = [_Column(*cast(Any, row)) for row in connection.execute(_COLUMNS.encode(), [table.oid])]
        chance = random.Random(seed * 1000 + place)
        taken = sum(_insert(connection, table, columns, keys[table.oid], seed * 100 + n, chance) for n in range(count))
        if not taken:
            refused.append(table)
    return refused


def _in_order(found: Sequence[Table], keys: dict[int, list[_Key]]) -> list[Table]:
    """Those that are pointed to first; a circle is entered anywhere."""
    left, done, ordered = list(found), set[int](), list[Table]()
    while left:
        ready = [t for t in left if all(k.table in done or k.table == t.oid for k in keys[t.oid])] or left[:1]
        ordered += ready
        done |= {table.oid for table in ready}
        left = [table for table in left if table.oid not in done]
    return ordered


def _insert(
    connection: Connection,
    table: Table,
    columns: Sequence[_Column],
    keys: Sequence[_Key],
    number: int,
    chance: random.Random,
) -> bool:
    for attempt in range(_ATTEMPTS):
        values = _values(connection, columns, keys, number, attempt, chance)
        try:
            with connection.transaction():
                connection.execute(_statement(table, values), list(values.values()))
            return True
        except psycopg.Error:
            number += 1000
    return False


def _statement(table: Table, values: dict[str, str]) -> sql.Composed:
    if not values:
        return sql.SQL("INSERT INTO {} DEFAULT VALUES").format(table.identifier)
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        table.identifier,
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )


def _values(
    connection: Connection,
    columns: Sequence[_Column],
    keys: Sequence[_Key],
    number: int,
    attempt: int,
    chance: random.Random,
) -> dict[str, str]:
    """One attempt: first everything with the likeliest value, then by chance, in the end only what must be given."""
    values: dict[str, str] = {}
    sparing = attempt > _ATTEMPTS // 2
    for column in columns:
        optional = column.default or not column.not_null
        if column.computed or (optional and (sparing or (attempt and chance.random() < 0.3))):
            continue
        if candidates := column.candidates(number, chance):
            values[column.name] = candidates[0] if attempt == 0 else chance.choice(candidates)
    for key in keys:
        wanted = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in key.target)
        # any of them, and for the same seed the same
        query = sql.SQL("SELECT {0} FROM {1} ORDER BY md5(concat_ws(',', {0}, %s::text)) LIMIT 1")
        row = connection.execute(query.format(wanted, sql.SQL(key.relation)), [str(chance.random())]).fetchone()
        for name, value in zip(key.columns, row or [None] * len(key.columns), strict=True):
            values.pop(name, None)
            if value is not None:
                values[name] = str(value)
    return values
