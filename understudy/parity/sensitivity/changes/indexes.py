"""Indexes: what can be altered is, the rest is made anew from the definition."""

from __future__ import annotations

import re
from collections.abc import Callable

from understudy.catalog import Object
from understudy.parity.sensitivity.changes.general import comment, commented, presence
from understudy.parity.sensitivity.changes.relations import schema_of
from understudy.parity.sensitivity.model import Change, Scene, Way, Write, change, own, path, say

Rewrite = Callable[[str, Object, Scene], str | None]
_LIST = re.compile(r"(?<= USING )(\w+) \((.*?)\)(?= INCLUDE| NULLS NOT| WITH| TABLESPACE| WHERE|$)", re.S)
_NAME = re.compile(r'"(?:[^"]|"")*"|[^.]+')


def _alone(found: Object) -> bool:
    """An index that is made by CREATE INDEX: a key's comes with its constraint, a partition's with its parent's."""
    return not (found.parent or "").startswith("constraint ") and not found.values["partition of"]


def _remade(rewrite: Rewrite) -> Write:
    def way(found: Object, scene: Scene) -> str | None:
        if not _alone(found):
            return None
        definition = str(scene.ask(f"SELECT pg_get_indexdef({found.oid})"))
        words = rewrite(definition, found, scene)
        return None if words in (None, definition) else f"DROP INDEX {path(found)}; {words}"

    return way


def _listed(columns: Callable[[Object, Scene], str | None]) -> Write:
    """The definition with other columns."""

    def rewrite(definition: str, found: Object, scene: Scene) -> str | None:
        words = columns(found, scene)
        return None if words is None else _LIST.sub(lambda match: f"{match[1]} ({words})", definition, count=1)

    return _remade(rewrite)


def _plain(found: Object) -> str | None:
    """The only column of an index that has one column and no expression."""
    columns = found.values["columns"]
    return columns[0] if len(columns) == 1 and found.values["expressions"] is None else None


def _first(words: str, fits: Callable[[Object], bool] = lambda _: True) -> Way:
    """The only column, with words after it."""
    return _listed(lambda found, _: f"{_plain(found)} {words}" if _plain(found) and fits(found) else None)


def _another(found: Object, scene: Scene) -> str | None:
    free = [own(c) for c in scene.columns(found.values["table"]) if own(c) not in found.values["columns"]]
    return free[0] if free else None


def _texts(found: Object, scene: Scene) -> str | None:
    kinds = [c.values["type"] for c in scene.columns(found.values["table"]) if own(c) == _plain(found)]
    return kinds[0] if kinds and kinds[0].startswith(("text", "character varying")) else None


def _class(found: Object, scene: Scene) -> str | None:
    """A class of the same method and type that is not the usual one."""
    if not (column := _plain(found)):
        return None
    kind = next(c.values["type"] for c in scene.columns(found.values["table"]) if own(c) == column)
    kind = kind.partition("(")[0]
    now = found.values["operator classes"][0]
    name = scene.ask(
        "SELECT min(c.opcnamespace::regnamespace::text || '.' || quote_ident(c.opcname)) FROM pg_opclass c "
        f"JOIN pg_am a ON a.oid = c.opcmethod WHERE a.amname = '{found.values['method']}' "
        f"AND c.opcnamespace::regnamespace::text || '.' || quote_ident(c.opcname) <> '{now}' "
        f"AND (c.opcintype = '{kind}'::regtype OR '{kind}' = 'character varying' AND c.opcintype = 'text'::regtype)"
    )
    return f"{column} {name}" if name else None


def _moved(definition: str, found: Object, _: Scene) -> str:
    table, schema = found.values["table"], schema_of(found)
    made = f"{schema}.understudy_t"
    return f"CREATE TABLE {made} (LIKE {table}); " + definition.replace(f" ON {table} ", f" ON {made} ", 1)


def _uniqueness(definition: str, found: Object, _: Scene) -> str:
    if found.values["unique"]:
        return definition.replace("CREATE UNIQUE INDEX", "CREATE INDEX", 1)
    return definition.replace("CREATE INDEX", "CREATE UNIQUE INDEX", 1)


def _nulls(definition: str, found: Object, _: Scene) -> str | None:
    if not found.values["unique"]:
        definition = definition.replace("CREATE INDEX", "CREATE UNIQUE INDEX", 1)
    if " NULLS NOT DISTINCT" in definition:
        return definition.replace(" NULLS NOT DISTINCT", "", 1)
    head, where, rest = definition.partition(" WHERE ")
    head, with_word, options = head.partition(" WITH ")
    return f"{head} NULLS NOT DISTINCT{with_word}{options}{where}{rest}"


def _predicate(definition: str, found: Object, _: Scene) -> str:
    head, where, _rest = definition.partition(" WHERE ")
    return f"{head} WHERE (1 = 2)" if not where or found.values["predicate"] != "(1 = 2)" else head


def _keys(found: Object, scene: Scene) -> str | None:
    """One key more, where there is one; the second and the others only carried along, where there are more."""
    columns = found.values["columns"]
    if found.values["expressions"] is not None or found.values["key columns"] != len(columns):
        return None
    if len(columns) > 1:
        return f"{columns[0]}) INCLUDE ({', '.join(columns[1:])}"
    more = _another(found, scene)
    return f"{columns[0]}, {more}" if more else None


