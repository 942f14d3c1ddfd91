"""What refers to what: the foreign keys that the source declares, and the join domains that the policy names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anonymizer.catalog import Connection, Table
from anonymizer.identifiers import TableName, quote
from anonymizer.policy import Policy, TablePolicy

_FOREIGN_KEYS = """
SELECT k.conname, n.nspname, c.relname, rn.nspname, rc.relname, f.columns, f.pairs
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class rc ON rc.oid = k.confrelid JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace
CROSS JOIN LATERAL (
    SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.at) AS columns,
           pg_catalog.array_agg(pg_catalog.format('p.%I OPERATOR(%I.%s) c.%I%s', ra.attname, o_n.nspname, o.oprname,
               a.attname, CASE WHEN ra.attcollation NOT IN (0, a.attcollation)
                          THEN pg_catalog.format(' COLLATE %I.%I', l_n.nspname, l.collname) ELSE '' END)
               ORDER BY u.at) AS pairs
    FROM ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey), pg_catalog.unnest(k.conpfeqop))
         WITH ORDINALITY u (key, ref, op, at)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.key
    JOIN pg_catalog.pg_attribute ra ON ra.attrelid = k.confrelid AND ra.attnum = u.ref
    JOIN pg_catalog.pg_operator o ON o.oid = u.op JOIN pg_catalog.pg_namespace o_n ON o_n.oid = o.oprnamespace
    LEFT JOIN pg_catalog.pg_collation l ON l.oid = ra.attcollation
    LEFT JOIN pg_catalog.pg_namespace l_n ON l_n.oid = l.collnamespace
) f
WHERE k.contype = 'f' AND k.conparentid = 0
ORDER BY 2, 3, 1
"""
"""Each once, as it was declared: those that partitions have of their whole are left out. The operators are the
constraint's own, and so is the collation, as the server's own check has it (ri_triggers.c)."""

_UNIQUE = """
SELECT n.nspname, c.relname, a.attname
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indisunique AND i.indisvalid AND i.indnkeyatts = 1 AND i.indpred IS NULL AND i.indkey[0] <> 0
"""

_FAMILIES = ({"text", "varchar"}, {"int2", "int4", "int8"})
"""Types that an undeclared reference may mix."""


@dataclass(frozen=True)
class Reference:
    """One table's reference to another, by tables at the top of their partitions.

    Attributes:
        constraint: its name; of a join domain, `domain NAME`.
        child, parent: the tables.
        child_from, parent_from: what declares it, which may be a partition of them, as FROM names it.
        condition: how a row `c` refers to a row `p`, in SQL.
    """

    constraint: str
    child: TableName
    parent: TableName
    child_from: str
    parent_from: str
    condition: str


def references(connection: Connection, tables: Sequence[Table], policy: Policy) -> list[Reference]:
    """Every reference that the clone will have: none whose columns become NULL, none of or to dropped rows."""
    by_name = {table.name: table for table in tables}
    copied = {name for name, table in by_name.items() if not table.foreign and not _entry(policy, table).drops_rows}
    found = []
    for constraint, schema, name, ref_schema, ref, columns, pairs in connection.execute(_FOREIGN_KEYS.encode()):
        child, parent = TableName(schema, name), TableName(ref_schema, ref)
        if child in copied and parent in copied and not _nulled(_entry(policy, by_name[child]), columns):
            ours, theirs = by_name[child], by_name[parent]
            found.append(
                Reference(constraint, ours.root, theirs.root, relation(ours), relation(theirs), " AND ".join(pairs))
            )
    return found + _domains(connection, [by_name[name] for name in sorted(copied)], policy)


def relation(table: Table) -> str:
    """A table as FROM names it: with its partitions, and without tables that inherit from it."""
    return table.name.sql if table.partitioned else f"ONLY {table.name.sql}"


def _entry(policy: Policy, table: Table) -> TablePolicy:
    return policy.tables.get(table.root, TablePolicy())


def _nulled(entry: TablePolicy, columns: Sequence[str]) -> bool:
    """Whether the reference is NULL in the clone, so that it refers to nothing there."""
    return any(mask is not None and mask.name == "null" for mask in map(entry.mask_of, columns))


def _domains(connection: Connection, tables: Sequence[Table], policy: Policy) -> list[Reference]:
    """References by a join domain that the policy names: to the one column of it that is unique by itself."""
    unique = {(TableName(schema, name), column) for schema, name, column in connection.execute(_UNIQUE)}
    columns: dict[str, list[tuple[Table, str, str]]] = {}
    for table in tables:
        if table.name != table.root:
            continue
        for column in table.columns:
            mask = _entry(policy, table).mask_of(column.name)
            if mask is not None and "domain" in mask.options and not column.is_array and not column.generated:
                columns.setdefault(f"{mask.name}/{mask.options['domain']}", []).append(
                    (table, column.name, column.base)
                )
    found = []
    for domain, members in sorted(columns.items()):
        ends = [member for member in members if (member[0].name, member[1]) in unique]
        if len(ends) == 1:
            found += _to(domain.partition("/")[2], ends[0], members)
    return found


def _to(domain: str, end: tuple[Table, str, str], members: Sequence[tuple[Table, str, str]]) -> list[Reference]:
    parent, key, base = end
    return [
        Reference(
            f"domain {domain}",
            child.name,
            parent.name,
            relation(child),
            relation(parent),
            f"p.{quote(key)} = c.{quote(column)}",
        )
        for child, column, kind in members
        if (child.name, column) != (parent.name, key)
        and (kind == base or any(kind in family and base in family for family in _FAMILIES))
    ]


def links(found: Sequence[Reference]) -> list[tuple[TableName, TableName]]:
    """The pairs of tables, child and parent."""
    return [(reference.child, reference.parent) for reference in found]


def touched(named: Mapping[TableName, object], found: Sequence[Reference]) -> set[TableName]:
    """The named tables and all that hang together with them by references of any direction."""
    from anonymizer.subset.closure import below

    both = links(found)
    return below(named, [*both, *((parent, child) for child, parent in both)])
