"""What of a dump a difference speaks for: the titles of entries, and in each the pieces.

A difference in a table's comment speaks for the table's COMMENT entry and for nothing else; one in a column's default
for that column's line and its DEFAULT entry. What pg_dump shows and no difference speaks for is a contradiction. Names
are compared without their quotes, because pg_dump's titles have none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from understudy.catalog import Key, Object, Snapshot
from understudy.parity.clauses import CLAUSES, is_whole, says
from understudy.parity.comparison import kind_word
from understudy.parity.pieces import Piece, Place, parted
from understudy.parity.verdict import PRESENCE, Difference

Covers: TypeAlias = Callable[[Piece], bool]
"""Whether a difference speaks for a piece of an entry."""

_IDENTIFIER = re.compile(r'"(?:[^"]|"")*"|[^.]+')

_SORTS = {
    "table": ("TABLE", "TABLE ATTACH", "ROW SECURITY"),
    "view": ("VIEW",),
    "foreign table": ("FOREIGN TABLE", "TABLE ATTACH"),
    "sequence": ("SEQUENCE", "SEQUENCE OWNED BY"),
    "index": ("INDEX", "INDEX ATTACH"),
    "constraint": ("CONSTRAINT", "FK CONSTRAINT", "CHECK CONSTRAINT"),
    "column": ("DEFAULT",),
    "type": ("TYPE", "DOMAIN", "SHELL TYPE"),
    "language": ("PROCEDURAL LANGUAGE",),
    "foreign-data wrapper": ("FOREIGN DATA WRAPPER",),
}
"""What pg_dump calls the entries of a kind, where that is not the kind's own word."""

_NO_SCHEMA = {
    *("schema", "extension", "access method", "foreign-data wrapper", "server", "publication", "subscription"),
    *("event trigger", "language"),
}
ADORNED = {"comment": "COMMENT ", "security labels": "SECURITY LABEL ", "privileges": "ACL "}
"""Attributes that have entries of their own."""
_PARTS = ("column", "constraint", "trigger", "rule", "policy")
_RELATIONS = ("table", "view", "materialized view", "foreign table")
_SETTINGS = (Place.HEAD, Place.CLAUSE, Place.STATEMENT)
_WHOLE = {PRESENCE, "inherits", "of type", "partition of", "sort", "defined"}
"""Attributes that change what an entry says of everything in it."""


@dataclass(frozen=True)
class Claim:
    """Titles, and which of their pieces a difference speaks for."""

    titles: frozenset[str]
    covers: Covers


def plain(text: str) -> str:
    """A name or title without quotes, and with its blanks where this program has them."""
    text = " ".join(text.replace('"', "").split())
    return text.replace(", ", ",").replace("(*)", "()").replace(" using ", " USING ")


