"""What any object may have: that it is there, its owner, its grants, its comment, its security labels."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.catalog import Object
from understudy.parity.sensitivity.model import Change, Way, change, say
from understudy.parity.verdict import PRESENCE

LABEL = (
    "INSERT INTO pg_seclabel (objoid, classoid, objsubid, provider, label) "
    "VALUES ({oid}, '{catalog}'::regclass, {sub}, 'understudy', 'changed')"
)
"""SECURITY LABEL asks a provider, and hardly any server has one: the row is written as it would write it."""


def commented(place: str) -> str:
    """COMMENT ON something."""
    return f"COMMENT ON {place} IS 'changed by understudy parity --sensitivity'"


def presence(*ways: Way, sorts: tuple[str, ...] | str = ()) -> Change:
    """The object is dropped."""
    return change(PRESENCE, *ways, sorts=sorts)


def comment(*ways: Way, sorts: tuple[str, ...] | str = ()) -> Change:
    """Another comment."""
    return change("comment", *ways, sorts=sorts)


def labels(sorts: tuple[str, ...] | str = ()) -> Change:
    """A security label."""
    return change("security labels", LABEL, sorts=sorts)


def owner(*ways: Way, column: str) -> Change:
    """Another owner, told to the catalog where the new one might not own such a thing."""
    return change("owner", *ways, f"UPDATE {{catalog}} SET {column} = 'pg_monitor'::regrole WHERE oid = {{oid}}")


def usual(owner_column: str = "", *, place: str = "{word} {path}", grant: str = "", acl: str = "") -> Iterator[Change]:
    """What most kinds have: DROP, COMMENT ON, OWNER TO and, where `grant` says of what, GRANT: a change of `acl`."""
    yield presence(f"DROP {place} CASCADE")
    yield comment(commented(place))
    if owner_column:
        yield owner(f"ALTER {place} OWNER TO pg_monitor", column=owner_column)
    if grant:
        yield change("privileges", f"GRANT ALL ON {grant} TO pg_monitor", columns=acl)


def part_of(found: Object) -> bool:
    """Whether it is part of something that can be altered by its name: an inherited foreign key is not."""
    return bool(found.parent) and not found.key.endswith(" (inherited)")


def on_table(statement: str) -> Way:
    """A statement about something that has a name of its own within its table."""
    return say(lambda found: statement if part_of(found) else None)
