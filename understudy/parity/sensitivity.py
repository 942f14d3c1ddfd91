"""The proof on the user's own schema: change a copy, one attribute at a time, and see whether each change is seen.

How it works:

1. The schema is dumped and restored into a scratch database; nothing else is ever changed.
2. For each kind that the schema contains, and each attribute that a statement can change, an object is taken and
   changed inside a transaction; the catalogs are read there, and the transaction is rolled back.
3. A change counts as seen when the comparison with the unchanged copy names that object and that attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from understudy.catalog import Object, Snapshot, read
from understudy.parity.comparison import compare_snapshots, kind_word
from understudy.parity.verdict import PRESENCE
from understudy.parity.witness import dump
from understudy.parity.workshop import Workshop
from understudy.postgres import connect

TRIES = 5
"""How many objects are tried before an attribute of a kind is given up: the statement may not fit each of them."""


@dataclass(frozen=True)
class Trial:
    """One change: what was changed how, and what came of it. `seen` is None where no object could be changed."""

    kind: str
    attribute: str
    key: str
    statement: str
    seen: bool | None
    reason: str = ""


Statement = Callable[[Object], str | None]


def prove(dsn: str, workshop: Workshop, ignored_schemas: Sequence[str] = ()) -> list[Trial]:
    """Try every change on a copy of a database's schema, made in the workshop.

    Raises:
        ProgramError: the schema cannot be dumped.
        LoadError: the copy cannot be made.
    """
    script = dump(dsn, workshop.major, ignored_schemas=ignored_schemas, owners=False, subscriptions=False).script
    with connect(dsn) as connection:
        original = read(connection)
    with connect(workshop.database(script, lenient=True)) as connection:
        before = read(connection)
        trials = [_try(connection, before, kind, attribute, make) for kind, attribute, make in _changes(before)]
    return [*trials, *_left_out(original, {trial.kind for trial in trials})]


def _changes(snapshot: Snapshot) -> Iterator[tuple[str, str, Statement]]:
    """Every change that something in the schema could undergo."""
    there = {kind_word(found) for found in snapshot.objects.values()}
    for kind, changes in CHANGES.items():
        if kind in there:
            yield from ((kind, attribute, make) for attribute, make in changes.items())


def _left_out(snapshot: Snapshot, tried: set[str]) -> list[Trial]:
    """The kinds that the schema contains and that nothing was tried on, because the copy lacks them."""
    there = dict.fromkeys(kind_word(found) for found in snapshot.objects.values())
    reason = "no copy that is restored from a dump has one"
    return [Trial(kind, "every attribute", "", "", None, reason) for kind in there if kind not in tried]


def _try(connection: psycopg.Connection[Any], before: Snapshot, kind: str, attribute: str, make: Statement) -> Trial:
    reason, tried = "there is no object that it fits", 0
    for key, found in before.objects.items():
        if kind_word(found) != kind or tried >= TRIES:
            continue
        statement = make(found)
        if statement is None:
            continue
        tried += 1
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(statement.encode())
                after = read(connection)
        except psycopg.Error as error:
            reason = str(error.diag.message_primary or error)
            continue
        seen = any(d.key == key and d.attribute == attribute for d in compare_snapshots(before, after))
        return Trial(kind, attribute, key, statement, seen)
    return Trial(kind, attribute, "", "", None, reason)


def _path(found: Object) -> str:
    return found.key.removeprefix(kind_word(found) + " ")


def _own(found: Object) -> str:
    """The name within its table."""
    return found.key.split(" ", 1)[1].removeprefix(_table(found) + ".")


def _table(found: Object) -> str:
    """The path of what it belongs to."""
    for word in ("materialized view ", "foreign table "):
        if (found.parent or "").startswith(word):
            return (found.parent or "").removeprefix(word)
    return (found.parent or "").partition(" ")[2]


def _of_table(found: Object) -> bool:
    return (found.parent or "").startswith("table ")


def _alter(clause: str) -> Statement:
    return lambda found: f"ALTER {kind_word(found).upper()} {_path(found)} {clause}"


def _column(clause: str, when: Callable[[Mapping[str, Any]], bool] = lambda _: True) -> Statement:
    def make(found: Object) -> str | None:
        if not _of_table(found) or not when(found.values):
            return None
        return f"ALTER TABLE {_table(found)} ALTER COLUMN {_own(found)} {clause}"

    return make


def _on_table(clause: str) -> Statement:
    return lambda found: f"ALTER TABLE {_table(found)} {clause.format(name=_own(found))}" if _of_table(found) else None


def _drop(found: Object) -> str:
    return f"DROP {kind_word(found).upper()} {_path(found)} CASCADE"


def _drop_on_table(found: Object) -> str:
    return f"DROP {kind_word(found).upper()} {_own(found)} ON {_table(found)}"


def _comment(found: Object) -> str:
    return f"COMMENT ON {kind_word(found).upper()} {_path(found)} IS 'changed by understudy parity --sensitivity'"


def _comment_on_table(found: Object) -> str:
    return f"COMMENT ON {kind_word(found).upper()} {_own(found)} ON {_table(found)} IS 'changed'"


def _negated(name: str, yes: str, no: str) -> Statement:
    """The clause that turns a yes into a no and back."""
    return lambda found: _alter(no if found.values[name] else yes)(found)


def _other(name: str, first: tuple[str, str], second: tuple[str, str]) -> Statement:
    """The first clause, or the second where the first would change nothing."""
    return lambda found: _alter(second[1] if found.values[name] == first[0] else first[1])(found)


def _on_wrapper(words: str) -> Statement:
    return lambda found: words.format(f"FOREIGN DATA WRAPPER {_path(found)}")


def _on_transform(words: str) -> Statement:
    return lambda found: words.format(f"TRANSFORM FOR {_path(found).replace(' language ', ' LANGUAGE ')}")


def _on_mapping(words: str) -> Statement:
    return lambda found: words.format(f"USER MAPPING FOR {_path(found).replace(' server ', ' SERVER ')}")


def _on_published(found: Object) -> str:
    table, _, publication = _path(found).rpartition(" in ")
    return f"ALTER PUBLICATION {publication} DROP TABLE {table}"


def _on_defaults(found: Object) -> str:
    role, _, what = _path(found).rpartition(" on ")
    role, _, schema = role.partition(" in ")
    where = f" IN SCHEMA {schema}" if schema else ""
    return f"ALTER DEFAULT PRIVILEGES FOR ROLE {role}{where} GRANT ALL ON {what.upper()} TO pg_monitor"


def _on_system(found: Object) -> str | None:
    word, _, name = _path(found).partition(" ")
    sort = {"view": "TABLE", "table": "TABLE", "schema": "SCHEMA", "function": "FUNCTION"}.get(word)
    return f"GRANT ALL ON {sort} {name} TO pg_monitor" if sort else None


def _on_database(words: str) -> Statement:
    text = words.replace("'", "''")
    return lambda _: f"DO $$ BEGIN EXECUTE format('{text}', current_database()); END $$"


def _grant(found: Object) -> str:
    return f"GRANT ALL ON {kind_word(found).upper()} {_path(found)} TO pg_monitor"


def _toast_options(found: Object) -> str:
    """For a table that has a TOAST table: the statement is accepted for others too, and does nothing there."""
    return (
        f"DO $$ BEGIN IF (SELECT reltoastrelid FROM pg_class WHERE oid = {found.oid}) = 0 THEN "
        "RAISE 'the table has no TOAST table'; END IF; "
        f"{_alter('SET (toast.autovacuum_vacuum_threshold = 12345)')(found)}; END $$"
    )


def _grant_on_table(found: Object) -> str:
    return f"GRANT ALL ON TABLE {_path(found)} TO pg_monitor"


_GENERAL: dict[str, Statement] = {PRESENCE: _drop, "comment": _comment, "owner": _alter("OWNER TO pg_monitor")}

_UNOWNED: dict[str, Statement] = {PRESENCE: _drop, "comment": _comment}

_ROUTINE: dict[str, Statement] = {
    **_GENERAL,
    "privileges": _grant,
    "security definer": _negated("security definer", "SECURITY DEFINER", "SECURITY INVOKER"),
    "settings": _alter("SET statement_timeout = 12345"),
}

CHANGES: dict[str, dict[str, Statement]] = {
    "table": {
        **_GENERAL,
        "privileges": _grant_on_table,
        "persistence": _other("persistence", ("u", "SET UNLOGGED"), ("p", "SET LOGGED")),
        "options": _alter("SET (autovacuum_vacuum_threshold = 12345)"),
        "toast options": _toast_options,
        "replica identity": _other(
            "replica identity", ("f", "REPLICA IDENTITY FULL"), ("n", "REPLICA IDENTITY NOTHING")
        ),
        "row security": _negated("row security", "ENABLE ROW LEVEL SECURITY", "DISABLE ROW LEVEL SECURITY"),
        "forced row security": _negated(
            "forced row security", "FORCE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"
        ),
    },
    "column": {
        PRESENCE: _on_table("DROP COLUMN {name} CASCADE"),
        "comment": _comment,
        "type": _column("TYPE text", lambda v: v["type"] == "character varying" or v["type"].startswith("character v")),
        "not null": lambda f: _column("DROP NOT NULL" if f.values["not null"] else "SET NOT NULL")(f),
        "default": _column("SET DEFAULT NULL::text || 'x'", lambda v: not v["generated"] and v["type"] == "text"),
        "statistics target": _column("SET STATISTICS 1234"),
        "storage": lambda f: _column(
            "SET STORAGE " + ("MAIN" if f.values["storage"] != "m" else "EXTERNAL"), lambda v: v["storage"] != "p"
        )(f),
        "compression": _column("SET COMPRESSION pglz", lambda v: v["storage"] != "p" and v["compression"] != "p"),
        "options": _column("SET (n_distinct = 12345)"),
        "privileges": lambda f: f"GRANT ALL ({_own(f)}) ON {_table(f)} TO pg_monitor",
    },
    "view": {**_GENERAL, "privileges": _grant_on_table, "options": _alter("SET (security_barrier = true)")},
    "materialized view": {**_GENERAL, "privileges": _grant_on_table, "options": _alter("SET (fillfactor = 33)")},
    "foreign table": {
        **_GENERAL,
        "privileges": _grant_on_table,
        "foreign options": _alter("OPTIONS (ADD changed '1')"),
    },
    "sequence": {
        **_GENERAL,
        "privileges": _grant,
        "increment": _alter("INCREMENT BY 12345"),
        "cache": _alter("CACHE 12345"),
        "cycle": _negated("cycle", "CYCLE", "NO CYCLE"),
        "owned by": lambda f: _alter("OWNED BY NONE")(f) if f.values["owned by"] else None,
    },
    "constraint": {
        PRESENCE: _on_table("DROP CONSTRAINT {name} CASCADE"),
        "comment": lambda f: _comment_on_table(f) if _of_table(f) else None,
        "deferrable": lambda f: (
            _on_table(f"ALTER CONSTRAINT {{name}} {'NOT DEFERRABLE' if f.values['deferrable'] else 'DEFERRABLE'}")(f)
            if f.values["type"] == "f"
            else None
        ),
        "triggers enabled": lambda f: _on_table("DISABLE TRIGGER ALL")(f) if f.values["type"] == "f" else None,
    },
    "index": {
        PRESENCE: lambda f: _drop(f) if (f.parent or "").startswith(("table", "materialized")) else None,
        "comment": _comment,
        "options": _alter("SET (fillfactor = 33)"),
        "clustered": lambda f: (
            f"ALTER TABLE {f.values['table']} CLUSTER ON {_path(f).split('.')[-1]}"
            if not f.values["clustered"]
            else None
        ),
        "valid": lambda f: f"UPDATE pg_index SET indisvalid = NOT indisvalid WHERE indexrelid = {f.oid}",
    },
    "trigger": {
        PRESENCE: _drop_on_table,
        "comment": _comment_on_table,
        "enabled": lambda f: _on_table(
            "ENABLE TRIGGER {name}" if f.values["enabled"] == "D" else "DISABLE TRIGGER {name}"
        )(f),
    },
    "rule": {PRESENCE: _drop_on_table, "comment": _comment_on_table, "enabled": _on_table("DISABLE RULE {name}")},
    "policy": {
        PRESENCE: _drop_on_table,
        "comment": _comment_on_table,
        "roles": lambda f: f"ALTER POLICY {_own(f)} ON {_table(f)} TO pg_monitor",
        "using": lambda f: (
            f"ALTER POLICY {_own(f)} ON {_table(f)} USING (1 = 2)" if f.values["command"] != "a" else None
        ),
    },
    "statistics": {**_GENERAL, "target": _alter("SET STATISTICS 1234")},
    "function": {
        **_ROUTINE,
        "volatility": _other("volatility", ("s", "STABLE"), ("v", "VOLATILE")),
        "parallel": _other("parallel", ("s", "PARALLEL SAFE"), ("u", "PARALLEL UNSAFE")),
        "strict": _negated("strict", "STRICT", "CALLED ON NULL INPUT"),
        "leakproof": _negated("leakproof", "LEAKPROOF", "NOT LEAKPROOF"),
        "cost": _alter("COST 12345"),
    },
    "procedure": _ROUTINE,
    "aggregate": _GENERAL,
    "type": {
        **_GENERAL,
        "privileges": lambda f: f"GRANT ALL ON TYPE {_path(f)} TO pg_monitor",
        "labels": lambda f: f"ALTER TYPE {_path(f)} ADD VALUE 'changed'" if f.values["labels"] is not None else None,
        "default": lambda f: (
            f"ALTER DOMAIN {_path(f)} SET DEFAULT NULL::text || 'x'" if f.values["base type"] == "text" else None
        ),
        "not null": lambda f: (
            f"ALTER DOMAIN {_path(f)} {'DROP' if f.values['not null'] else 'SET'} NOT NULL"
            if f.values["base type"]
            else None
        ),
    },
    "schema": {
        **_GENERAL,
        "privileges": _grant,
        PRESENCE: lambda f: _drop(f) if _path(f) != "public" else None,
    },
    "extension": {PRESENCE: _drop, "comment": _comment},
    "collation": _GENERAL,
    "operator": _GENERAL,
    "event trigger": {PRESENCE: _drop, "comment": _comment, "enabled": _alter("ENABLE ALWAYS")},
    "publication": {
        **_GENERAL,
        "via root": _negated(
            "via root", "SET (publish_via_partition_root = true)", "SET (publish_via_partition_root = false)"
        ),
    },
    "server": {**_GENERAL, "version": _alter("VERSION 'changed'")},
    "text search configuration": _GENERAL,
    "text search dictionary": _GENERAL,
    "text search parser": _UNOWNED,
    "text search template": _UNOWNED,
    "operator class": _GENERAL,
    "operator family": _GENERAL,
    "access method": _UNOWNED,
    "cast": _UNOWNED,
    "conversion": _GENERAL,
    "language": {**_GENERAL, "privileges": _grant},
    "transform": {
        PRESENCE: _on_transform("DROP {} CASCADE"),
        "comment": _on_transform("COMMENT ON {} IS 'changed'"),
    },
    "foreign-data wrapper": {
        PRESENCE: _on_wrapper("DROP {} CASCADE"),
        "comment": _on_wrapper("COMMENT ON {} IS 'changed'"),
        "options": _on_wrapper("ALTER {} OPTIONS (ADD changed '1')"),
        "privileges": _on_wrapper("GRANT USAGE ON {} TO pg_monitor"),
    },
    "user mapping": {
        PRESENCE: _on_mapping("DROP {}"),
        "options": _on_mapping("ALTER {} OPTIONS (ADD changed '1')"),
    },
    "published table": {PRESENCE: _on_published},
    "default privileges": {"privileges": _on_defaults},
    "system object": {"privileges": _on_system},
    "database": {
        "comment": _on_database("COMMENT ON DATABASE %I IS 'changed'"),
        "connection limit": _on_database("ALTER DATABASE %I CONNECTION LIMIT 12345"),
    },
}
"""By kind and attribute, the statement that changes it; None where it does not fit the object."""