class Claims:
    """What the differences between two snapshots speak for."""

    def __init__(self, differences: Iterable[Difference], left: Snapshot, right: Snapshot) -> None:
        self._snapshots = left, right
        self._children: defaultdict[Key, list[Object]] = defaultdict(list)
        for snapshot in self._snapshots:
            for found in snapshot.objects.values():
                if found.parent:
                    self._children[found.parent].append(found)
        self._by_title: defaultdict[str, list[Covers]] = defaultdict(list)
        self._system: set[str] = set()
        for difference in differences:
            for claim in self._claims(difference):
                for title in claim.titles:
                    self._by_title[title].append(claim.covers)

    def beyond(self, title: str, pieces: Iterable[Piece]) -> set[Piece]:
        """The pieces of an entry that no difference speaks for."""
        claims = self._by_title.get(plain(title), [])
        if self._system and title.startswith("ACL ") and self._system & set(_descriptions(title)):
            return set()
        return {piece for piece in pieces if not any(covers(piece) for covers in claims)}

    def _objects(self, key: Key) -> Iterator[Object]:
        for snapshot in self._snapshots:
            if key in snapshot.objects:
                yield snapshot.objects[key]

    def _claims(self, difference: Difference) -> Iterator[Claim]:
        for found in self._objects(difference.key):
            if difference.kind == "system object":
                self._system.add(plain(difference.path))
            elif difference.kind == "default privileges":
                yield _default_privileges(found)
            else:
                yield from self._of(found, difference.attribute)

    def _of(self, found: Object, attribute: str) -> Iterator[Claim]:
        own, adorned = titles(found)
        if attribute in ADORNED:
            yield Claim(frozenset(t for t in adorned if t.startswith(ADORNED[attribute])), _everything)
            yield from self._beside(found, attribute)
        elif attribute == "owner":
            everyone = [found, *self._descendants(found)]
            said = [titles(one) for one in everyone]
            yield Claim(frozenset(t for o, a in said for t in (*o, *a)), _owner)
            yield Claim(frozenset(t for _, a in said for t in a if t.startswith("ACL ")), _everything)
            yield Claim(frozenset(self._attached(everyone)), _owner)
        elif attribute == PRESENCE:
            for one in (found, *self._descendants(found)):
                yield from self._whole(one)
        else:
            # a function goes by its arguments in what is said of it
            named = adorned if attribute == "arguments" else ()
            yield Claim(frozenset(own), _own(found, attribute))
            yield Claim(frozenset(named), _everything)
            yield from self._elsewhere(found, attribute)

    def _beside(self, found: Object, attribute: str) -> Iterator[Claim]:
        """What a comment or a label changes in entries that are not its own."""
        if found.kind.name == "column" and attribute == "security labels":
            yield _label_of_column(found)
        elif found.kind.name == "constraint" and found.values["type"] == "n" and attribute == "comment":
            # PostgreSQL 18 writes the name of a not-null constraint down if something is said of it
            yield from self._elsewhere(found, attribute)

    def _attached(self, everyone: Iterable[Object]) -> Iterator[str]:
        """The entries that attach partitions' indexes: they have the owner of what they are attached to."""
        for one in everyone:
            for found in self._parts[one.key] if one.kind.name == "index" else ():
                yield from titles(found)[0]

    @cached_property
    def _parts(self) -> defaultdict[Key, list[Object]]:
        """The partitions of each table and of each index."""
        found: defaultdict[Key, list[Object]] = defaultdict(list)
        for snapshot in self._snapshots:
            for one in snapshot.objects.values():
                word = kind_word(one)
                for above in one.values["partition of"] if word in ("table", "foreign table", "index") else ():
                    found[f"{'index' if word == 'index' else 'table'} {above}"].append(one)
        return found

    def _partitions(self, table: Key) -> Iterator[Object]:
        """The partitions of a table, theirs too."""
        for one in self._parts[table]:
            yield one
            yield from self._partitions(one.key)

    def _whole(self, found: Object) -> Iterator[Claim]:
        """An object that is there on one side only, with all that is said of it."""
        own, adorned = titles(found)
        yield Claim(frozenset((*own, *adorned)), _everything)
        if found.kind.name == "column":
            yield _label_of_column(found)
        yield from self._elsewhere(found, PRESENCE)

    def _descendants(self, found: Object) -> Iterator[Object]:
        for child in self._children[found.key]:
            yield child
            yield from self._descendants(child)

    def _elsewhere(self, found: Object, attribute: str) -> Iterator[Claim]:
        """What a difference changes in the entries of other objects."""
        kind = kind_word(found)
        above = [titles(parent)[0] for key in (found.parent or "",) for parent in self._objects(key)]
        around = frozenset(title for own in above for title in own)
        if kind == "column":
            yield Claim(around, _column(found, attribute))
            yield from self._of_column(found, attribute)
        elif kind == "constraint":
            yield Claim(around, _constraint(found))
            yield from self._of_constraint(found)
        elif kind == "sequence" and attribute in ("owned by", PRESENCE):
            yield from self._owning(found)
        elif kind == "index" and (found.parent or "").startswith("constraint "):
            yield Claim(around, _everything)
        elif attribute in ("replica identity", "replica identity index"):
            below = (title for child in self._descendants(found) for title in titles(child)[0])
            yield Claim(frozenset(below), lambda piece: " REPLICA IDENTITY " in piece.text)
        elif kind == "publication":
            name = plain(found.key.removeprefix("publication "))
            schemas = {plain(s) for p in self._objects(found.key) for s in p.values.get("schemas", ())}
            listed = (f"PUBLICATION TABLES IN SCHEMA {schema}.{name} {schema}" for schema in schemas)
            yield Claim(frozenset(listed), _everything)
        elif kind == "operator family":
            yield Claim(frozenset(self._classes_of(found)), _everything)

    def _of_column(self, found: Object, attribute: str) -> Iterator[Claim]:
        """The sequence of an identity column and the not-null constraint: a column's difference speaks for both."""
        for child in self._children[found.key] if attribute == "identity" else ():
            own, adorned = titles(child)
            yield Claim(frozenset((*own, *adorned)), _everything)
        if attribute not in ("not null", PRESENCE):
            return
        for child in self._children[found.parent or ""]:
            if (
                child.kind.name == "constraint"
                and child.values["type"] == "n"
                and _own_name(found) in child.values["columns"]
            ):
                own, adorned = titles(child)
                yield Claim(frozenset((*own, *adorned)), _everything)
                for parent in self._objects(found.parent or ""):
                    yield Claim(frozenset(titles(parent)[0]), _constraint(child))

    def _of_constraint(self, found: Object) -> Iterator[Claim]:
        """The index of a key; what a not-null constraint of a partitioned table says of the partitions."""
        for index in self._children[found.key]:
            yield Claim(frozenset(titles(index)[0]), _everything)
        if found.values["type"] == "n":
            for partition in self._partitions(found.parent or ""):
                yield Claim(frozenset(titles(partition)[0]), _constraint(found))

    def _owning(self, sequence: Object) -> Iterator[Claim]:
        """Where a column's default stands: apart from the table if the sequence that it asks is the column's own."""
        for one in self._objects(sequence.key):
            for column in self._objects(f"column {one.values['owned by']}"):
                for parent in self._objects(column.parent or ""):
                    yield Claim(frozenset(titles(parent)[0]), _column(column, "default"))
                yield Claim(frozenset(titles(column)[0]), _own(column, "default"))

    def _classes_of(self, family: Object) -> Iterator[str]:
        name = family.key.removeprefix("operator family ").partition(" using ")[0]
        for snapshot in self._snapshots:
            for found in snapshot.objects.values():
                if found.kind.name == "operator class" and found.values["family"] == name:
                    yield from titles(found)[0]


