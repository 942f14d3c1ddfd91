"""Tables of every sort, views, foreign tables, and sequences."""

from __future__ import annotations

import re
from collections.abc import Sequence

from understudy.catalog import Object
from understudy.parity.sensitivity.changes.general import labels, presence, usual
from understudy.parity.sensitivity.model import Change, Scene, change, either, filled, flag, other, own, path, say

TABLES = ("table", "partitioned table")
VIEWS = ("view", "materialized view")
STORED = ("table", "materialized view")
_IDENTIFIER = re.compile(r'"(?:[^"]|"")*"|[^.]+')


def schema_of(found: Object) -> str:
    """The schema in an object's path."""
    match = _IDENTIFIER.match(path(found))
    return match[0] if match else ""


def typed(column: Object, scene: Scene) -> str:
    """A column's name, type and collation."""
    collation = column.values["collation"]
    default = scene.ask(
        f"SELECT t.typcollation = a.attcollation FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
        f"WHERE a.attrelid = {column.oid} AND a.attnum = {column.subid}"
    )
    return f"{own(column)} {column.values['type']}" + (f" COLLATE {collation}" if collation and not default else "")


def _reordered(found: Object, scene: Scene) -> str | None:
    """A column that is dropped and added again stands last; one that nothing hangs on is taken if there is one."""
    columns = sorted(scene.columns(path(found)), key=lambda column: column.subid)[:-1]
    if not columns:
        return None
    loose = sorted(columns, key=lambda c: (c.values["not null"], c.values["default"] is not None))
    words = "FOREIGN TABLE" if found.values["server"] else "TABLE"
    alter = f"ALTER {words} {path(found)}"
    values = loose[0].values
    default = f" DEFAULT {values['default']}" if values["default"] and not values["generated"] else ""
    rest = default + (" NOT NULL" if values["not null"] else "")
    return f"{alter} DROP COLUMN {own(loose[0])} CASCADE; {alter} ADD COLUMN {typed(loose[0], scene)}{rest}"


def remade_view(found: Object, columns: Sequence[str], tail: str = "") -> str:
    """A view made anew around its own definition."""
    definition = found.values["definition"].rstrip("; \n")
    kind = "MATERIALIZED VIEW" if found.key.startswith("materialized") else "VIEW"
    data = " WITH NO DATA" if kind != "VIEW" else ""
    made = f"CREATE {kind} {path(found)} AS SELECT {', '.join(columns)} FROM ({definition}) understudy{tail}{data}"
    return f"DROP {kind} {path(found)} CASCADE; {made}"


def view_columns(found: Object, scene: Scene) -> list[str]:
    """The names of a view's columns in their order."""
    return [own(c) for c in sorted(scene.columns(path(found)), key=lambda column: column.subid)]


def _view_reordered(found: Object, scene: Scene) -> str | None:
    columns = view_columns(found, scene)
    return remade_view(found, columns[::-1]) if len(columns) > 1 else None


def _redefined(found: Object, scene: Scene) -> str | None:
    if found.key.startswith("materialized"):
        return remade_view(found, view_columns(found, scene), " LIMIT 12345")
    options = ", ".join(found.values["options"])
    definition = found.values["definition"].rstrip("; \n")
    with_options = f" WITH ({options})" if options else ""
    return (
        f"CREATE OR REPLACE VIEW {path(found)}{with_options} AS SELECT * FROM ({definition}) understudy "
        "WHERE random() < 2"
    )


def _identity_index(found: Object, scene: Scene) -> str | None:
    words = filled("ALTER {word} {path} REPLICA IDENTITY ", found)
    if found.values["replica identity index"]:
        return f"{words} DEFAULT"
    for index in scene.snapshot.objects.values():
        if index.kind.name == "index" and index.values["table"] == path(found) and index.values["unique"]:
            return f"{words} USING INDEX {path(index).removeprefix(schema_of(index) + '.')}"
    return None


def _of_type(found: Object, scene: Scene) -> str | None:
    if found.values["of type"]:
        return f"ALTER TABLE {path(found)} NOT OF"
    columns = sorted(scene.columns(path(found)), key=lambda column: column.subid)
    made = f"{schema_of(found)}.understudy_type"
    return f"CREATE TYPE {made} AS ({', '.join(typed(c, scene) for c in columns)}); ALTER TABLE {path(found)} OF {made}"


def _parent(found: Object) -> str | None:
    if found.values["inherits"]:
        return f"ALTER TABLE {path(found)} NO INHERIT {found.values['inherits'][0]}"
    made = f"{schema_of(found)}.understudy_parent"
    return f"CREATE TABLE {made} (LIKE {path(found)}); ALTER TABLE {path(found)} INHERIT {made}"


def _bound(found: Object, words: str) -> str | None:
    if not found.values["partition of"]:
        return None
    parent = f"ALTER TABLE {found.values['partition of'][0]}"
    return f"{parent} DETACH PARTITION {path(found)}; {parent} ATTACH PARTITION {path(found)} {words}"


