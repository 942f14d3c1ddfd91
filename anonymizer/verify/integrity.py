"""Does the clone hold together? Asked of its rows, not of what its catalog claims.

A constraint is built by reading every row, and a clone that was edited afterwards is checked by PostgreSQL at every
write; but a trigger that is switched off, a session with session_replication_role = replica, or an index on a text
whose collation has changed can break both unseen. So references are followed and unique keys are counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from anonymizer import catalog
from anonymizer.catalog import Connection, ForeignKey
from anonymizer.identifiers import TableName, quote

_CONSTRAINTS = """
SELECT n.nspname, c.relname, k.conname, k.contype, k.convalidated
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)' AND k.contype <> 'n'
"""
_INVALID_INDEXES = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND n.nspname !~ '^pg_'
"""
_UNIQUE = """
SELECT n.nspname, c.relname, x.relname, ARRAY(
    SELECT a.attname FROM unnest(i.indkey::smallint[]) WITH ORDINALITY u (attnum, at)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
    WHERE u.at <= i.indnkeyatts ORDER BY u.at)::text[],
    pg_catalog.pg_get_expr(i.indpred, i.indrelid)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid AND c.relkind = 'r'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indexprs IS NULL AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY 1, 2, 3
"""
_OWNED = """
SELECT sn.nspname, s.relname, n.nspname, c.relname, a.attname, q.seqincrement
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_catalog.pg_class c ON c.oid = d.refobjid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      AND NOT q.seqcycle AND t.typname IN ('int2', 'int4', 'int8', 'numeric')
ORDER BY 1, 2
"""


def constraints(source: Connection, clone: Connection) -> tuple[int, list[str]]:
    """How many constraints the source has, and what is wrong with them in the clone."""
    ours = {row[:4]: bool(row[4]) for row in source.execute(_CONSTRAINTS)}
    theirs = {row[:4]: bool(row[4]) for row in clone.execute(_CONSTRAINTS)}
    problems = []
    for (schema, table, name, kind), validated in ours.items():
        where = f"{TableName(schema, table)}: the constraint {name}"
        if (schema, table, name, kind) not in theirs:
            problems.append(f"{where} is missing")
        elif validated and not theirs[schema, table, name, kind]:
            problems.append(f"{where} is not validated")
    invalid = set(clone.execute(_INVALID_INDEXES)) - set(source.execute(_INVALID_INDEXES))
    problems += [f"the index {TableName(schema, name)} is invalid" for schema, name in sorted(invalid)]
    return len(ours), problems


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
    """Unique indexes over plain columns that hold a key twice, read from the table and not from the index."""
    with clone.transaction():
        clone.execute("SET LOCAL enable_indexscan = off")
        clone.execute("SET LOCAL enable_indexonlyscan = off")
        clone.execute("SET LOCAL enable_bitmapscan = off")
        for schema, table, index, columns, predicate in clone.execute(_UNIQUE).fetchall():
            name = TableName(schema, table)
            keys = ", ".join(map(quote, columns))
            given = " AND ".join(f"{quote(column)} IS NOT NULL" for column in columns)
            where = f"{given} AND ({predicate})" if predicate else given
            row = clone.execute(
                f"SELECT count(*) FROM (SELECT FROM ONLY {name.sql} WHERE {where} "
                f"GROUP BY {keys} HAVING count(*) > 1) twice".encode()
            ).fetchone()
            if row and row[0]:
                yield f"{name}: {row[0]} keys of the unique index {index} come more than once"


def sequences(source: Connection, clone: Connection) -> Iterator[str]:
    """Sequences that would hand out a number their column has already, and did not so in the source."""
    for schema, name, *rest in clone.execute(_OWNED).fetchall():
        sequence = TableName(schema, name)
        if _behind(clone, sequence, *rest) and not _behind(source, sequence, *rest):
            yield f"the sequence {sequence} is behind {TableName(rest[0], rest[1])}.{rest[2]}"


def _behind(connection: Connection, sequence: TableName, schema: str, table: str, column: str, step: int) -> bool:
    furthest, sign = ("max", ">") if step > 0 else ("min", "<")
    row = connection.execute(
        f"SELECT (SELECT {furthest}({quote(column)}) FROM {TableName(schema, table).sql}) {sign} "
        f"last_value - CASE WHEN is_called THEN 0 ELSE {step} END FROM {sequence.sql}".encode()
    ).fetchone()
    return bool(row and row[0])
