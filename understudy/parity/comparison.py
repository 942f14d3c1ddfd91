"""The first witness: two snapshots of the catalogs, compared object by object and attribute by attribute.

Equal objects are found by comparing texts; only what is left is taken apart. What follows from another difference is
not reported again: a missing table's columns, the sequence of a column that lost its identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from understudy.catalog import KINDS, Attribute, Impact, Key, Object, Snapshot
from understudy.catalog.model import UNKNOWN
from understudy.catalog.names import JOURNAL_SCHEMA
from understudy.catalog.sqltext import OWNER_WORD
from understudy.parity.verdict import ABSENT, HIDDEN, PRESENCE, PRESENT, Difference

_OF_THE_DATABASE = {"database", "setting"}
_BEFORE_MAINTAIN = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
"""What GRANT ALL ON TABLE stood for before PostgreSQL 17."""
_ORDER = {kind.name: place for place, kind in enumerate(KINDS)}


@dataclass(frozen=True)
class Options:
    """What is compared.

    Args:
        ignored_schemas: schemas left out, as SQL would write them.
        owners: whether it matters who owns what. A file's objects belong to whoever loaded it.
        second_witness: whether pg_dump is heard too; without it "same" rests on the catalogs alone.
        database: whether the database's own properties and settings matter. A file has no database.
        loaded: whether LEFT and RIGHT were loaded from files: what is whoever's ran them was never anybody's then.
    """

    ignored_schemas: tuple[str, ...] = (JOURNAL_SCHEMA,)
    owners: bool = True
    database: bool = True
    second_witness: bool = True
    loaded: tuple[bool, bool] = (False, False)


DEFAULTS = Options()
"""Everything but the migration journal."""


def compare_snapshots(left: Snapshot, right: Snapshot, options: Options = DEFAULTS) -> list[Difference]:
    """The differences between two snapshots, worst kinds first as the catalog lists them, then by path."""
    return compare_and_count(left, right, options)[0]


def compare_and_count(
    left: Snapshot, right: Snapshot, options: Options = DEFAULTS
) -> tuple[list[Difference], tuple[int, int]]:
    """The differences, and how many objects of LEFT and of RIGHT were compared: as many, where there are none."""
    comparison = _Comparison(left, right, options)
    differences = sorted(comparison.differences(), key=_place)
    return differences, (comparison.counted[0], comparison.counted[1])


def notes(left: Snapshot, right: Snapshot, options: Options) -> list[str]:
    """What the options and the versions leave out, a sentence each."""
    said = []
    present = {key.removeprefix("schema ") for s in (left, right) for key in s.objects if key.startswith("schema ")}
    if ignored := sorted(present & set(options.ignored_schemas)):
        said.append(f"Not compared: everything in the schema {', '.join(ignored)}.")
    if not options.owners:
        said.append("Not compared: owners, because a side loaded from files belongs to whoever loads it.")
    if not options.database:
        said.append("Not compared: the database's own properties and settings, because a file has no database.")
    if not options.second_witness:
        said.append("pg_dump was not heard: what is said here rests on the catalogs alone.")
    if left.major != right.major:
        said.append(
            f"PostgreSQL {left.major} and {right.major} are compared in what both of them know, and in what the newer "
            "one has and the older cannot have; names of not-null constraints and rights on system objects are not "
            "among it."
        )
    if left.major != right.major and options.second_witness:
        said.append(
            "Owners, privileges, default privileges and subscriptions rest on the catalogs alone: pg_dump writes those "
            f"of PostgreSQL {left.major} and {right.major} in different words."
        )
    return said


def _place(difference: Difference) -> tuple[int, str, str]:
    return _ORDER.get(difference.kind, 0), difference.key, difference.attribute


def kind_word(found: Object) -> str:
    """The kind as the key says it: a `view` is read by the same query as a `table`."""
    kind = found.kind
    if not kind.key:
        return kind.name
    words = ("materialized view", "foreign table", "system object", "view", "procedure", "aggregate")
    return next((word for word in words if found.key.startswith(word + " ")), kind.name)


class _Comparison:
    def __init__(self, left: Snapshot, right: Snapshot, options: Options) -> None:
        self.left, self.right, self.options = left, right, options
        self.across_versions = left.major != right.major
        # what was not read is no value: the verdict names it among its reasons
        self.unknown = {(u.kind, u.attribute) for snapshot in (left, right) for u in snapshot.unreadable}
        self.counted = [0, 0]

    def differences(self) -> Iterator[Difference]:
        changed = [d for key in self._both() for d in self._changed(self.left.objects[key], self.right.objects[key])]
        yield from changed
        no_longer_null = {(d.key, bool(d.left)) for d in changed if d.kind == "column" and d.attribute == "not null"}
        for here, there, on_the_left in ((self.left, self.right, True), (self.right, self.left, False)):
            for key in here.objects.keys() - there.objects.keys():
                found = here.objects[key]
                if self._ignored(found):
                    continue
                self.counted[0 if on_the_left else 1] += 1
                if self._follows(found, here, there):
                    continue
                if self._not_null_of(found) and any((c, on_the_left) in no_longer_null for c in self._columns(found)):
                    continue
                yield self._missing(found, on_the_left=on_the_left)

    def _both(self) -> Iterator[Key]:
        right = self.right.objects
        for key, here in self.left.objects.items():
            there = right.get(key)
            if there is None or self._ignored(here):
                continue
            self.counted[0] += 1
            self.counted[1] += 1
            same = here.raw == there.raw and here.comment == there.comment and here.labels == there.labels
            if self.across_versions or not same:
                yield key

    def _ignored(self, found: Object) -> bool:
        kind = found.kind.name
        if (kind, None) in self.unknown:
            return True
        if kind in _OF_THE_DATABASE and not self.options.database:
            return True
        if self.across_versions and (kind == "system object" or self._is_plain_not_null(found)):
            return True
        path = found.key.removeprefix(kind_word(found) + " ")
        for schema in self.options.ignored_schemas:
            if path.startswith(schema + ".") or (kind == "schema" and path == schema) or f" in {schema} on " in path:
                return True
        return False

    def _follows(self, found: Object, here: Snapshot, there: Snapshot) -> bool:
        """Whether the object is missing because one that it is a part of is missing."""
        if found.kind.name == "sequence" and found.parent:
            column = there.objects.get(found.parent)
            # if only one side has identity the column says so; if both have, the sequence goes by another name
            return column is None or not column.values["identity"]
        parent = found.parent
        while parent and (above := here.objects.get(parent)):
            if parent not in there.objects:
                return True
            parent = above.parent
        return False

    @staticmethod
    def _not_null_of(found: Object) -> bool:
        return found.kind.name == "constraint" and found.values["type"] == "n"

    def _is_plain_not_null(self, found: Object) -> bool:
        """A not-null constraint that says no more than its column does on a server before PostgreSQL 18."""
        if not self._not_null_of(found):
            return False
        more = not found.values["validated"] or found.values["no inherit"] or found.comment or found.labels
        return not more

    @staticmethod
    def _columns(found: Object) -> list[Key]:
        table = found.parent.split(" ")[-1] if found.parent else ""
        return [f"column {table}.{name}" for name in found.values["columns"]]

    @staticmethod
    def _missing(found: Object, *, on_the_left: bool) -> Difference:
        left, right = (PRESENT, ABSENT) if on_the_left else (ABSENT, PRESENT)
        impact = found.kind.impact
        if found.kind.name == "index" and found.values["unique"]:
            impact = Impact.BEHAVIOUR
        return Difference(found.key, kind_word(found), PRESENCE, left, right, impact)

    def _changed(self, left: Object, right: Object) -> Iterator[Difference]:
        for name in left.values.keys() & right.values.keys():
            attribute = left.attribute(name)
            if name == "owner" and not self.options.owners:
                continue
            if (left.kind.name, name) in self.unknown or ("every kind", name) in self.unknown:
                continue
            values = self._comparable(attribute, left.values[name], right.values[name])
            if values[0] != values[1]:
                here, there = (HIDDEN, HIDDEN) if attribute.secret else values
                yield Difference(left.key, kind_word(left), name, here, there, attribute.impact)
        if self.across_versions:
            yield from self._only_newer(left, right)

    def _only_newer(self, left: Object, right: Object) -> Iterator[Difference]:
        """What the newer version says of an object and the older one has no words for, so that it cannot have it."""
        on_the_left = self.left.major > self.right.major
        newer, older = (left, right) if on_the_left else (right, left)
        lacking = f"unknown to PostgreSQL {min(self.left.major, self.right.major)}"
        for name in newer.values.keys() - older.values.keys():
            attribute, value = newer.attribute(name), newer.values[name]
            if attribute.before is UNKNOWN or value == attribute.before or (newer.kind.name, name) in self.unknown:
                continue
            # a text beside an expression would be taken for another expression
            other = None if attribute.deparsed else lacking
            here, there = (value, other) if on_the_left else (other, value)
            yield Difference(left.key, kind_word(left), name, here, there, attribute.impact)

    def _comparable(self, attribute: Attribute, left: Any, right: Any) -> tuple[Any, Any]:
        """Both values, without what is another difference's or another version's business."""
        if attribute.name == "column order":
            both = set(left or ()) & set(right or ())
            return _only(left, both), _only(right, both)
        if attribute.name == "privileges" and self.across_versions and min(self.left.major, self.right.major) < 17:
            return _without_maintain(left), _without_maintain(right)
        return left, right


def _only(names: Sequence[str] | None, wanted: set[str]) -> list[str] | None:
    return None if names is None else [name for name in names if name in wanted]


def _without_maintain(grants: Sequence[str] | None) -> list[str] | None:
    """PostgreSQL 17 gives MAINTAIN to owners and with GRANT ALL; servers before it have no word for it."""
    if grants is None:
        return None

    def goes_with_all(grant: str) -> bool:
        right, _, whose = grant.partition(" ")
        whole = all(f"{other} {whose}" in grants for other in _BEFORE_MAINTAIN)
        return right == "MAINTAIN" and (whole or whose.startswith(f"to {OWNER_WORD}"))

    return [grant for grant in grants if not goes_with_all(grant)]
