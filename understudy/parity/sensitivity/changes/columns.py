"""Columns: of tables, foreign tables, views, materialized views and composite types."""

from __future__ import annotations

from understudy.catalog import Object
from understudy.parity.sensitivity.changes.general import comment, commented, labels, presence
from understudy.parity.sensitivity.changes.relations import remade_view, view_columns
from understudy.parity.sensitivity.model import Change, Scene, Write, change, either, flag, own, say

COLUMN, VIEW, MATERIALIZED, FOREIGN, COMPOSITE = (
    "column",
    "column of a view",
    "column of a materialized view",
    "column of a foreign table",
    "column of a composite type",
)
_IN_TABLES = (COLUMN, FOREIGN)
_STORED = (COLUMN, FOREIGN, MATERIALIZED)
_ALTER = "ALTER {parent} {table} ALTER COLUMN {own} "


def _in_view(found: Object, scene: Scene, instead: str | None) -> str | None:
    """The view made anew, with something else in this column's place."""
    view = scene.parent(found)
    columns = [instead if name == own(found) else name for name in view_columns(view, scene)]
    kept = [column for column in columns if column is not None]
    return remade_view(view, kept) if kept else None


def _retyped(found: Object, scene: Scene) -> str | None:
    kind = "varchar(77)" if found.values["type"] == "text" else "text"
    return _in_view(found, scene, f"CAST(NULL AS {kind}) AS {own(found)}")


def _recollated(found: Object, scene: Scene) -> str | None:
    if not found.values["collation"]:
        return None
    name = '"POSIX"' if found.values["collation"].endswith('"C"') else '"C"'
    return _in_view(found, scene, f"{own(found)} COLLATE {name} AS {own(found)}")


def _type(found: Object) -> str:
    return "varchar(77)" if found.values["type"] == "text" else "text"


def _modified(found: Object) -> str | None:
    """The same type with another modifier."""
    name = found.values["type"].partition("(")[0]
    new = {"character varying": "(78)", "numeric": "(31,3)", "character": "(79)"}.get(name)
    return f"ALTER TABLE {{table}} ALTER COLUMN {{own}} TYPE {name}{new}" if new else None


def _default(found: Object) -> str | None:
    if found.values["generated"] or found.values["identity"]:
        return None
    if found.values["default"]:
        return "ALTER TABLE {table} ALTER COLUMN {own} DROP DEFAULT"
    return f"ALTER TABLE {{table}} ALTER COLUMN {{own}} SET DEFAULT coalesce(NULL::{found.values['type']})"


def _generated(found: Object) -> str | None:
    if found.values["generated"] == "s":
        return "ALTER TABLE {table} ALTER COLUMN {own} DROP EXPRESSION"
    if found.values["identity"]:
        return None
    kind = found.values["type"]
    return (
        "ALTER TABLE {table} DROP COLUMN {own} CASCADE; ALTER TABLE {table} ADD COLUMN {own} "
        f"{kind} GENERATED ALWAYS AS (coalesce(NULL::{kind})) STORED"
    )


def _identity(found: Object) -> str | None:
    if found.values["identity"]:
        how = "BY DEFAULT" if found.values["identity"] == "a" else "ALWAYS"
        return f"ALTER TABLE {{table}} ALTER COLUMN {{own}} SET GENERATED {how}"
    if found.values["default"] or found.values["generated"]:
        return None
    if found.values["type"] not in ("integer", "bigint", "smallint"):
        return None
    return (
        "ALTER TABLE {table} ALTER COLUMN {own} SET NOT NULL; "
        "ALTER TABLE {table} ALTER COLUMN {own} ADD GENERATED ALWAYS AS IDENTITY"
    )


def _locally(found: Object, scene: Scene) -> str | None:
    """A partition's columns are its parent's in any case."""
    if scene.parent(found).values["partition of"] or found.values["not null"] or found.values["default"]:
        return None
    return (
        f"UPDATE pg_attribute SET attislocal = NOT attislocal WHERE attrelid = {found.oid} AND attnum = {found.subid}"
    )


def _stored(found: Object) -> str | None:
    kept = found.values["storage"]
    return None if kept == "p" else _ALTER + "SET STORAGE " + ("EXTERNAL" if kept != "e" else "MAIN")


def _compressed(found: Object) -> str | None:
    if found.values["storage"] == "p":
        return None
    return _ALTER + "SET COMPRESSION " + ("default" if found.values["compression"] else "pglz")


def _with_parent(write: Write) -> Write:
    def way(found: Object, scene: Scene) -> str | None:
        statement = write(found, scene)
        parent = found.parent or ""
        words = next((w for w in ("materialized view", "foreign table") if parent.startswith(w)), "table")
        return statement.replace("{parent}", words.upper()) if statement else None

    return way