def _with_options(found: Object, scene: Scene) -> str | None:
    """An index of a method whose classes have options."""
    if not (column := _plain(found)) or not _alone(found):
        return None
    kind = next(c.values["type"] for c in scene.columns(found.values["table"]) if own(c) == column)
    method, name = ("gist", "siglen") if kind == "tsvector" else ("brin", "values_per_range")
    pattern = "%" if kind == "tsvector" else "%minmax\\_multi%"
    chosen = scene.ask(
        f"SELECT min(c.opcname) FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod WHERE a.amname = '{method}' "
        f"AND c.opcintype = '{kind.partition('(')[0]}'::regtype AND c.opcname LIKE '{pattern}'"
    )
    made = f"CREATE INDEX {path(found).removeprefix(schema_of(found) + '.')} ON {found.values['table']}"
    value = 77 if f"{name}=77" not in str(found.values["operator class options"]) else 78
    words = f"{made} USING {method} ({column} {chosen} ({name} = {value}))"
    return f"DROP INDEX {path(found)}; {words}" if chosen else None


_expressed = _listed(lambda found, _: f"({_plain(found)} IS NULL)" if _plain(found) else None)
"""The only column's place taken by an expression."""


def _targeted(found: Object, scene: Scene) -> str | None:
    """Only the statistics of an expression have a target of their own."""
    alter = f"ALTER INDEX {path(found)} ALTER COLUMN 1 SET STATISTICS 1234"
    if found.values["expressions"] is not None:
        return alter
    made = _expressed(found, scene)
    return f"{made}; {alter}" if made else None


def _collated(found: Object, _: Scene) -> str | None:
    if not _plain(found) or found.values["collations"] in (["-"], []):
        return None
    name = '"POSIX"' if found.values["collations"][0].endswith('"C"') else '"C"'
    return f"{_plain(found)} COLLATE {name}"


def _method(definition: str, found: Object, _: Scene) -> str | None:
    if not _plain(found):
        return None
    words = "hash" if found.values["method"] != "hash" and not found.values["unique"] else "btree"
    if found.values["unique"] or words == found.values["method"]:
        definition, words = definition.replace("CREATE UNIQUE", "CREATE", 1), "brin"
    return _LIST.sub(f"{words} ({_plain(found)})", definition, count=1)


def _clustered(found: Object) -> str | None:
    words = f"ALTER TABLE {found.values['table']} "
    if found.values["clustered"]:
        return f"{words} SET WITHOUT CLUSTER"
    return f"{words} CLUSTER ON {path(found).removeprefix(schema_of(found) + '.')}"


INDEXES: tuple[Change, ...] = (
    presence(say(lambda f: "DROP INDEX {path}" if _alone(f) else None)),
    comment(commented("INDEX {path}")),
    change("table", _remade(_moved), needs="an index of its own"),
    change("method", _remade(_method), columns="pg_class.relam", needs="an index over one column"),
    change("unique", _remade(_uniqueness), needs="an index of its own"),
    change("nulls not distinct", _remade(_nulls), needs="an index of its own"),
    change("columns", _listed(_another), needs="an index of its own"),
    change("key columns", _listed(_keys), needs="an index of its own"),
    change(
        "expressions",
        _expressed,
        needs="an index over one column",
    ),
    change("predicate", _remade(_predicate), needs="an index of its own"),
    change("operator classes", _listed(_class), needs="a type with another operator class"),
    change(
        "operator class options",
        _with_options,
        needs="an index over one column of a type with such a class",
        columns="pg_attribute.attoptions",
    ),
    change("collations", _listed(_collated), needs="an index over one column that has a collation"),
    change(
        "directions",
        _first("DESC", lambda f: f.values["directions"] == [0] and f.values["method"] == "btree"),
        _first("ASC", lambda f: f.values["directions"] != [0]),
        needs="an index over one column",
    ),
    change(
        "options",
        "ALTER INDEX {path} SET (fillfactor = 33)",
        "ALTER INDEX {path} SET (fastupdate = off)",
        "ALTER INDEX {path} SET (pages_per_range = 77)",
        columns="pg_class.reloptions",
    ),
    change(
        "tablespace",
        "UPDATE pg_class SET reltablespace = CASE reltablespace WHEN 0 THEN 1664 ELSE 0 END WHERE oid = {oid}",
        columns="pg_class.reltablespace",
    ),
    change("valid", "UPDATE pg_index SET indisvalid = NOT indisvalid WHERE indexrelid = {oid}"),
    change("clustered", say(_clustered)),
    change(
        "statistics targets",
        _targeted,
        needs="an index over an expression, or over one column",
        columns="pg_attribute.attstattarget",
    ),
    change(
        "partition of",
        "DELETE FROM pg_inherits WHERE inhrelid = {oid}",
        columns="pg_inherits.inhparent",
        needs="an index of a partition that is part of another",
    ),
    change(
        "depends on extension",
        "ALTER INDEX {path} DEPENDS ON EXTENSION plpgsql",
        columns="pg_depend.refobjid pg_depend.deptype",
    ),
)
