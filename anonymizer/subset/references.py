"""What refers to what: the foreign keys that the source declares, and the join domains that the policy names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anonymizer import catalog
from anonymizer.catalog import Connection, Table
from anonymizer.identifiers import TableName, quote
from anonymizer.policy import Policy, TablePolicy

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
    for key in catalog.foreign_keys(connection):
        # each once, as it was declared: those that partitions have of their whole are left out
        if key.inherited or key.table not in copied or key.referenced not in copied:
            continue
        ours, theirs = by_name[key.table], by_name[key.referenced]
        if not _nulled(_entry(policy, ours), key.columns):
            condition = " AND ".join(key.conditions)
            found.append(Reference(key.name, ours.root, theirs.root, relation(ours), relation(theirs), condition))
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