_NOT_NULL = flag(
    "not null",
    "ALTER TABLE {table} ALTER COLUMN {own} SET NOT NULL",
    "ALTER TABLE {table} ALTER COLUMN {own} DROP NOT NULL",
)

COLUMNS: tuple[Change, ...] = (
    presence("ALTER TABLE {table} DROP COLUMN {own} CASCADE", sorts=COLUMN),
    presence("ALTER FOREIGN TABLE {table} DROP COLUMN {own} CASCADE", sorts=FOREIGN),
    presence("ALTER TYPE {table} DROP ATTRIBUTE {own} CASCADE", sorts=COMPOSITE),
    presence(lambda found, scene: _in_view(found, scene, None), sorts=(VIEW, MATERIALIZED)),
    comment(commented("COLUMN {path}")),
    labels(),
    change(
        "type",
        say(lambda f: f"ALTER TABLE {{table}} ALTER COLUMN {{own}} TYPE {_type(f)} USING NULL"),
        sorts=COLUMN,
        columns="pg_attribute.atttypid",
    ),
    change("type", say(_modified), sorts=COLUMN, columns="pg_attribute.atttypmod", needs="a type with a modifier"),
    change(
        "type",
        say(lambda f: f"ALTER FOREIGN TABLE {{table}} ALTER COLUMN {{own}} TYPE {_type(f)}"),
        sorts=FOREIGN,
        columns="pg_attribute.atttypid",
    ),
    change(
        "type",
        say(lambda f: f"ALTER TYPE {{table}} ALTER ATTRIBUTE {{own}} TYPE {_type(f)} CASCADE"),
        sorts=COMPOSITE,
        columns="pg_attribute.atttypid",
    ),
    change("type", _retyped, sorts=(VIEW, MATERIALIZED), columns="pg_attribute.atttypid"),
    change("not null", _NOT_NULL, sorts=_IN_TABLES),
    change("default", say(_default), sorts=(*_IN_TABLES, VIEW), needs="a column that is not generated"),
    change("generated", say(_generated), sorts=COLUMN, needs="a column that is no identity"),
    change("identity", say(_identity), sorts=COLUMN, needs="a column of an integer type without a default"),
    change(
        "collation",
        say(
            lambda f: (
                f"ALTER TABLE {{table}} ALTER COLUMN {{own}} TYPE {f.values['type']} COLLATE "
                + ('"POSIX"' if f.values["collation"].endswith('"C"') else '"C"')
                if f.values["collation"]
                else None
            )
        ),
        sorts=_IN_TABLES,
        needs="a type with collations",
    ),
    change(
        "collation",
        say(
            lambda f: (
                f"ALTER TYPE {{table}} ALTER ATTRIBUTE {{own}} TYPE {f.values['type']} COLLATE "
                + ('"POSIX"' if f.values["collation"].endswith('"C"') else '"C"')
                + " CASCADE"
                if f.values["collation"]
                else None
            )
        ),
        sorts=COMPOSITE,
        needs="a type with collations",
    ),
    change("collation", _recollated, sorts=(VIEW, MATERIALIZED), needs="a type with collations"),
    change("storage", _with_parent(say(_stored)), sorts=_STORED, needs="a type of variable length"),
    change(
        "compression", _with_parent(say(_compressed)), sorts=(COLUMN, MATERIALIZED), needs="a type of variable length"
    ),
    change(
        "statistics target",
        _with_parent(
            either("statistics target", (1234, _ALTER + "SET STATISTICS 1234"), (1235, _ALTER + "SET STATISTICS 1235"))
        ),
        sorts=_STORED,
        columns="pg_attribute.attstattarget",
    ),
    change(
        "options",
        _with_parent(say(lambda _: _ALTER + "SET (n_distinct = 12345)")),
        sorts=_STORED,
        columns="pg_attribute.attoptions",
    ),
    change(
        "foreign options",
        "ALTER FOREIGN TABLE {table} ALTER COLUMN {own} OPTIONS (ADD understudy '1')",
        "UPDATE pg_attribute SET attfdwoptions = array_append(attfdwoptions, 'understudy=1') "
        "WHERE attrelid = {oid} AND attnum = {sub}",
        sorts=FOREIGN,
    ),
    change(
        "privileges",
        "GRANT ALL ({own}) ON {table} TO pg_monitor",
        sorts=(COLUMN, VIEW, MATERIALIZED, FOREIGN),
        columns="pg_attribute.attacl",
    ),
    change("local", _locally, sorts=COLUMN, needs="a column that may be null, of no partition"),
)
