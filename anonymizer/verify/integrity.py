"""Does the clone hold together? Asked of its rows, not of what its catalog claims.

A constraint is built by reading every row, and a clone that was edited afterwards is checked by PostgreSQL at every
write; but a trigger that is switched off, a session with session_replication_role = replica, or an index on a text
whose collation has changed can break both unseen. So references are followed and unique keys are counted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import psycopg

from anonymizer import catalog, servererrors
from anonymizer.catalog import Connection, ForeignKey
from anonymizer.endpoint import Endpoint
from anonymizer.identifiers import TableName, quote
from anonymizer.maskers.base import INTEGERS
from anonymizer.workers import Context, Report

_OURS = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"
_CONSTRAINTS = f"""
SELECT n.nspname, c.relname, k.conname, k.contype, k.convalidated, k.condeferrable, k.condeferred,
       coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true'
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS} AND k.contype <> 'n'
"""
_TRIGGERS = f"""
SELECT n.nspname, c.relname, coalesce('of the constraint ' || k.conname, t.tgname), t.tgtype::int, f.proname,
       t.tgenabled
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
WHERE {_OURS}
"""
_INVALID_INDEXES = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND n.nspname !~ '^pg_'
"""
_KEYS = f"""
SELECT n.nspname, c.relname, x.relname, ARRAY(
    SELECT '(' || pg_catalog.pg_get_indexdef(i.indexrelid, at, true) || ')' || coalesce(
        (SELECT format(' COLLATE %I.%I', ln.nspname, l.collname) FROM pg_catalog.pg_collation l
         JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace
         WHERE l.oid = (i.indcollation::oid[])[at - 1] AND l.collname <> 'default'), '')
    FROM generate_series(1, i.indnkeyatts::int) at ORDER BY at)::text[],
    ARRAY(SELECT format('OPERATOR(%I.%s)', pn.nspname, p.oprname)
          FROM unnest(k.conexclop) WITH ORDINALITY e (op, at) JOIN pg_catalog.pg_operator p ON p.oid = e.op
          JOIN pg_catalog.pg_namespace pn ON pn.oid = p.oprnamespace ORDER BY e.at)::text[],
    pg_catalog.pg_get_expr(i.indpred, i.indrelid),
    coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'true'
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid AND c.relkind = 'r'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.contype = 'x' AND k.conrelid = i.indrelid
WHERE (i.indisunique OR k.oid IS NOT NULL) AND i.indisvalid AND {_OURS}
ORDER BY 1, 2, 3
"""
_PARTITIONS = f"""
SELECT n.nspname, c.relname, pg_catalog.pg_get_partition_constraintdef(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relispartition AND c.relkind = 'r' AND {_OURS} ORDER BY 1, 2
"""
_STEPS = """
SELECT n.nspname, s.relname, q.seqincrement, q.seqmin, q.seqmax FROM pg_catalog.pg_sequence q
JOIN pg_catalog.pg_class s ON s.oid = q.seqrelid JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
WHERE NOT q.seqcycle
"""
_STATES = (
    (0, "is not validated"),
    (1, "is not deferrable as in the source"),
    (2, "is not deferred as in the source"),
    (3, "is not enforced"),
)

EXCLUDED_ROWS = 2**14
"""Of more rows the index alone is asked whether an exclusion constraint holds: every two would have to be compared."""


@dataclass(frozen=True)
class Held:
    """The job of asking whether the clone holds together.

    Its result: how many constraints the source has, and what is wrong in the clone.
    """

    def run(self, context: Context, report: Report) -> tuple[int, list[str]]:
        """Ask."""
        with looking(context.source) as source, looking(context.target) as clone:
            checked, broken = constraints(source, clone)
            broken += [*references(source, clone), *unique(clone), *partitions(clone), *sequences(source, clone)]
            return checked, broken


@contextlib.contextmanager
def looking(end: Endpoint) -> Iterator[Connection]:
    """A session that asks about one side.

    Raises:
        AnonymizerError: it cannot be read.
    """
    try:
        # names are text, also where values are bytes for want of an encoding
        with replace(end, encoding="UTF8").connect() as connection:
            yield connection
    except psycopg.Error as error:
        raise servererrors.from_server(error, f"Checking {end.label}") from None


