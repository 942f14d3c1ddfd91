"""What a change is: an attribute, the ways to change it, and what it fits.

A change is data. A way is a statement, written with `{path}`, `{own}`, `{table}`, `{oid}` and `{word}` for the object
at hand, or a function that writes one; None means that it does not fit the object. Where PostgreSQL has no ALTER for
something, the object is made anew from its own definition, or its row in the catalog is changed: the copy is a scratch
database, and what is being asked is whether the change is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import psycopg

from understudy.catalog import Object, Snapshot
from understudy.parity.comparison import kind_word


@dataclass(frozen=True)
class Scene:
    """The copy in which a change is to be made: what is in it, and a connection to it."""

    snapshot: Snapshot
    connection: psycopg.Connection[Any]

    def ask(self, question: str) -> Any:
        """The one value that a query yields."""
        row = self.connection.execute(question.encode()).fetchone()
        return row[0] if row else None

    def parent(self, found: Object) -> Object:
        """What an object belongs to."""
        return self.snapshot.objects[found.parent or ""]

    def siblings(self, found: Object) -> Iterator[Object]:
        """The other objects of its kind that belong to the same thing."""
        for other in self.snapshot.objects.values():
            if other.parent == found.parent and other.kind is found.kind and other.key != found.key:
                yield other

    def columns(self, table: str) -> list[Object]:
        """The columns of a relation, by its path."""
        return [c for c in self.snapshot.objects.values() if c.kind.name == "column" and table_of(c) == table]


Write: TypeAlias = Callable[[Object, Scene], str | None]
Way: TypeAlias = str | Write


@dataclass(frozen=True)
class Change:
    """One attribute of one kind, and how it is changed.

    Args:
        attribute: what is changed, as the catalog model calls it.
        ways: tried in this order, on each object, until one works.
        sorts: what it fits (`sort`), everything of its kind when empty.
        columns: the columns of the contract that it changes, as `catalog.column`, where several reach the attribute.
        needs: what it needs besides, as in "a table with a TOAST table".
    """

    attribute: str
    ways: tuple[Way, ...]
    sorts: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    needs: str = ""

    def statements(self, found: Object, scene: Scene) -> Iterator[str]:
        """What can be tried on an object."""
        if self.sorts and sort(found) not in self.sorts:
            return
        for way in self.ways:
            statement = filled(way, found) if isinstance(way, str) else way(found, scene)
            if statement is not None:
                yield statement


def change(attribute: str, *ways: Way, sorts: tuple[str, ...] | str = (), columns: str = "", needs: str = "") -> Change:
    """A change; `sorts` may be one word, and `columns` are parted by blanks."""
    fits = (sorts,) if isinstance(sorts, str) else sorts
    return Change(attribute, ways, fits, tuple(columns.split()), needs)


def filled(statement: str, found: Object) -> str:
    """A statement with the object's names in their places."""
    names = {
        "{path}": path(found),
        "{own}": own(found),
        "{table}": table_of(found),
        "{oid}": str(found.oid),
        "{sub}": str(found.subid),
        "{word}": kind_word(found).upper(),
        "{catalog}": found.kind.catalog,
    }
    for name, value in names.items():
        statement = statement.replace(name, value)
    return statement


def say(write: Callable[[Object], str | None]) -> Write:
    """A way that needs nothing but the object."""

    def way(found: Object, _: Scene) -> str | None:
        statement = write(found)
        return None if statement is None else filled(statement, found)

    return way


def either(name: str, *choices: tuple[Any, str]) -> Write:
    """The first choice whose value the attribute does not have."""

    def way(found: Object, _: Scene) -> str | None:
        return next((filled(words, found) for value, words in choices if found.values[name] != value), None)

    return way


def flag(name: str, yes: str, no: str) -> Write:
    """What turns a yes into a no and back."""
    return say(lambda found: no if found.values[name] else yes)


def when(name: str, statement: str) -> Write:
    """A statement for objects that have the attribute at all."""
    return say(lambda found: statement if found.values[name] not in (None, [], False, "") else None)


def unless(name: str, statement: str) -> Write:
    """A statement for objects that have not."""
    return say(lambda found: statement if found.values[name] in (None, [], False, "") else None)


def row(assignments: str, key: str = "oid") -> str:
    """The object's row in its catalog, changed."""
    return f"UPDATE {{catalog}} SET {assignments} WHERE {key} = {{oid}}"


def other(column: str, *values: str, catalog: str = "{catalog}", key: str = "oid", where: str = "") -> str:
    """The object's row with the first of several values that it does not have; each is an expression."""
    chosen = f"CASE WHEN {column} IS DISTINCT FROM {values[0]} THEN {values[0]} ELSE {values[1]} END"
    return f"UPDATE {catalog} SET {column} = {chosen} WHERE {key} = {{oid}}{where}"


def path(found: Object) -> str:
    """The object's name among those of its kind."""
    return found.key.removeprefix(kind_word(found) + " ")


def table_of(found: Object) -> str:
    """The path of what it belongs to."""
    above = found.parent or ""
    for words in ("materialized view ", "foreign table "):
        if above.startswith(words):
            return above.removeprefix(words)
    return above.partition(" ")[2]


def own(found: Object) -> str:
    """The name within its table."""
    return path(found).removeprefix(table_of(found) + ".")


_TYPES = {"e": "enum", "d": "domain", "c": "composite type", "r": "range", "b": "base type", "p": "shell type"}
_CONSTRAINTS = {
    "c": "check constraint",
    "n": "not-null constraint",
    "p": "primary key",
    "u": "unique constraint",
    "f": "foreign key",
    "x": "exclusion constraint",
}


def sort(found: Object) -> str:
    """The kind in finer words: the attributes of an enum are not those of a domain."""
    word = kind_word(found)
    above = found.parent or ""
    if word == "type":
        return _TYPES[found.values["sort"]]
    if word == "constraint":
        return "constraint of a domain" if above.startswith("type ") else _CONSTRAINTS[found.values["type"]]
    if word == "function" and found.values["kind"] == "w":
        return "window function"
    if word == "table" and found.values["partition key"] is not None:
        return "partitioned table"
    if word == "sequence" and above:
        return "sequence of an identity column"
    if word != "column" or above.startswith("table "):
        return word
    return (
        "column of a composite type"
        if above.startswith("type ")
        else f"column of a {above[: -len(table_of(found)) - 1]}"
    )


def comment_place(found: Object) -> str:
    """What COMMENT ON CONSTRAINT calls the thing that a constraint is on."""
    return f"DOMAIN {table_of(found)}" if sort(found) == "constraint of a domain" else table_of(found)
