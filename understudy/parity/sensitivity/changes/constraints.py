"""Constraints of every sort. Most of what they have cannot be altered: they are made anew from their definition."""

from __future__ import annotations

import re
from collections.abc import Callable

from understudy.catalog import Object
from understudy.parity.sensitivity.changes.general import on_table, part_of, presence
from understudy.parity.sensitivity.changes.relations import schema_of
from understudy.parity.sensitivity.model import (
    Change,
    Scene,
    Way,
    change,
    own,
    say,
    table_of,
)
from understudy.parity.sensitivity.model import comment_place as place

CHECK, NOT_NULL, PRIMARY, UNIQUE, FOREIGN, EXCLUSION, DOMAIN = (
    "check constraint",
    "not-null constraint",
    "primary key",
    "unique constraint",
    "foreign key",
    "exclusion constraint",
    "constraint of a domain",
)
_KEYS = (PRIMARY, UNIQUE)
_OF_TABLES = (CHECK, NOT_NULL, PRIMARY, UNIQUE, FOREIGN, EXCLUSION)
Rewrite = Callable[[str, Object, Scene], str | None]


def _altered(found: Object) -> str:
    """ALTER TABLE or its like, for what the constraint belongs to."""
    word = (found.parent or "")[: -len(table_of(found)) - 1].upper()
    return f"ALTER {'DOMAIN' if word == 'TYPE' else word} {table_of(found)}"


def _remade(rewrite: Rewrite, before: Callable[[Object, Scene], str] | None = None) -> Way:
    """The constraint dropped and made again with another definition, after something that it needs was made."""

    def way(found: Object, scene: Scene) -> str | None:
        if not part_of(found):
            return None
        definition = str(scene.ask(f"SELECT pg_get_constraintdef({found.oid})"))
        words = rewrite(definition, found, scene)
        if words is None or words == definition:
            return None
        alter = _altered(found)
        first = before(found, scene) + "; " if before else ""
        return f"{first}{alter} DROP CONSTRAINT {own(found)} CASCADE; {alter} ADD CONSTRAINT {own(found)} {words}"

    return way


def _flagged(words: str) -> Way:
    """The definition with or without one of the words that may follow it."""

    def rewrite(definition: str, _: Object, __: Scene) -> str:
        if f" {words}" in definition:
            return definition.replace(f" {words}", "")
        return f"{definition} {words}"

    return _remade(rewrite)


def _another_column(_: str, found: Object, scene: Scene) -> str | None:
    """Another column of the table in place of the constraint's columns."""
    columns = [own(c) for c in scene.columns(table_of(found))]
    taken = found.values["columns"]
    used = [other.values["columns"] for other in scene.siblings(found) if other.values["type"] == found.values["type"]]
    free = [column for column in columns if column not in taken and [column] not in used]
    if found.values["type"] == "n":
        return f"NOT NULL {free[0]}" if free else None
    words = "PRIMARY KEY" if found.values["type"] == "p" else "UNIQUE"
    return f"{words} ({free[0]})" if free else None


def _checked_column(_: str, found: Object, scene: Scene) -> str | None:
    columns = [own(c) for c in scene.columns(table_of(found)) if own(c) not in found.values["columns"]]
    return f"CHECK (({columns[0]} IS NOT NULL) OR true)" if columns else None


def _referring(definition: str, found: Object, _: Scene) -> str | None:
    if len(found.values["columns"]) != 1:
        return None
    return re.sub(r"REFERENCES .*?\(.*?\)", f"REFERENCES {schema_of(found)}.understudy_r (id)", definition, count=1)


def _referred(found: Object, scene: Scene) -> str:
    column = next(c for c in scene.columns(table_of(found)) if own(c) in found.values["columns"])
    return f"CREATE TABLE {schema_of(found)}.understudy_r (id {column.values['type']} PRIMARY KEY)"


def _other_key(found: Object, scene: Scene) -> str:
    column = next(c for c in scene.columns(table_of(found)) if own(c) in found.values["columns"])
    return f"ALTER TABLE {found.values['references']} ADD COLUMN understudy_id {column.values['type']} UNIQUE"


def _at_other_key(definition: str, found: Object, _: Scene) -> str | None:
    if len(found.values["columns"]) != 1:
        return None
    # a partitioned table's keys hold its partition key, so one column alone may be no key there
    return re.sub(r"(REFERENCES .*?)\(.*?\)", r"\1(understudy_id)", definition, count=1)


def _action(event: str) -> Way:
    def rewrite(definition: str, _: Object, __: Scene) -> str:
        bare = re.sub(rf" ON {event} (CASCADE|RESTRICT|SET NULL|SET DEFAULT|NO ACTION)(?: \([^)]*\))?", "", definition)
        words = "" if f" ON {event} CASCADE" in definition else f" ON {event} CASCADE"
        return re.sub(r"(REFERENCES [^()]*\([^()]*\)(?: MATCH FULL)?)", rf"\1{words}", bare, count=1)

    return _remade(rewrite)


def _nulled(definition: str, found: Object, _: Scene) -> str:
    bare = re.sub(r" ON DELETE (CASCADE|RESTRICT|SET NULL|SET DEFAULT|NO ACTION)(?: \([^)]*\))?", "", definition)
    words = " ON DELETE SET NULL" + ("" if found.values["on delete columns"] else f" ({found.values['columns'][0]})")
    return re.sub(r"(REFERENCES [^()]*\([^()]*\)(?: MATCH FULL)?)", rf"\1{words}", bare, count=1)


