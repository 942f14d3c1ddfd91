"""Run a statement on a scratch database and see what it did: the catalog before and after, and the locks."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from understudy.catalog.names import JOURNAL_SCHEMA
from understudy.migrate.journal import Connection
from understudy.migrate.resume import name_tokens, runs_alone
from understudy.migrate.statements import Statement

_OURS = f"n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '{JOURNAL_SCHEMA}')"
_TABLES = f"""
SELECT c.oid::int8, format('%I.%I', n.nspname, c.relname), c.relkind::text, pg_relation_filenode(c.oid)::int8
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') AND {_OURS}
"""
_COLUMNS = f"""
SELECT a.attrelid::int8, a.attnum::int, a.attname, a.attnotnull
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND {_OURS}
"""
_INDEXES = f"""
SELECT i.indexrelid::int8, i.indrelid::int8, format('%I', c.relname),
       ARRAY(SELECT a.attname FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(n, o)
             LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.n ORDER BY o), i.indpred IS NULL
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}
"""
_CONSTRAINTS = f"""
SELECT k.oid::int8, k.conrelid::int8, k.confrelid::int8, k.contype::text, format('%I', k.conname), k.convalidated,
       pg_get_constraintdef(k.oid), k.conindid::int8,
       ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY u(n, o)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY o)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.conparentid = 0 AND {_OURS}
"""
_LOCKS = """
SELECT relation::int8, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted
"""


@dataclass(frozen=True)
class Table:
    """A table or materialized view: its name for SQL, its kind (r, p, m) and the file its rows are in."""

    name: str
    kind: str
    file: int | None


@dataclass(frozen=True)
class Index:
    """An index: its table, and its columns in order (None for an expression)."""

    table: int
    name: str
    columns: list[str | None]
    whole: bool


@dataclass(frozen=True)
class Constraint:
    """A constraint; `kind` is c, f, n, p, u or x as in pg_constraint."""

    table: int
    referenced: int
    kind: str
    name: str
    valid: bool
    definition: str
    index: int
    columns: list[str]


@dataclass(frozen=True)
class World:
    """The schema at a moment, by the catalog's own numbers."""

    tables: Mapping[int, Table]
    columns: Mapping[tuple[int, int], tuple[str, bool]]
    """(table, number) -> name and whether it is NOT NULL."""
    indexes: Mapping[int, Index]
    constraints: Mapping[int, Constraint]


@dataclass(frozen=True)
class Effect:
    """What a statement did.

    Args:
        before, after: the schema.
        locks: the modes that were held when it was done, by table; in a file that is one transaction those of the
            statements before it are among them. None are known of a statement that runs alone.
        old: the tables that were there before the file: new ones have no rows and no users.
        target: the table that an UPDATE or DELETE names.
    """

    before: World
    after: World
    locks: Mapping[int, frozenset[str]]
    old: frozenset[int]
    target: int | None = None

    def old_tables(self) -> dict[int, Table]:
        """The tables that somebody may be using, as they were before the statement."""
        return {oid: table for oid, table in self.before.tables.items() if oid in self.old}


def look(connection: Connection) -> World:
    """The schema now."""

    def rows(query: str) -> list[Any]:
        return connection.execute(query.encode()).fetchall()

    return World(
        {oid: Table(*rest) for oid, *rest in rows(_TABLES)},
        {(table, number): (name, not_null) for table, number, name, not_null in rows(_COLUMNS)},
        {oid: Index(*rest) for oid, *rest in rows(_INDEXES)},
        {oid: Constraint(*rest) for oid, *rest in rows(_CONSTRAINTS)},
    )


def observe(connection: Connection, statement: Statement, old: frozenset[int], before: World, *, begun: bool) -> Effect:
    """Run a statement and say what it did.

    Args:
        connection: on the scratch database.
        statement: what to run.
        old: the tables that were there before its file.
        before: the schema now.
        begun: whether the file's transaction is open; otherwise the statement has one of its own, if it bears one.

    Raises:
        psycopg.Error: the server refuses it.
    """
    locks: dict[int, set[str]] = {}
    target = _target(connection, statement)
    alone = runs_alone(statement) and not begun
    with contextlib.nullcontext() if begun or alone else connection.transaction():
        connection.execute(statement.text.encode())
        if not alone:
            for relation, mode in cast(Any, connection.execute(_LOCKS.encode()).fetchall()):
                locks.setdefault(relation, set()).add(mode)
    after = look(connection)
    if statement.words[0] == "ROLLBACK":  # to a savepoint: what goes was never there for anybody else
        before = after
    return Effect(before, after, {oid: frozenset(modes) for oid, modes in locks.items()}, old, target)


def _target(connection: Connection, statement: Statement) -> int | None:
    """The table that an UPDATE or DELETE names, as the session's search_path finds it."""
    if statement.words[0] not in ("UPDATE", "DELETE"):
        return None
    tokens = list(statement.tokens[1:])
    while tokens and tokens[0].text.upper() in ("FROM", "ONLY"):
        del tokens[0]
    name = "".join(token.text for token in name_tokens(tokens))
    row = connection.execute("SELECT pg_catalog.to_regclass(%s)::oid::int8", [name]).fetchone()
    return cast(int, row[0]) if row and row[0] is not None else None
