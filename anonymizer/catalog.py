"""The few facts of the source's catalog that masking needs, read in the snapshot of the clone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from anonymizer import demands
from anonymizer.demands import Demand
from anonymizer.identifiers import TableName

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Column:
    """A column that holds data of its own (generated columns do not).

    Attributes:
        kind: what a value is, for a mask: one of the words of `maskers.base.ANYTHING`; of an array's elements, if it
            is one.
        type: the type as SQL writes it.
        max_length: of varchar(n) and char(n), also below a domain.
        not_null: by the column or by its domain.
        builtin: whether the type's binary form means the same in every database.
        unique: whether the column is part of a unique index or an exclusion constraint, be it in an expression. Of an
            index of several columns each must keep its values apart, for nobody knows which one tells two rows apart.
        base: PostgreSQL's own name of the type below any domain; of an array's elements, if it is one.
        precision: of numeric(p, s); scale likewise.
        fields: the names of a composite type's fields.
        partition_key: whether rows are put into partitions by it, be it in an expression.
        field_kinds: what the fields of a composite type are, each as `kind` says it.
        demands: what unique indexes and exclusion constraints ask of it beyond telling its values apart.
        delimiter: what separates the elements of an array.
        loose: whether its collation holds texts for equal that are not the same.
        below: the type below a domain, as SQL writes it; empty where the column's type is none.
        labels: of an enum, in their order; empty where only a dump is known.
    """

    name: str
    type: str
    kind: str
    is_array: bool
    max_length: int | None
    not_null: bool
    builtin: bool
    unique: bool
    generated: bool = False
    base: str = ""
    precision: int | None = None
    scale: int | None = None
    fields: tuple[str, ...] = ()
    partition_key: bool = False
    field_kinds: tuple[str, ...] = ()
    demands: tuple[Demand, ...] = ()
    delimiter: str = ","
    loose: bool = False
    below: str = ""
    labels: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Table:
    """A table that holds rows, or a partitioned one.

    Attributes:
        root: the partitioned table at the top, whose policy covers this one; itself where there is none.
        partitioned: whether it holds no rows but those of its partitions.
        rows: the planner's estimate, for progress and order only.
        bytes: its size on disk without indexes.
        pages: how many blocks it has, now.
        foreign: whether the rows live on another server; they are never copied.
        key: the columns of its primary key, in its order.
    """

    oid: int
    name: TableName
    root: TableName
    partitioned: bool
    foreign: bool
    rows: int
    bytes: int
    pages: int
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()


@dataclass(frozen=True)
class ForeignKey:
    """A declared reference: pairs of columns that hold the same values. What a dump does not tell compares equal.

    Attributes:
        conditions: for each pair how the server compares them, of a row `c` that refers to a row `p`; empty where only
            a dump is known.
        equal: whether all pairs are compared for equality, so that a row refers to one row at most.
        full: whether it is MATCH FULL: either all columns are NULL or none.
        loose: whether two texts may be equal that are not the same, by a collation of one of the columns.
        inherited: whether a partition has it of its whole.
    """

    name: str
    table: TableName
    columns: tuple[str, ...]
    referenced: TableName
    referenced_columns: tuple[str, ...]
    conditions: tuple[str, ...] = field(default=(), compare=False)
    equal: bool = field(default=False, compare=False)
    full: bool = False
    loose: bool = field(default=False, compare=False)
    inherited: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class SequenceState:
    """A sequence and where it stands."""

    name: TableName
    last_value: int
    is_called: bool


@dataclass(frozen=True)
class Database:
    """What is true of the source as a whole."""

    encoding: str
    version: int
    large_objects: int


_NOT_OURS = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"
_NOT_EXTENSION = """NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass
    AND e.objid = c.oid AND e.deptype = 'e')"""

_TABLES = f"""
SELECT c.oid, n.nspname, c.relname, rn.nspname, rc.relname, c.relkind = 'p', c.relkind = 'f',
       greatest(c.reltuples, 0)::bigint,
       CASE WHEN c.relkind IN ('p', 'f') THEN 0 ELSE pg_catalog.pg_table_size(c.oid) END,
       CASE WHEN c.relkind IN ('p', 'f') THEN 0
            ELSE pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::bigint END,
       ARRAY(SELECT a.attname FROM pg_catalog.pg_index i
             CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY u (attnum, at)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum
             WHERE i.indrelid = c.oid AND i.indisprimary AND u.at <= i.indnkeyatts ORDER BY u.at)::text[]
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class rc ON rc.oid = CASE WHEN c.relispartition
     THEN coalesce((SELECT relid FROM pg_catalog.pg_partition_root(c.oid) relid), c.oid) ELSE c.oid END
JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND {_NOT_OURS} AND {_NOT_EXTENSION}
ORDER BY n.nspname, c.relname
"""

_FIRST_UNSTABLE_OID = 10000
"""From here on a type's number differs from version to version, and a binary array holds its element's number."""

_BINARY = r"({type}.typsend <> 0 AND {type}.typreceive <> 0 AND {type}.typname !~ '^reg|^pg_')"
"""Types whose binary form means the same in every database: not the numbers of objects, which text names."""

_COLUMNS = f"""
WITH RECURSIVE base (attrelid, attnum, typid, typmod, domain_not_null) AS (
    SELECT a.attrelid, a.attnum, a.atttypid, a.atttypmod, false
    FROM pg_catalog.pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
    SELECT b.attrelid, b.attnum, t.typbasetype,
           CASE WHEN b.typmod >= 0 THEN b.typmod ELSE t.typtypmod END, b.domain_not_null OR t.typnotnull
    FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.typid AND t.typtype = 'd'
)
SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
       CASE WHEN array_of.oid IS NOT NULL THEN element.typname ELSE t.typname END,
       CASE WHEN array_of.oid IS NOT NULL THEN element.typcategory ELSE t.typcategory END,
       array_of.oid IS NOT NULL, CASE WHEN b.typmod >= 0 THEN b.typmod ELSE coalesce(element.typmod, -1) END,
       a.attnotnull OR b.domain_not_null,
       a.atttypid < {_FIRST_UNSTABLE_OID} AND coalesce(element.builtin, {_BINARY.format(type="t")}),
       EXISTS (SELECT FROM pg_catalog.pg_index i
               WHERE i.indrelid = a.attrelid AND (i.indisunique OR i.indisexclusion)
               AND (a.attnum = ANY ((i.indkey::smallint[])[0:i.indnkeyatts - 1])
                    OR i.indexprs IS NOT NULL AND EXISTS (
                        SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass
                        AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass
                        AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum))),
       a.attgenerated <> '',
       CASE WHEN array_of.oid IS NOT NULL THEN '{{}}' ELSE ARRAY(
           SELECT f.attname FROM pg_catalog.pg_attribute f
           WHERE f.attrelid = t.typrelid AND f.attnum > 0 AND NOT f.attisdropped ORDER BY f.attnum) END::text[],
       c.relkind = 'p' AND EXISTS (
           SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = a.attrelid
           AND d.objsubid = a.attnum AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid
           AND d.refobjsubid = 0 AND d.deptype = 'i'),
       CASE WHEN array_of.oid IS NOT NULL THEN '{{}}' ELSE ARRAY(
           SELECT CASE WHEN y.typcategory = 'A' THEN '' ELSE y.typname::text END || ' ' || y.typcategory::text
           FROM pg_catalog.pg_attribute f JOIN pg_catalog.pg_type y ON y.oid = f.atttypid
           WHERE f.attrelid = t.typrelid AND f.attnum > 0 AND NOT f.attisdropped ORDER BY f.attnum) END::text[],
       coalesce(element.typdelim, ','),
       EXISTS (SELECT FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation AND NOT l.collisdeterministic),
       CASE WHEN b.typid <> a.atttypid THEN pg_catalog.format_type(b.typid, b.typmod) ELSE '' END,
       ARRAY(SELECT y.enumlabel FROM pg_catalog.pg_enum y WHERE y.enumtypid = coalesce(element.oid, t.oid)
             ORDER BY y.enumsortorder)::text[]
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN base b ON b.attrelid = a.attrelid AND b.attnum = a.attnum
JOIN pg_catalog.pg_type t ON t.oid = b.typid AND t.typtype <> 'd'
LEFT JOIN pg_catalog.pg_type array_of ON array_of.oid = t.oid AND EXISTS (
    SELECT FROM pg_catalog.pg_type y WHERE y.oid = t.typelem AND y.typarray = t.oid)