def titles(found: Object) -> tuple[list[str], list[str]]:
    """The titles of an object's own entries, and of those for its comment, its labels and its privileges."""
    kind = kind_word(found)
    path = found.key.removeprefix(kind + " ")
    sorts = _SORTS.get(kind, (kind.upper(),))
    words = {*sorts, kind.upper(), "TABLE", "FUNCTION", "LANGUAGE", "FOREIGN SERVER"}
    if kind in _PARTS:
        return _titles_of_part(found, sorts)
    if kind == "published table":
        table, _, publication = path.rpartition(" in ")
        schema, name = _schema(table)
        return [plain(f"PUBLICATION TABLE {schema}.{publication} {name}")], []
    if kind in ("cast", "transform"):
        name = f"{kind.upper()} {'FOR ' * (kind == 'transform')}{path.replace(' language ', ' LANGUAGE ')}"
        return [plain(f"{kind.upper()} -.{name}")], [plain(f"COMMENT -.{name}")]
    if kind == "user mapping":
        return [plain(f"USER MAPPING -.USER MAPPING {path.replace(' server ', ' SERVER ')}")], []
    schema, name = ("-", path) if kind in _NO_SCHEMA else _schema(path)
    bare = name.partition("(")[0] if kind == "operator" else name.partition(" using ")[0]
    own = [f"{sort} {schema}.{bare}" for sort in sorts]
    own += [f"RULE {schema}.{name} _RETURN"] if kind in _RELATIONS else []
    name = name.replace("(", " (", 1) if kind == "operator" else name
    names = [name, *_with_arguments(found, name)]
    adorned = [
        f"{adornment}{schema}.{word} {name}" for adornment in ADORNED.values() for word in words for name in names
    ]
    return [plain(title) for title in own], [plain(title) for title in adorned]


def _with_arguments(found: Object, name: str) -> Iterator[str]:
    """A function as pg_dump calls it in what is said of it: with the names of its arguments, without their defaults."""
    if kind_word(found) in ("function", "procedure"):
        given = (argument.partition(" DEFAULT ")[0] for argument in parted(found.values["arguments"]))
        yield f"{name.partition('(')[0]}({', '.join(given)})"


def _label_of_column(found: Object) -> Claim:
    """Labels of columns stand in one entry with their table's."""
    schema, table = _schema(_above(found))
    words = ("TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE")
    said = f" ON COLUMN {found.key.removeprefix('column ')} IS "
    labels = frozenset(plain(f"SECURITY LABEL {schema}.{word} {table}") for word in words)
    return Claim(labels, lambda piece: said in piece.text)