def constraints(source: Connection, clone: Connection) -> tuple[int, list[str]]:
    """How many constraints the source has, and what is wrong in the clone with them, their triggers and indexes."""
    ours = {row[:4]: row[4:] for row in source.execute(_CONSTRAINTS.encode())}
    theirs = {row[:4]: row[4:] for row in clone.execute(_CONSTRAINTS.encode())}
    problems = []
    for (schema, table, name, kind), state in ours.items():
        where = f"{TableName(schema, table)}: the constraint {name}"
        now = theirs.get((schema, table, name, kind))
        if now is None:
            problems.append(f"{where} is missing")
            continue
        # what the source does not hold itself is asked of nobody
        problems += [
            f"{where} {said}"
            for place, said in _STATES
            if state[place] != now[place] and (state[place] or place in (1, 2))
        ]
    problems += _triggers(source, clone)
    invalid = set(clone.execute(_INVALID_INDEXES)) - set(source.execute(_INVALID_INDEXES))
    problems += [f"the index {TableName(schema, name)} is invalid" for schema, name in sorted(invalid)]
    return len(ours), problems


def _triggers(source: Connection, clone: Connection) -> Iterator[str]:
    """Triggers that fire in the source and not in the clone, those that keep foreign keys among them.

    Not the other way round: that a foreign key's trigger is switched off is nothing that pg_dump writes down.
    """
    ours, theirs = (
        {row[:5]: _text(row[5]) for row in connection.execute(_TRIGGERS.encode())} for connection in (source, clone)
    )
    silent = [key for key, state in ours.items() if state in "OA" and theirs.get(key, state) not in "OA"]
    for schema, table, name in dict.fromkeys(key[:3] for key in silent):
        yield f"{TableName(schema, table)}: the trigger {name} is switched off"


def _text(state: str | bytes) -> str:
    return state.decode() if isinstance(state, bytes) else state


def references(source: Connection, clone: Connection) -> Iterator[str]:
    """Foreign keys that do not hold: rows of the clone that refer to nothing, where the source has none such.

    The source is asked only where the clone has orphans: it may have its own, under a key that is NOT VALID.
    """
    for key in catalog.foreign_keys(clone):
        if (found := _orphans(clone, key)) and found > _orphans(source, key):
            yield f"{key.table}: {found} rows refer to nothing in {key.referenced} (foreign key {key.name})"


def _orphans(connection: Connection, key: ForeignKey) -> int:
    pairs = list(zip(key.columns, key.referenced_columns, strict=True))
    there = " AND ".join(f"there.{quote(theirs)} = here.{quote(ours)}" for ours, theirs in pairs)
    # a reference of which one column is NULL refers to nothing and may
    given = " AND ".join(f"here.{quote(ours)} IS NOT NULL" for ours, _ in pairs)
    # the key's operators need not lie in the catalog's schema, as those of citext do not
    row = connection.execute(
        f"SELECT count(*) FROM {key.table.sql} here WHERE {given} "
        f"AND NOT EXISTS (SELECT FROM {key.referenced.sql} there WHERE {there})".encode()
    ).fetchone()
    return int(row[0]) if row else 0


def unique(clone: Connection) -> Iterator[str]:
    """Unique indexes that hold a key twice, and exclusion constraints that do not keep two rows apart.

    Of the rows of the table itself, not of the index; of an exclusion constraint over many rows the index is trusted.
    """
    with clone.transaction():
        clone.execute("SET LOCAL enable_indexscan = off")
        clone.execute("SET LOCAL enable_indexonlyscan = off")
        clone.execute("SET LOCAL enable_bitmapscan = off")
        for schema, table, index, keys, operators, predicate, nulls in clone.execute(_KEYS.encode()).fetchall():
            name = TableName(schema, table)
            if operators:
                if found := _together(clone, name, keys, operators, predicate):
                    yield f"{name}: {found} rows are not kept apart by the constraint {index}"
            elif found := _twice(clone, name, keys, predicate, nulls=nulls):
                yield f"{name}: {found} keys of the unique index {index} come more than once"