def _matched(definition: str, _: Object, __: Scene) -> str:
    if " MATCH FULL" in definition:
        return definition.replace(" MATCH FULL", "")
    return re.sub(r"(REFERENCES [^()]*\([^()]*\))", r"\1 MATCH FULL", definition, count=1)


def _deferrable(definition: str, found: Object, _: Scene) -> str | None:
    bare = definition.replace(" DEFERRABLE", "").replace(" INITIALLY DEFERRED", "")
    return bare if found.values["deferrable"] else f"{bare} DEFERRABLE"


def _deferred(definition: str, found: Object, _: Scene) -> str | None:
    bare = definition.replace(" DEFERRABLE", "").replace(" INITIALLY DEFERRED", "")
    return f"{bare} DEFERRABLE" + ("" if found.values["initially deferred"] else " INITIALLY DEFERRED")


def _other_sort(_: str, found: Object, __: Scene) -> str:
    return (
        f"UNIQUE ({found.values['columns'][0]})"
        if found.values["type"] in "cnf" and found.values["columns"]
        else "CHECK (true)"
    )


def _row(assignment: str) -> str:
    return f"UPDATE pg_constraint SET {assignment} WHERE oid = {{oid}}"


def _locally(found: Object, scene: Scene) -> str | None:
    above = scene.snapshot.objects.get(found.parent or "")
    if above is None or above.values.get("partition of"):
        return None
    return f"UPDATE pg_constraint SET conislocal = NOT conislocal WHERE oid = {found.oid}"


CONSTRAINTS: tuple[Change, ...] = (
    presence(
        say(lambda f: f"{_altered(f)} DROP CONSTRAINT {{own}} CASCADE" if part_of(f) else None),
        sorts=(CHECK, PRIMARY, UNIQUE, FOREIGN, EXCLUSION, DOMAIN),
    ),
    # without it the column may be null, and it is the column that parity names
    presence(on_table("ALTER TABLE {table} RENAME CONSTRAINT {own} TO understudy_not_null"), sorts=NOT_NULL),
    change(
        "comment", say(lambda f: f"COMMENT ON CONSTRAINT {{own}} ON {place(f)} IS 'changed'" if part_of(f) else None)
    ),
    change("type", _remade(_other_sort), sorts=_OF_TABLES),
    change(
        "columns",
        _remade(_another_column),
        sorts=(*_KEYS, NOT_NULL),
        columns="pg_constraint.conkey",
        needs="another column",
    ),
    change("columns", _remade(_checked_column), sorts=CHECK, columns="pg_constraint.conkey", needs="another column"),
    change(
        "expression",
        _remade(lambda _, f, __: f"CHECK (({f.values['expression']}) OR (1 = 2))"),
        sorts=(CHECK, DOMAIN),
    ),
    change(
        "references",
        _remade(_referring, _referred),
        sorts=FOREIGN,
        columns="pg_constraint.confrelid",
        needs="a key of one column",
    ),
    change(
        "referenced columns",
        _remade(_at_other_key, _other_key),
        sorts=FOREIGN,
        columns="pg_constraint.confkey",
        needs="a key of one column",
    ),
    change("on update", _action("UPDATE"), sorts=FOREIGN),
    change("on delete", _action("DELETE"), sorts=FOREIGN),
    change("on delete columns", _remade(_nulled), sorts=FOREIGN),
    change("match", _remade(_matched), sorts=FOREIGN),
    change(
        "deferrable",
        on_table("ALTER TABLE {table} ALTER CONSTRAINT {own} DEFERRABLE"),
        _remade(_deferrable),
        sorts=FOREIGN,
        columns="pg_constraint.condeferrable",
    ),
    change(
        "deferrable", _remade(_deferrable), sorts=(PRIMARY, UNIQUE, EXCLUSION), columns="pg_constraint.condeferrable"
    ),
    change("initially deferred", _remade(_deferred), sorts=(PRIMARY, UNIQUE, FOREIGN, EXCLUSION)),
    change("validated", _flagged("NOT VALID"), sorts=(CHECK, FOREIGN, NOT_NULL, DOMAIN)),
    change(
        "enforced",
        on_table("ALTER TABLE {table} ALTER CONSTRAINT {own} NOT ENFORCED"),
        _flagged("NOT ENFORCED"),
        sorts=(CHECK, FOREIGN),
    ),
    change("no inherit", _flagged("NO INHERIT"), sorts=(CHECK, NOT_NULL)),
    change("local", _locally, sorts=(CHECK, NOT_NULL, FOREIGN, PRIMARY, UNIQUE), needs="a table that is no partition"),
    change("without overlaps or period", _row("conperiod = NOT conperiod"), sorts=(PRIMARY, UNIQUE, FOREIGN)),
    change(
        "exclusion operators",
        _row(
            "conexclop[1] = CASE WHEN conexclop[1] = '=(int,int)'::regoperator THEN '<>(int,int)' ELSE '=(int,int)' END"
            "::regoperator"
        ),
        sorts=EXCLUSION,
    ),
    change(
        "equality operators",
        _row(
            "conpfeqop[1] = CASE WHEN conpfeqop[1] = '=(int,bigint)'::regoperator THEN '=(bigint,int)' "
            "ELSE '=(int,bigint)' END::regoperator"
        ),
        sorts=FOREIGN,
    ),
    change(
        "triggers enabled",
        on_table("ALTER TABLE {table} DISABLE TRIGGER ALL"),
        sorts=FOREIGN,
    ),
)