LEFT JOIN LATERAL (
    WITH RECURSIVE e (oid, typname, typcategory, typtype, typbasetype, typsend, typreceive, typmod, typdelim) AS (
        SELECT oid, typname, typcategory, typtype, typbasetype, typsend, typreceive, typtypmod, typdelim
        FROM pg_catalog.pg_type WHERE oid = t.typelem
      UNION ALL
        SELECT x.oid, x.typname, x.typcategory, x.typtype, x.typbasetype, x.typsend, x.typreceive,
               CASE WHEN e.typmod >= 0 THEN e.typmod ELSE x.typtypmod END, e.typdelim
        FROM pg_catalog.pg_type x JOIN e ON x.oid = e.typbasetype AND e.typtype = 'd'
    ) SELECT oid, typname, typcategory, typmod, typdelim, {_BINARY.format(type="e")} AS builtin
    FROM e WHERE typtype <> 'd'
) element ON array_of.oid IS NOT NULL
WHERE {_NOT_OURS}
ORDER BY a.attrelid, a.attnum
"""

_FOREIGN_KEYS = f"""
SELECT k.conname, n.nspname, c.relname, f.columns, rn.nspname, rc.relname, f.referenced, f.conditions, f.equal,
       k.confmatchtype = 'f', f.loose, k.conparentid <> 0
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class rc ON rc.oid = k.confrelid JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace
CROSS JOIN LATERAL (
    SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.at) AS columns,
           pg_catalog.array_agg(ra.attname::text ORDER BY u.at) AS referenced,
           pg_catalog.array_agg(pg_catalog.format('p.%I OPERATOR(%I.%s) c.%I%s', ra.attname, o_n.nspname, o.oprname,
               a.attname, CASE WHEN ra.attcollation NOT IN (0, a.attcollation)
                          THEN pg_catalog.format(' COLLATE %I.%I', l_n.nspname, l.collname) ELSE '' END)
               ORDER BY u.at) AS conditions,
           bool_and(o.oprname = '=') AS equal, coalesce(bool_or(NOT l.collisdeterministic), false) AS loose
    FROM ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey), pg_catalog.unnest(k.conpfeqop))
         WITH ORDINALITY u (key, ref, op, at)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.key
    JOIN pg_catalog.pg_attribute ra ON ra.attrelid = k.confrelid AND ra.attnum = u.ref
    JOIN pg_catalog.pg_operator o ON o.oid = u.op JOIN pg_catalog.pg_namespace o_n ON o_n.oid = o.oprnamespace
    LEFT JOIN pg_catalog.pg_collation l ON l.oid = ra.attcollation
    LEFT JOIN pg_catalog.pg_namespace l_n ON l_n.oid = l.collnamespace
) f
WHERE k.contype = 'f' AND {_NOT_OURS}
ORDER BY 2, 3, 1, rn.nspname, rc.relname
"""
"""The operators are the constraint's own, and so is the collation, as the server's own check has it (ri_triggers.c)."""

_KINDS_BY_NAME = {
    "json": "json",
    "jsonb": "json",
    "inet": "inet",
    "cidr": "inet",
    "uuid": "uuid",
    "citext": "text",
    "macaddr": "macaddr",
    "macaddr8": "macaddr",
    "bytea": "bytea",
    "xml": "xml",
    "tsvector": "tsvector",
    "hstore": "hstore",
    "point": "point",
}
_KINDS_BY_CATEGORY = {
    "S": "text",
    "N": "number",
    "D": "time",
    "T": "time",
    "B": "boolean",
    "E": "enum",
    "C": "composite",
}
_LIMITED = {"varchar", "bpchar"}
_NAME = 63
"""How many bytes the type name holds; the server cuts what is longer, and says nothing."""


def database(connection: Connection) -> Database:
    """The source as a whole."""
    row = connection.execute(
        "SELECT current_setting('server_encoding'), current_setting('server_version_num')::int, "
        "(SELECT count(*) FROM pg_catalog.pg_largeobject_metadata)"
    ).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has a row
    return Database(*row)


def tables(connection: Connection) -> list[Table]:
    """Every table of the database that is no extension's: ordinary, partitioned and foreign ones."""
    columns: dict[int, list[Column]] = {}
    for oid, *facts in connection.execute(_COLUMNS.encode()):
        columns.setdefault(oid, []).append(column(*facts))
    asked = demands.read(connection)

    def own(oid: int, name: TableName) -> tuple[Column, ...]:
        return tuple(replace(found, demands=asked.get((name, found.name), ())) for found in columns.get(oid, ()))

    return [
        Table(
            oid,
            TableName(schema, name),
            TableName(root_schema, root),
            partitioned,
            foreign,
            rows,
            size,
            pages,
            own(oid, TableName(schema, name)),
            tuple(key),
        )
        for oid, schema, name, root_schema, root, partitioned, foreign, rows, size, pages, key in connection.execute(
            _TABLES.encode()
        )
    ]


def column(
    name: str,
    type_: str,
    base: str,
    category: str,
    is_array: bool,
    typmod: int,
    not_null: bool,
    builtin: bool,
    unique: bool,
    generated: bool,
    fields: list[str],
    partition_key: bool,
    field_types: Sequence[str] = (),
    delimiter: str = ",",
    loose: bool = False,
    below: str = "",
    labels: Sequence[str] = (),
) -> Column:
    """A column from what the catalog says of it: its type's own name and category below domains, its typmod, ..."""
    kind = _kind(base, category)
    limit = typmod - 4 if base in _LIMITED and typmod > 4 else _NAME if base == "name" else None
    precision = (typmod - 4) >> 16 & 0xFFFF if base == "numeric" and typmod >= 4 else None
    # numeric's scale is signed and eleven bits wide since PostgreSQL 15; before it was sixteen, and never negative
    scale = None if precision is None else ((typmod - 4 & 0x7FF) ^ 1024) - 1024
    return Column(
        name,
        type_,
        kind,
        is_array,
        limit,
        not_null,
        builtin,
        unique,
        generated,
        base,
        precision,
        scale,
        tuple(fields),
        partition_key,
        tuple(_kind(*field.rsplit(" ", 1)) for field in field_types),
        delimiter=delimiter,
        loose=loose,
        below=below,
        labels=tuple(labels),
    )