def _twice(clone: Connection, name: TableName, keys: Sequence[str], predicate: str | None, *, nulls: bool) -> int:
    given = [f"({predicate})"] if predicate else []
    given += [] if nulls else [f"{key} IS NOT NULL" for key in keys]
    where = f"WHERE {' AND '.join(given)}" if given else ""
    row = clone.execute(
        f"SELECT count(*) FROM (SELECT FROM ONLY {name.sql} {where} "
        f"GROUP BY {', '.join(keys)} HAVING count(*) > 1) twice".encode()
    ).fetchone()
    return int(row[0]) if row else 0


def _together(
    clone: Connection, name: TableName, keys: Sequence[str], operators: Sequence[str], predicate: str | None
) -> int:
    """How many rows an exclusion constraint would keep out beside an earlier one."""
    many = clone.execute(f"SELECT count(*) > {EXCLUDED_ROWS} FROM ONLY {name.sql}".encode()).fetchone()
    listed = ", ".join(f"{key} AS e{number}" for number, key in enumerate(keys))
    where = f"WHERE {predicate}" if predicate else ""
    rows = f"(SELECT ctid AS place, {listed} FROM ONLY {name.sql} {where})"
    meet = " AND ".join(f"a.e{number} {operator} b.e{number}" for number, operator in enumerate(operators))
    if many and many[0]:
        return 0
    # every two rows are compared: by an index where there is one, which is no less than what built it
    clone.execute("SET LOCAL enable_indexscan = on")
    row = clone.execute(
        f"SELECT count(*) FROM {rows} a WHERE EXISTS (SELECT FROM {rows} b WHERE b.place < a.place AND {meet})".encode()
    ).fetchone()
    clone.execute("SET LOCAL enable_indexscan = off")
    return int(row[0]) if row else 0


def partitions(clone: Connection) -> Iterator[str]:
    """Rows that stand in a partition to which they do not belong."""
    for schema, table, bound in clone.execute(_PARTITIONS.encode()).fetchall():
        name = TableName(schema, table)
        row = bound and clone.execute(f"SELECT count(*) FROM ONLY {name.sql} WHERE NOT ({bound})".encode()).fetchone()
        if row and row[0]:
            yield f"{name}: {row[0]} rows belong to another partition"


def sequences(source: Connection, clone: Connection) -> Iterator[str]:
    """Sequences that would hand out a number which one of their columns has already, and did not so in the source.

    Their columns are those that own them, as identity and serial do, and those with a default that asks them.
    """
    steps = {TableName(schema, name): (step, least, most) for schema, name, step, least, most in clone.execute(_STEPS)}
    numbers = {
        (table.name, column.name): table
        for table in catalog.tables(clone)
        for column in table.columns
        if column.base in (*INTEGERS, "numeric") and not column.is_array
    }
    found = {
        (sequence, numbers[place].root, place[1]): steps[sequence]
        for sequence, places in catalog.feeds(clone).items()
        for place in places
        if place in numbers and sequence in steps
    }
    for (sequence, table, column), steps_by in sorted(found.items()):
        if _behind(clone, sequence, table, column, *steps_by) and not _behind(
            source, sequence, table, column, *steps_by
        ):
            yield f"the sequence {sequence} is behind {table}.{column}"


def _behind(
    connection: Connection, sequence: TableName, table: TableName, column: str, step: int, least: int, most: int
) -> bool:
    """Whether a column has the next number or one behind it; a sequence at its end has none to hand out."""
    furthest, sign = ("max", ">=") if step > 0 else ("min", "<=")
    row = connection.execute(
        f"SELECT (SELECT {furthest}({quote(column)}) FROM {table.sql}) {sign} next AND next BETWEEN {least} AND {most} "
        f"FROM (SELECT last_value::numeric + CASE WHEN is_called THEN {step} ELSE 0 END AS next "
        f"FROM {sequence.sql}) s".encode()
    ).fetchone()
    return bool(row and row[0])