def _hash_bound(found: Object) -> str | None:
    match = re.search(r"modulus (\d+)", found.values["partition bound"] or "", re.I)
    rest = re.sub(r"modulus \d+", f"modulus {2 * int(match[1])}", found.values["partition bound"]) if match else ""
    return _bound(found, rest) if match else None


def _divided(key: str, of: str = "") -> Change:
    """A partition key: `{0}` is the strategy, `{1}` the first column, `{2}` one that is a text."""

    def way(found: Object, scene: Scene) -> str | None:
        columns = sorted(scene.columns(path(found)), key=lambda column: column.subid)
        text = [own(c) for c in columns if c.values["type"] == "text" or c.values["type"].startswith("char")]
        if not columns or ("{2}" in key and not text):
            return None
        strategy = "HASH" if found.values["partition key"].startswith("RANGE") else "RANGE"
        same = found.values["partition key"].partition(" ")[2]
        free = [own(c) for c in columns if own(c) not in found.values["partition key"]]
        if not free:
            return None
        words = key.format(strategy, free[0], next(iter(text), ""), same)
        was = f"{schema_of(found)}.understudy_was"
        return (
            f"ALTER TABLE {path(found)} RENAME TO understudy_was; "
            f"CREATE TABLE {path(found)} (LIKE {was}) PARTITION BY {words}"
        )

    named = " ".join(f"pg_partitioned_table.{column}" for column in of.split())
    return change("partition key", way, sorts="partitioned table", columns=named, needs="a key over such a column")


_HEAP = "CREATE ACCESS METHOD understudy_heap TYPE TABLE HANDLER heap_tableam_handler; "
_HEAP_ROW = "UPDATE pg_class SET relam = (SELECT oid FROM pg_am WHERE amname = 'understudy_heap') WHERE oid = {oid}"
_TOAST = (
    "DO $$ BEGIN IF (SELECT reltoastrelid FROM pg_class WHERE oid = {oid}) = 0 THEN RAISE 'it has no TOAST table'; "
    "END IF; ALTER {word} {path} SET (toast.autovacuum_vacuum_threshold = 12345); END $$"
)
_FOREIGN = ("foreign table",)

RELATIONS = (
    *usual("relowner", grant="TABLE {path}", acl="pg_class.relacl"),
    labels(),
    change("column order", _reordered, sorts=(*TABLES, *_FOREIGN), columns="pg_attribute.attnum", needs="two columns"),
    change("column order", _view_reordered, sorts=VIEWS, columns="pg_attribute.attnum", needs="two columns"),
    change(
        "persistence",
        either("persistence", ("u", "ALTER {word} {path} SET UNLOGGED"), ("p", "ALTER {word} {path} SET LOGGED")),
        sorts="table",
    ),
    change(
        "access method",
        _HEAP + "ALTER {word} {path} SET ACCESS METHOD understudy_heap",
        _HEAP + _HEAP_ROW,
        sorts=STORED,
        columns="pg_class.relam",
    ),
    change(
        "tablespace",
        other("reltablespace", "1664", "0"),
        sorts=(*STORED, "partitioned table"),
        columns="pg_class.reltablespace",
    ),
    change(
        "options",
        "ALTER {word} {path} SET (autovacuum_vacuum_threshold = 12345)",
        sorts=STORED,
        columns="pg_class.reloptions",
    ),
    change(
        "options",
        say(
            lambda f: (
                "ALTER VIEW {path} SET (security_barrier = "
                f"{'false' if 'security_barrier=true' in f.values['options'] else 'true'})"
            )
        ),
        sorts="view",
        columns="pg_class.reloptions",
    ),
    change("toast options", _TOAST, sorts=STORED, columns="pg_class.reloptions", needs="a TOAST table"),
    change(
        "replica identity",
        either(
            "replica identity",
            ("f", "ALTER {word} {path} REPLICA IDENTITY FULL"),
            ("n", "ALTER {word} {path} REPLICA IDENTITY NOTHING"),
        ),
        other("relreplident", "'f'", "'n'"),
        sorts=(*TABLES, "materialized view"),
    ),
    change(
        "replica identity index",
        _identity_index,
        "UPDATE pg_index SET indisreplident = true WHERE indexrelid = "
        "(SELECT min(indexrelid) FROM pg_index WHERE indrelid = {oid})",
        sorts=(*TABLES, "materialized view"),
        needs="an index",
    ),
    change(
        "row security",
        flag(
            "row security",
            "ALTER TABLE {path} ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE {path} DISABLE ROW LEVEL SECURITY",
        ),
        sorts=TABLES,
    ),
    change(
        "forced row security",
        flag(
            "forced row security",
            "ALTER TABLE {path} FORCE ROW LEVEL SECURITY",
            "ALTER TABLE {path} NO FORCE ROW LEVEL SECURITY",
        ),
        sorts=TABLES,
    ),
    change("of type", _of_type, sorts=TABLES, needs="a table that inherits nothing"),
    change("inherits", say(_parent), sorts="table", columns="pg_inherits.inhparent", needs="a table of its own"),
    change(
        "partition of",
        say(
            lambda f: (
                f"ALTER TABLE {f.values['partition of'][0]} DETACH PARTITION {{path}}"
                if f.values["partition of"]
                else None
            )
        ),
        sorts=TABLES,
        columns="pg_inherits.inhparent",
        needs="a partition",
    ),
    change(
        "partition bound",
        say(lambda f: _bound(f, "DEFAULT") if f.values["partition bound"] != "DEFAULT" else None),
        say(_hash_bound),
        say(lambda f: _bound(f, "FOR VALUES FROM (MINVALUE) TO (MAXVALUE)")),
        say(lambda f: _bound(f, "FOR VALUES IN (NULL)")),
        sorts=TABLES,
        needs="a partition",
    ),
    _divided("{0} {3}", "partstrat"),
    _divided("RANGE ({1})", "partattrs"),
    _divided("RANGE ({2} text_pattern_ops)", "partclass"),
    _divided('RANGE ({2} COLLATE "POSIX")', "partcollation"),
    _divided("RANGE (({1} IS NULL))", "partexprs"),
    change(
        "detach pending",
        "UPDATE pg_inherits SET inhdetachpending = NOT inhdetachpending WHERE inhrelid = {oid}",
        sorts=TABLES,
        needs="a partition",
    ),
    change("definition", _redefined, sorts=VIEWS, columns="pg_rewrite.ev_action"),
    change(
        "server",
        "DO $$ BEGIN EXECUTE format('CREATE SERVER understudy FOREIGN DATA WRAPPER %I', (SELECT fdwname FROM "
        "pg_foreign_data_wrapper w JOIN pg_foreign_server s ON s.srvfdw = w.oid JOIN pg_foreign_table t "
        "ON t.ftserver = s.oid WHERE t.ftrelid = {oid})); END $$; UPDATE pg_foreign_table SET ftserver = "
        "(SELECT oid FROM pg_foreign_server WHERE srvname = 'understudy') WHERE ftrelid = {oid}",
        sorts=_FOREIGN,
    ),
    change(
        "foreign options",
        "ALTER FOREIGN TABLE {path} OPTIONS (ADD understudy '1')",
        "UPDATE pg_foreign_table SET ftoptions = array_append(ftoptions, 'understudy=1') WHERE ftrelid = {oid}",
        sorts=_FOREIGN,
    ),
    change(
        "depends on extension",
        "ALTER MATERIALIZED VIEW {path} DEPENDS ON EXTENSION plpgsql",
        sorts="materialized view",
        columns="pg_depend.refobjid pg_depend.deptype",
    ),
)


