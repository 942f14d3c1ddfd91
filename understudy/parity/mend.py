"""Statements that make LEFT like RIGHT, where a safe one can be written.

Safe: it rewrites no table, loses nothing, and holds no lock for longer than a moment. A missing index is built
concurrently, a missing check or foreign key is added without validation. What is not safe is a migration's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from understudy.catalog import Object, Snapshot
from understudy.parity.verdict import ABSENT, PRESENCE, Difference
from understudy.postgres import connect

_DEFINITIONS = {
    "index": "SELECT pg_get_indexdef(%s)",
    "constraint": "SELECT pg_get_constraintdef(%s)",
    "function": "SELECT pg_get_functiondef(%s)",
    "procedure": "SELECT pg_get_functiondef(%s)",
    "trigger": "SELECT pg_get_triggerdef(%s)",
    "view": "SELECT pg_get_viewdef(%s)",
}
_AT_MOST = 200
"""How many definitions are fetched: beyond that nobody mends by hand."""

_ODDLY_NAMED = (
    *("database", "cast", "transform", "aggregate", "operator class", "operator family", "operator"),
    *("language", "server"),
)
"""Kinds whose paths COMMENT would not understand as they are."""
_ON_TABLE = ("constraint", "trigger", "rule", "policy")
_ENABLED = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
_FUNCTION = {
    "volatility": lambda v: {"i": "IMMUTABLE", "s": "STABLE", "v": "VOLATILE"}[v],
    "parallel": lambda v: "PARALLEL " + {"s": "SAFE", "r": "RESTRICTED", "u": "UNSAFE"}[v],
    "strict": lambda v: "STRICT" if v else "CALLED ON NULL INPUT",
    "security definer": lambda v: "SECURITY DEFINER" if v else "SECURITY INVOKER",
    "leakproof": lambda v: "LEAKPROOF" if v else "NOT LEAKPROOF",
    "cost": lambda v: f"COST {v}",
}
_SEQUENCE = {
    "increment": lambda v: f"INCREMENT BY {v}",
    "start": lambda v: f"START WITH {v}",
    "cache": lambda v: f"CACHE {v}",
    "cycle": lambda v: "CYCLE" if v else "NO CYCLE",
}
_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_COMPRESSION = {"p": "pglz", "l": "lz4", "": "default"}


def with_mends(differences: Sequence[Difference], left: Snapshot, right: Snapshot, right_dsn: str) -> list[Difference]:
    """The differences, with a statement for each that has a safe one."""
    missing = [d for d in differences if d.attribute == PRESENCE and d.left == ABSENT and d.kind in _DEFINITIONS]
    definitions = _definitions(missing[:_AT_MOST], right, right_dsn)
    return [replace(d, mend=_mend(d, left, right, definitions)) for d in differences]


def _definitions(missing: Sequence[Difference], right: Snapshot, dsn: str) -> dict[str, str]:
    if not missing:
        return {}
    with connect(dsn) as connection, connection.transaction():
        connection.execute("SET LOCAL search_path = ''")
        found = {}
        for difference in missing:
            row = connection.execute(_DEFINITIONS[difference.kind], [right.objects[difference.key].oid]).fetchone()
            found[difference.key] = str(row[0]) if row else ""
        return found


def _mend(difference: Difference, left: Snapshot, right: Snapshot, definitions: dict[str, str]) -> str | None:
    if difference.key.endswith(" (inherited)"):
        return None  # the parent's constraint is what can be changed
    if difference.attribute == PRESENCE:
        definition = definitions.get(difference.key)
        return _create(difference, right.objects[difference.key], definition) if definition else None
    found = left.objects[difference.key]
    if right.objects[difference.key].values.get("generated") != found.values.get("generated"):
        return None  # what is a default on one side is an expression on the other
    writer = _WRITERS.get(difference.attribute) or _WRITERS.get(f"{difference.kind}: {difference.attribute}")
    return writer(difference, found) if writer else None


def _create(difference: Difference, there: Object, definition: str) -> str | None:
    kind = difference.kind
    if kind == "index":
        if there.parent and not there.parent.startswith(("table ", "materialized view ")):
            return None  # its constraint makes it
        partitioned = " ON ONLY " in definition or there.values["partition of"]
        return definition if partitioned else definition.replace("INDEX ", "INDEX CONCURRENTLY ", 1)
    if kind == "constraint":
        if there.values["type"] not in ("c", "f") or not _table(there):
            return None
        late = "" if "NOT VALID" in definition or "NOT ENFORCED" in definition else " NOT VALID"
        return f"ALTER TABLE {_table(there)} ADD CONSTRAINT {_own_name(there)} {definition}{late}"
    if kind == "view":
        return f"CREATE VIEW {difference.path} AS {definition}" if not there.values["options"] else None
    return definition.strip()


def _table(found: Object) -> str | None:
    """The table that an object belongs to, None where it belongs to something else."""
    kind, _, path = (found.parent or "").partition(" ")
    return path if kind == "table" else None


def _own_name(found: Object) -> str:
    """An object's name without its table's."""
    table = (found.parent or "").split(" ", 1)[-1]
    return found.key.split(" ", 1)[1].removeprefix(table + ".")


def _literal(text: str) -> str:
    escape = "E" if "\\" in text else ""
    return f"{escape}'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _comment(difference: Difference, found: Object) -> str | None:
    value = "NULL" if difference.right is None else _literal(difference.right)
    if difference.kind in _ON_TABLE:
        table = _table(found)
        return f"COMMENT ON {difference.kind.upper()} {_own_name(found)} ON {table} IS {value}" if table else None
    if difference.kind in _ODDLY_NAMED:
        return None
    return f"COMMENT ON {difference.kind.upper().replace('-', ' ')} {difference.path} IS {value}"


def _alter(clause: Callable[[Any], str]) -> Callable[[Difference, Object], str | None]:
    def write(difference: Difference, _: Object) -> str:
        return f"ALTER {difference.kind.upper()} {difference.path} {clause(difference.right)}"

    return write


def _column(clause: Callable[[Any], str | None]) -> Callable[[Difference, Object], str | None]:
    def write(difference: Difference, found: Object) -> str | None:
        table, text = _table(found), clause(difference.right)
        return f"ALTER TABLE {table} ALTER COLUMN {_own_name(found)} {text}" if table and text else None

    return write


def _default(difference: Difference, found: Object) -> str | None:
    if found.values["generated"]:
        return None
    set_it = _column(lambda value: "DROP DEFAULT" if value is None else f"SET DEFAULT {value}")
    return set_it(difference, found)


def _trigger_enabled(difference: Difference, found: Object) -> str | None:
    if not _table(found):
        return None
    word = difference.kind.upper()
    return f"ALTER TABLE {_table(found)} {_ENABLED[difference.right]} {word} {_own_name(found)}"


def _validated(difference: Difference, found: Object) -> str | None:
    if not difference.right or not _table(found) or not found.values.get("enforced", True):
        return None
    return f"ALTER TABLE {_table(found)} VALIDATE CONSTRAINT {_own_name(found)}"


_SECURITY = {
    "row security": ("ENABLE ROW LEVEL SECURITY", "DISABLE ROW LEVEL SECURITY"),
    "forced row security": ("FORCE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"),
}


def _switch(name: str) -> Callable[[Any], str]:
    return lambda value: _SECURITY[name][0 if value else 1]


_WRITERS: dict[str, Callable[[Difference, Object], str | None]] = {
    "comment": _comment,
    "column: default": _default,
    "column: not null": _column(lambda value: None if value else "DROP NOT NULL"),
    "column: statistics target": _column(lambda value: f"SET STATISTICS {-1 if value is None else value}"),
    "column: storage": _column(lambda value: f"SET STORAGE {_STORAGE[value]}"),
    "column: compression": _column(lambda value: f"SET COMPRESSION {_COMPRESSION[value]}"),
    "trigger: enabled": _trigger_enabled,
    "rule: enabled": _trigger_enabled,
    "constraint: validated": _validated,
    **{f"table: {name}": _alter(_switch(name)) for name in _SECURITY},
    **{f"{kind}: owner": _alter(lambda value: f"OWNER TO {value}") for kind in ("table", "view", "sequence", "schema")},
    **{f"function: {name}": _alter(clause) for name, clause in _FUNCTION.items()},
    **{f"sequence: {name}": _alter(clause) for name, clause in _SEQUENCE.items()},
}
