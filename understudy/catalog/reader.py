"""Reading a schema: one round of set-based queries, sent together, in one read-only transaction of one snapshot.

How it works:

1. Every kind (`kinds/`) is one query; a row is an object: its key, its parent's key, its OID, and the values of its
   attributes as one JSON array. Names are resolved by the server, where the catalogs are.
2. The queries go out in one pipeline, so a slow line costs one round trip and not forty.
3. A value is parsed when somebody asks for it: two equal schemas are compared as texts.
4. What a role may not read is said (`Snapshot.unreadable`), never skipped over.
5. The rows are those of one snapshot, but the server resolves names and writes expressions by what is committed at that
   moment. So a stamp is read first that any change of a schema changes, and whoever cannot rule changes out reads it
   again afterwards (`stamp`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from understudy.catalog.kinds import KINDS
from understudy.catalog.model import DESCRIBED, Attribute, Key, Kind

_SETTINGS = {
    # an empty path makes every name in every deparsed expression a qualified one
    "search_path": "",
    "quote_all_identifiers": "off",
    # constants inside expressions are printed by these
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "lc_monetary": "C",
    # planning is most of the work here, compiling would be all of it
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}

_COMMENTS = """SELECT classoid::regclass::text, objoid::int8, objsubid, description FROM pg_description
  WHERE objoid >= 16384 OR classoid IN ('pg_namespace'::regclass, 'pg_extension'::regclass, 'pg_language'::regclass)"""

# a subscription's row is the cluster's, and so are its labels
_LABELS = """SELECT classoid::regclass::text, objoid::int8, objsubid,
  array_agg(provider || ': ' || label ORDER BY provider) FROM pg_seclabel GROUP BY 1, 2, 3
  UNION ALL SELECT classoid::regclass::text, objoid::int8, 0,
  array_agg(provider || ': ' || label ORDER BY provider) FROM pg_shseclabel
  WHERE classoid = 'pg_subscription'::regclass GROUP BY 1, 2"""

# Catalogs by which the server resolves names and writes expressions, and which of their rows any session's temporary
# tables come and go with. A changed row has a newer xmin, so a sum over as many rows has grown.
_STAMPED = {
    **dict.fromkeys(
        ("pg_proc", "pg_operator", "pg_opclass", "pg_collation", "pg_enum", "pg_language", "pg_ts_dict"), ""
    ),
    **dict.fromkeys(("pg_ts_config", "pg_policy", "pg_rewrite", "pg_trigger", "pg_statistic_ext"), ""),
    "pg_namespace": "nspname !~ '^pg_(toast_)?temp_'",
    "pg_class": "relpersistence <> 't'",
    "pg_type": "typnamespace NOT IN (SELECT n.oid FROM pg_namespace n WHERE n.nspname ~ '^pg_(toast_)?temp_')",
    "pg_attribute": "attrelid NOT IN (SELECT c.oid FROM pg_class c WHERE c.relpersistence = 't')",
    "pg_index": "indrelid NOT IN (SELECT c.oid FROM pg_class c WHERE c.relpersistence = 't')",
    "pg_constraint": "conrelid NOT IN (SELECT c.oid FROM pg_class c WHERE c.relpersistence = 't')",
    "pg_partitioned_table": "partrelid NOT IN (SELECT c.oid FROM pg_class c WHERE c.relpersistence = 't')",
}
_STAMP = "SELECT concat_ws(' ', {})".format(
    ", ".join(
        f"(SELECT count(*) || '/' || coalesce(sum(xmin::text::int8), 0) FROM {catalog} WHERE {rows or 'true'})"
        for catalog, rows in _STAMPED.items()
    )
)

_Place = tuple[str, int, int]


@dataclass(frozen=True)
class Unreadable:
    """Something that the role we connected as may not read: its attribute is None when it is all of a kind."""

    kind: str
    attribute: str | None
    reason: str


@dataclass(frozen=True)
class Object:
    """An object of the schema; `raw` is the JSON array of its values in the order of `attributes`."""

    kind: Kind
    key: Key
    parent: Key | None
    oid: int
    subid: int
    raw: str
    attributes: tuple[Attribute, ...]
    comment: str | None = None
    labels: tuple[str, ...] = ()

    @cached_property
    def values(self) -> dict[str, Any]:
        """What it is: the values of its attributes by their names, as JSON knows values."""
        named = dict(zip((a.name for a in self.attributes), json.loads(self.raw), strict=True))
        if self.kind.described:
            named["comment"] = self.comment
            named["security labels"] = list(self.labels)
        return named

    def attribute(self, name: str) -> Attribute:
        """The attribute of that name, also one that this version has not."""
        return next(a for a in (*self.attributes, *DESCRIBED, *self.kind.attributes) if a.name == name)


@dataclass(frozen=True)
class Snapshot:
    """All of a schema at one moment.

    Args:
        major: the server's major version.
        objects: what there is.
        unreadable: what the role that we connected as may not read.
        role: that role, as SQL would write it.
        stamp: what another `stamp` is equal to as long as nobody changes the schema.
    """

    major: int
    objects: Mapping[Key, Object]
    unreadable: Sequence[Unreadable] = field(default=())
    role: str = ""
    stamp: str = ""

    def __len__(self) -> int:
        return len(self.objects)


def read(connection: psycopg.Connection[Any]) -> Snapshot:
    """Read the schema of the database that a connection leads to; it is left as it was found.

    In a transaction of the caller's own, what that one sees is read; else one snapshot.

    Raises:
        psycopg.Error: the connection broke, or the server is older than PostgreSQL 14.
    """
    major = connection.info.server_version // 10000
    kinds = [kind for kind in KINDS if kind.since <= major]
    alone = connection.info.transaction_status is TransactionStatus.IDLE
    with connection.transaction(force_rollback=True):
        if alone:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = stamp(connection)
        role = connection.execute("SELECT current_user::regrole::text").fetchone() or ("",)
        hidden = _hidden(connection, kinds)
        try:
            with connection.transaction(force_rollback=True):
                rows, comments, labels = _fetch(connection, kinds, major, hidden)
            refused: list[Unreadable] = []
        except psycopg.errors.InsufficientPrivilege:
            rows, comments, labels, refused = _fetch_one_by_one(connection, kinds, major, hidden)
    objects = {
        found.key: found
        for kind, kind_rows in zip(kinds, rows, strict=True)
        for found in _objects(kind, kind.own_attributes(major), kind_rows, comments, labels)
    }
    unreadable = (*refused, *_unknown(kinds, major, hidden, rows))
    return Snapshot(major, objects, unreadable, str(role[0]), before)


def stamp(connection: psycopg.Connection[Any]) -> str:
    """A text that any change of the schema changes; empty where the role may not read the catalogs that it rests on."""
    try:
        with connection.transaction():
            row = connection.execute(_STAMP).fetchone()
            return str(row[0]) if row else ""
    except psycopg.errors.InsufficientPrivilege:
        return ""


def _hidden(connection: psycopg.Connection[Any], kinds: Sequence[Kind]) -> frozenset[str]:
    """The columns, among those that not every role may read, that this one may not."""
    if connection.info.parameter_status("is_superuser") == "on":
        return frozenset()
    needed = sorted({a.needs for kind in kinds for a in kind.attributes if a.needs})
    rows = connection.execute(
        "SELECT n FROM unnest(%s::text[]) n WHERE NOT has_column_privilege('pg_catalog.' || split_part(n, '.', 1), "
        "split_part(n, '.', 2), 'SELECT')",
        [needed],
    )
    return frozenset(name for (name,) in rows)


def query(kind: Kind, major: int, hidden: frozenset[str] = frozenset()) -> str:
    """The one query that reads all objects of a kind on a server of that major version."""
    key = kind.key or f"'{kind.name} ' || {kind.path}"
    values = ",\n    ".join("NULL" if a.needs in hidden else a.sql for a in kind.own_attributes(major))
    return (
        f"SELECT {key}, {kind.parent}::text, ({kind.oid})::int8, ({kind.subid})::int,\n  "
        f"json_build_array({values})::text\n  FROM {kind.source}"
    )


def _prepare(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SET TRANSACTION READ ONLY")
    for name, value in _SETTINGS.items():
        connection.execute(f"SET LOCAL {name} = '{value}'")


_Rows = list[tuple[str, str | None, int, int, str]]
_Notes = dict[_Place, Any]


def _fetch(
    connection: psycopg.Connection[Any], kinds: Sequence[Kind], major: int, hidden: frozenset[str]
) -> tuple[list[_Rows], _Notes, _Notes]:
    with connection.pipeline():
        _prepare(connection)
        cursors = [connection.execute(query(kind, major, hidden), prepare=False) for kind in kinds]
        notes = [connection.execute(text) for text in (_COMMENTS, _LABELS)]
        rows: list[_Rows] = [cursor.fetchall() for cursor in cursors]
        comments, labels = (_by_place(cursor.fetchall()) for cursor in notes)
    return rows, comments, labels


def _fetch_one_by_one(
    connection: psycopg.Connection[Any], kinds: Sequence[Kind], major: int, hidden: frozenset[str]
) -> tuple[list[_Rows], _Notes, _Notes, list[Unreadable]]:
    """The slow way, for a server whose administrator took rights on the catalogs away."""
    refused: list[Unreadable] = []

    def attempt(text: str, what: str, attribute: str | None = None) -> list[Any]:
        try:
            with connection.transaction():
                return connection.execute(text).fetchall()
        except psycopg.errors.InsufficientPrivilege as error:
            refused.append(Unreadable(what, attribute, str(error.diag.message_primary)))
            return []

    _prepare(connection)
    rows: list[_Rows] = [attempt(query(kind, major, hidden), kind.name) for kind in kinds]
    comments = _by_place(attempt(_COMMENTS, "every kind", "comment"))
    labels = _by_place(attempt(_LABELS, "every kind", "security labels"))
    return rows, comments, labels, refused


def _by_place(rows: Sequence[tuple[str, int, int, Any]]) -> _Notes:
    return {(catalog, oid, subid): value for catalog, oid, subid, value in rows}


def _objects(
    kind: Kind, attributes: tuple[Attribute, ...], rows: _Rows, comments: _Notes, labels: _Notes
) -> Iterator[Object]:
    for key, parent, oid, subid, raw in rows:
        place = (kind.catalog, oid, subid)
        comment = comments.get(place) if comments else None
        yield Object(kind, key, parent, oid, subid, raw, attributes, comment, tuple(labels.get(place, ())))


def _unknown(kinds: Sequence[Kind], major: int, hidden: frozenset[str], rows: Sequence[_Rows]) -> Iterator[Unreadable]:
    """The attributes that stay unknown, of kinds that have objects here."""
    for kind, kind_rows in zip(kinds, rows, strict=True):
        for attribute in kind.own_attributes(major) if kind_rows else ():
            if attribute.needs in hidden:
                yield Unreadable(kind.name, attribute.name, f"the role may not read {attribute.needs}")