def _owned(found: Object, scene: Scene) -> str | None:
    if found.values["owned by"]:
        return f"ALTER SEQUENCE {path(found)} OWNED BY NONE"
    inside = schema_of(found) + "."
    for column in scene.snapshot.objects.values():
        if column.kind.name == "column" and path(column).startswith(inside):
            return f"ALTER SEQUENCE {path(found)} OWNED BY {path(column)}"
    return f"CREATE TABLE {inside}understudy_t (id int); ALTER SEQUENCE {path(found)} OWNED BY {inside}understudy_t.id"


_ALTER = "ALTER SEQUENCE {path} "

SEQUENCES = (
    presence("DROP SEQUENCE {path} CASCADE", sorts="sequence"),
    *(c for c in usual("relowner", grant="SEQUENCE {path}", acl="pg_class.relacl") if c.attribute != "presence"),
    labels(),
    change("persistence", other("relpersistence", "'u'", "'p'"), columns="pg_class.relpersistence"),
    change("type", either("type", ("smallint", _ALTER + "AS smallint"), ("bigint", _ALTER + "AS bigint"))),
    change(
        "start",
        either("start", ("123", _ALTER + "START 123"), ("124", _ALTER + "START 124")),
        other("seqstart", "123", "124", catalog="pg_sequence", key="seqrelid"),
    ),
    change("increment", either("increment", ("123", _ALTER + "INCREMENT 123"), ("124", _ALTER + "INCREMENT 124"))),
    change(
        "maximum",
        either("maximum", ("12345", _ALTER + "MAXVALUE 12345"), ("12346", _ALTER + "MAXVALUE 12346")),
        other("seqmax", "12345", "12346", catalog="pg_sequence", key="seqrelid"),
    ),
    change(
        "minimum", either("minimum", ("-12345", _ALTER + "MINVALUE -12345"), ("-12346", _ALTER + "MINVALUE -12346"))
    ),
    change("cache", either("cache", ("12345", _ALTER + "CACHE 12345"), ("12346", _ALTER + "CACHE 12346"))),
    change("cycle", flag("cycle", _ALTER + "CYCLE", _ALTER + "NO CYCLE")),
    change(
        "owned by",
        _owned,
        sorts="sequence",
        columns="pg_depend.refobjid pg_depend.refobjsubid pg_depend.deptype",
    ),
)