def _titles_of_part(found: Object, sorts: Iterable[str]) -> tuple[list[str], list[str]]:
    schema, table = _schema(_above(found))
    kind, name = kind_word(found), _own_name(found)
    own = [f"{sort} {schema}.{table} {name}" for sort in sorts]
    places = [f"COLUMN {table}.{name}"] if kind == "column" else []
    places += [f"{kind.upper()} {name} ON {of}{table}" for of in ("", "DOMAIN ")]
    return [plain(t) for t in own], [plain(f"{a}{schema}.{place}") for a in ADORNED.values() for place in places]


def _schema(path: str) -> tuple[str, str]:
    """A path's schema, and what follows it."""
    found = _IDENTIFIER.match(path)
    schema = found[0] if found else ""
    return schema, path[len(schema) + 1 :]


def _above(found: Object) -> str:
    """The path of what something is a part of."""
    return (found.parent or "").removeprefix("materialized ").removeprefix("foreign ").partition(" ")[2]


def _own_name(found: Object) -> str:
    """The name of a part within what it is a part of, quoted."""
    return found.key.removeprefix(found.kind.name + " ").removeprefix(_above(found) + ".")


def _descriptions(title: str) -> Iterator[str]:
    """How pg_describe_object may call what an ACL entry is about: the system's objects go by that name."""
    schema, _, tag = plain(title).removeprefix("ACL ").partition(".")
    found = re.fullmatch(r"([A-Z ]+) (.*)", tag)
    if not found:
        return
    word, name = found[1].lower(), found[2]
    words = {"table": _RELATIONS, "function": ("function", "procedure", "aggregate")}.get(word, (word,))
    table, _, column = name.rpartition(".")
    for qualified in ("", f"{schema}."):
        yield from (f"{one} {qualified}{name}" for one in words)
        yield from (f"column {column} of {one} {qualified}{table}" for one in _RELATIONS)


def _everything(_: Piece) -> bool:
    return True


def _owner(piece: Piece) -> bool:
    return piece.place is Place.OWNER or " OWNER TO " in piece.text


def _own(found: Object, attribute: str) -> Covers:
    """What of its own entries a difference speaks for: of a relation or a composite type, not what is a column's."""
    if attribute in _WHOLE:
        return _everything
    if attribute == "column order":
        return lambda piece: piece.place is Place.ORDER
    if kind_word(found) == "column":
        return lambda piece: piece.place is not Place.OWNER
    begins = CLAUSES.get(kind_word(found), {}).get(attribute)
    if begins:
        return lambda piece: (
            says(piece.text, begins)
            if piece.place is Place.CLAUSE
            else piece.place is Place.HEAD and is_whole(piece.text)
        )
    relation = kind_word(found) in _RELATIONS
    return lambda piece: piece.place in _SETTINGS and not (relation and " ALTER COLUMN " in piece.text)


def _column(found: Object, attribute: str) -> Covers:
    """A column's element and statements; the whole text of a view, which has no elements."""
    name = _own_name(found)
    in_view = (found.parent or "").startswith(("view ", "materialized view "))
    if in_view and attribute in (PRESENCE, "type", "collation"):
        return lambda piece: piece.place is not Place.OWNER

    def covers(piece: Piece) -> bool:
        if piece.place is Place.ELEMENT:
            return piece.text.startswith(f"{name} ")
        return f" ALTER COLUMN {name} " in piece.text

    return covers


def _constraint(found: Object) -> Covers:
    """A constraint's element or statement; a not-null constraint stands in its column's element."""
    name = _own_name(found)
    columns = found.values["columns"] if found.values["type"] == "n" else []

    def covers(piece: Piece) -> bool:
        starts = (f"CONSTRAINT {name} ", *(f"{column} " for column in columns))
        if piece.place is Place.ELEMENT:
            return piece.text.startswith(starts) or piece.text in {f"NOT NULL {column}" for column in columns}
        return f"CONSTRAINT {name} " in piece.text

    return covers


def _default_privileges(found: Object) -> Claim:
    role, _, rest = found.key.removeprefix("default privileges ").rpartition(" on ")
    role, _, schema = role.partition(" in ")
    title = plain(f"DEFAULT ACL {schema or '-'}.DEFAULT PRIVILEGES FOR {rest.upper()}")
    whose = {f"owner {plain(role)}"}

    def covers(piece: Piece) -> bool:
        return plain(piece.text) in whose or f" FOR ROLE {role} " in piece.text

    return Claim(frozenset({title}), covers)