def _kind(name: str, category: str) -> str:
    return _KINDS_BY_NAME.get(name) or _KINDS_BY_CATEGORY.get(category, "other")


def described(column: Column) -> str:
    """A column's type as a policy records it: as SQL writes it, with a composite type's fields and what a domain is."""
    inside = ", ".join(column.fields) or column.below
    return f"{column.type} ({inside})" if inside else column.type


def foreign_keys(connection: Connection) -> list[ForeignKey]:
    """Every declared foreign key, those that partitions inherit among them."""
    found = []
    for name, schema, table, ours, ref_schema, ref, theirs, conditions, *facts in connection.execute(
        _FOREIGN_KEYS.encode()
    ):
        pair = (TableName(schema, table), tuple(ours), TableName(ref_schema, ref), tuple(theirs))
        found.append(ForeignKey(name, *pair, tuple(conditions), *facts))
    return found


def sequences(connection: Connection) -> list[SequenceState]:
    """Every sequence that is no extension's, and where it stands."""
    names: Sequence[tuple[str, str]] = connection.execute(
        f"""SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND {_NOT_OURS} AND {_NOT_EXTENSION}
        ORDER BY 1, 2""".encode()
    ).fetchall()
    found = []
    for schema, name in names:
        table = TableName(schema, name)
        row = connection.execute(f"SELECT last_value, is_called FROM {table.sql}".encode()).fetchone()
        assert row is not None  # noqa: S101 - a sequence is a relation of one row
        found.append(SequenceState(table, *row))
    return found


def feeds(connection: Connection) -> dict[TableName, set[tuple[TableName, str]]]:
    """The columns that take their numbers from each sequence: identity, serial, or a default that calls nextval."""
    rows = connection.execute(
        """
        SELECT DISTINCT sn.nspname, s.relname, n.nspname, c.relname, a.attname
        FROM (SELECT objid AS sequence, refobjid AS relation, refobjsubid AS attnum FROM pg_catalog.pg_depend
              WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
            UNION ALL
              SELECT p.refobjid, d.adrelid, d.adnum
              FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_depend p
              ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass) f
        JOIN pg_catalog.pg_class s ON s.oid = f.sequence AND s.relkind = 'S'
        JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
        JOIN pg_catalog.pg_class c ON c.oid = f.relation AND c.relkind IN ('r', 'p')
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.attnum AND a.attnum > 0
        """
    ).fetchall()
    found: dict[TableName, set[tuple[TableName, str]]] = {}
    for sequence_schema, sequence, schema, table, name in rows:
        found.setdefault(TableName(sequence_schema, sequence), set()).add((TableName(schema, table), name))
    return found


def extension_tables(connection: Connection) -> list[TableName]:
    """The tables whose rows an extension asks pg_dump to bring along (pg_extension_config_dump)."""
    rows = connection.execute(
        """SELECT DISTINCT n.nspname, c.relname FROM pg_catalog.pg_extension x, unnest(x.extconfig) table_oid
        JOIN pg_catalog.pg_class c ON c.oid = table_oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' ORDER BY 1, 2"""
    ).fetchall()
    return [TableName(schema, name) for schema, name in rows]


def materialized_views(connection: Connection) -> list[TableName]:
    """The materialized views that are populated, each after those it reads."""
    rows = connection.execute(
        f"""
        WITH RECURSIVE reads (view, read) AS (
            SELECT DISTINCT r.ev_class, d.refobjid
            FROM pg_catalog.pg_rewrite r
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                 AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
        ), above (view, read, path) AS (
            SELECT view, read, ARRAY[view] FROM reads
          UNION ALL
            SELECT a.view, r.read, a.path || r.view FROM above a JOIN reads r ON r.view = a.read
            WHERE NOT r.view = ANY (a.path)
        )
        SELECT n.nspname, c.relname
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'm' AND c.relispopulated AND {_NOT_OURS} AND {_NOT_EXTENSION}
        ORDER BY (SELECT count(DISTINCT m.oid) FROM above a
                  JOIN pg_catalog.pg_class m ON m.oid = a.read AND m.relkind = 'm' WHERE a.view = c.oid), 1, 2
        """.encode()
    ).fetchall()
    return [TableName(schema, name) for schema, name in rows]
