"""What a kind of object is made of: where its rows stand, what it is called, and the attributes it has.

A kind is data. The reader makes one query of each, and whoever compares, documents or mutates schemas walks the same
list; `contract.toml` says of every catalog column which attribute it ends up in.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

OLDEST, NEWEST = 14, 18
"""The major versions whose catalogs are known."""

Key: TypeAlias = str
"""An object's kind and its path, as in `column public.users.email`. Identifiers are quoted as SQL would."""


class Impact(enum.Enum):
    """What a difference does to whoever uses the schema, worst first."""

    BREAKS = "breaks the application"
    BEHAVIOUR = "changes behaviour"
    PERFORMANCE = "performance"
    COSMETIC = "cosmetic"


UNKNOWN: Final = object()
"""Stands for a value that nobody knows."""


@dataclass(frozen=True)
class Attribute:
    """One attribute of a kind.

    Args:
        name: the word for it, in messages, JSON and waivers.
        sql: an expression over the kind's source. Its value must have a JSON form that is the same on any two servers
            on which the attribute is the same: names instead of OIDs, sorted wherever order means nothing.
        impact: what a difference in it does.
        since: the first major version that has it.
        until: the last one.
        deparsed: it is SQL that the server wrote from a parse tree; the same meaning may have two texts.
        secret: its value may hold a password: compared, never shown.
        dumped: pg_dump writes it down, so the second witness can see it.
        needs: a column, as `catalog.column`, that not every role may read, and without which the value stays unknown.
        before: what whatever a server before `since` has is like; left out, nothing can be said of that.
    """

    name: str
    sql: str
    impact: Impact = Impact.BEHAVIOUR
    since: int = OLDEST
    until: int = NEWEST
    deparsed: bool = False
    secret: bool = False
    dumped: bool = True
    needs: str = ""
    before: Any = UNKNOWN


@dataclass(frozen=True)
class Kind:
    """A kind of object, and how to read all objects of it with one query.

    Args:
        name: the word for it where one word is enough.
        catalog: the catalog whose rows these objects are; comments and labels refer to it.
        source: what follows FROM, with the WHERE clause.
        path: an expression: the object's name among those of its kind.
        attributes: what is compared.
        key: an expression for kind and path, where the kind depends on the row.
        parent: an expression for the key of the object that this one is a part of, and goes with.
        oid: an expression: the object's OID.
        subid: an expression: the column's number, 0 for everything else.
        impact: what a missing object does.
        since: the first major version that has this kind.
        described: whether objects of it can have comments and security labels.
        dumped: pg_dump writes objects of this kind down.
    """

    name: str
    catalog: str
    source: str
    path: str
    attributes: tuple[Attribute, ...]
    key: str = ""
    parent: str = "NULL"
    oid: str = "x.oid"
    subid: str = "0"
    impact: Impact = Impact.BREAKS
    since: int = OLDEST
    described: bool = True
    dumped: bool = True

    def own_attributes(self, major: int) -> tuple[Attribute, ...]:
        """What a server of that major version has of this kind, besides comments and labels."""
        return tuple(a for a in self.attributes if a.since <= major <= a.until)


DESCRIBED = (
    Attribute("comment", "pg_description.description", Impact.COSMETIC),
    Attribute("security labels", "pg_seclabel.label", Impact.BEHAVIOUR),
)
"""What any object may have. Few have it, so the reader fetches all of them with one query each."""
