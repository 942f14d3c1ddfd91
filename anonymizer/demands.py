"""What unique indexes and exclusion constraints ask of a column beyond telling its values apart.

A bijection keeps values apart, and that is all. It need not keep apart what an expression makes of them, nor what an
operator other than equality compares, nor leave the rows of a partial index in it. So either the mask is of a form
for which it holds by construction, or the policy is refused: no index is built by luck.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg

from anonymizer.identifiers import TableName
from anonymizer.maskers.base import Masker

_DEMANDS = """
SELECT n.nspname, c.relname, a.attname, d.kind, d.said
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_constraint x ON x.conindid = i.indexrelid AND x.contype = 'x'
CROSS JOIN LATERAL (
    SELECT 'expression' AS kind, pg_catalog.pg_get_indexdef(i.indexrelid, k, false) AS said
    FROM generate_series(1, i.indnkeyatts::int) k WHERE i.indkey[k - 1] = 0
  UNION ALL
    SELECT 'predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid) WHERE i.indpred IS NOT NULL
  UNION ALL
    SELECT 'operator', o.oprname FROM generate_series(1, i.indnkeyatts::int) k
    JOIN pg_catalog.pg_operator o ON o.oid = x.conexclop[k]
    WHERE i.indkey[k - 1] = a.attnum AND o.oprname <> '='
  UNION ALL
    SELECT 'nulls', 'NULLS NOT DISTINCT' FROM generate_series(1, i.indnkeyatts::int) k
    WHERE i.indkey[k - 1] = a.attnum AND pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct' = 'true'
) d
WHERE (i.indisunique OR i.indisexclusion) AND n.nspname !~ '^pg_'
    AND (d.kind IN ('operator', 'nulls') OR EXISTS (
        SELECT FROM pg_catalog.pg_depend p WHERE p.classid = 'pg_class'::regclass AND p.objid = i.indexrelid
        AND p.refclassid = 'pg_class'::regclass AND p.refobjid = c.oid AND p.refobjsubid = a.attnum))
ORDER BY 1, 2, 3, 4, 5
"""

_PLACED = ("operator", "nulls")
"""Kinds of demands that are about a column of the index as it is."""

_OVERLAPS = ("&&", "<<", ">>", "<<=", ">>=")
"""Operators of networks that see prefixes only, which the mask `ip` keeps with `prefix = true`."""


@dataclass(frozen=True, order=True)
class Demand:
    """One thing that an index asks.

    Attributes:
        kind: expression, predicate (of a partial index), operator (of an exclusion constraint) or nulls, where one
            NULL is equal to another (PostgreSQL 15).
        text: it, as SQL writes it.
    """

    kind: str
    text: str

    def __post_init__(self) -> None:
        """White space is the writer's, and so are quotes that a name can do without."""
        text = re.sub(r"\s*([^\w\s\"'])\s*", r"\1", self.text.strip())
        object.__setattr__(self, "text", re.sub(r'"([a-z_][a-z0-9_$]*)"', r"\1", text))


def read(connection: psycopg.Connection[tuple[Any, ...]]) -> dict[tuple[TableName, str], tuple[Demand, ...]]:
    """The demands on each column of the database."""
    found: dict[tuple[TableName, str], set[Demand]] = {}
    for schema, table, column, kind, text in connection.execute(_DEMANDS.encode()):
        demand = Demand(kind, text)
        if kind in _PLACED or names(demand.text, column):
            found.setdefault((TableName(schema, table), column), set()).add(demand)
    return {place: tuple(sorted(own)) for place, own in found.items()}


def of(found: Iterable[Demand], column: str) -> tuple[Demand, ...]:
    """Those of a table's demands that are about a column; the text of an operator or of nulls begins with it here."""
    own = []
    for demand in found:
        if demand.kind not in _PLACED:
            own += [demand] * names(demand.text, column)
        elif demand.text.startswith(f"{column}\0"):
            own.append(Demand(demand.kind, demand.text.removeprefix(f"{column}\0")))
    return tuple(sorted(set(own)))


def names(expression: str, column: str) -> bool:
    """Whether an expression speaks of a column."""
    return re.search(_name(column), re.sub(r"'(?:[^']|'')*'", "''", expression)) is not None


def unmet(demand: Demand, column: str, masker: Masker) -> str | None:
    """Why a mask does not meet a demand, as a clause; None where it does, whatever the key and the values."""
    if demand.kind == "nulls":
        return "a unique index holds every NULL for the same (NULLS NOT DISTINCT)" if masker.name == "null" else None
    if demand.kind == "operator":
        kept = masker.setting.kind == "inet" and masker.mask_options.get("prefix") and demand.text in _OVERLAPS
        if kept or masker.name == "null":
            return None
        return f"an exclusion constraint compares it by {demand.text}, which the mask {masker.name} does not keep"
    if demand.kind == "predicate":
        rest = re.sub(_name(column) + r" IS (?:NOT )?NULL", "", demand.text)
        if masker.name != "null" and not names(rest, column):
            return None
        return f"rows are in a unique index by it ({demand.text}), and others would be with the mask {masker.name}"
    if re.fullmatch(rf"\(?{_name(column)}\)?(::\w+)?", demand.text):
        return None
    folds = re.fullmatch(rf"(?:lower|upper)\(\(?{_name(column)}\)?(?:::text)?\)", demand.text)
    if folds and (masker.folds or masker.name == "null" or masker.mask_options.get("unique")):
        return None
    return f"it is unique inside {demand.text}, where the mask {masker.name} does not keep values apart"


def _name(column: str) -> str:
    quoted = re.escape('"' + column.replace('"', '""') + '"')
    return rf"(?:{quoted}|(?<![\w\"$]){re.escape(column)}(?![\w\"$]))"
