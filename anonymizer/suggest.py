"""A first guess for a column's mask, from its name, its type and a few of its values. A person decides.

The values stay here: a guess carries its reason, never a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from anonymizer.catalog import Column
from anonymizer.identifiers import TableName
from anonymizer.maskers import KEEP, UNKNOWN
from anonymizer.words import COARSE, HARMLESS, HARMLESS_TABLES, NAMES, PEOPLE_TABLES, SENSITIVE

_BARE = re.compile(r"[A-Za-z0-9_-]+")

_BY_KIND = {
    "inet": ("ip", "holds network addresses"),
    "macaddr": ("mac", "holds hardware addresses"),
    "uuid": ("uuid", "UUIDs, which join as before"),
    "bytea": ("bytea", "bytes that nobody can look into"),
    "point": ("geo", "holds coordinates"),
    "tsvector": ("tsvector", "the words of some text"),
}
_NEVER_REPEAT = frozenset({"email", "user_name", "uuid", "token", "card", "iban", "mac", "national_id", "fpe"})
_PLAIN = {"number", "time", "boolean", "enum"}
_RANGES = re.compile(r"(int4|int8|num|ts|tstz|date)(multi)?range")
_MACHINES = frozenset({"bit", "varbit", "oid", "xid", "xid8", "cid", "tid", "pg_lsn", "name", "char", "regclass"})
_NESTED = {"json": "paths", "hstore": "keys", "composite": "fields"}
_LABELS, _ENOUGH, _LONG_LABEL = 12, 30, 40
"""So few different short texts in so many are labels."""


@dataclass(frozen=True)
class Guess:
    """A mask, how sure we are, and why.

    Attributes:
        mask: what would stand in the policy, as TOML on one line.
        confidence: 0 to 1.
        reason: a few words for the comment.
        part: of a mask with masks inside, the name of the table that holds them: paths, keys or fields.
        inside: what stands in that table, each with a guess of its own.
    """

    mask: str
    confidence: float
    reason: str
    part: str = ""
    inside: tuple[tuple[str, Guess], ...] = ()

    @property
    def unknown(self) -> int:
        """How many question marks stand in it."""
        if self.part:
            return sum(guess.unknown for _, guess in self.inside)
        return int(self.mask == toml(UNKNOWN))


def header(name: TableName) -> str:
    """The TOML header of a table's entry."""
    return f"[tables.{toml(str(name))}]"


def key(column: str) -> str:
    """A column's name as a TOML key."""
    return column if _BARE.fullmatch(column) else toml(column)


def toml(text: str) -> str:
    """A TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def line(column: Column) -> str:
    """The suggested mask of a column, as TOML, from its name and type alone."""
    return guess(column, ()).mask


def undecided(reason: str) -> Guess:
    """A question mark, and why."""
    return Guess(toml(UNKNOWN), 0.0, reason)


def guess(column: Column, values: Sequence[str], table: str = "", locale: str = "en_US") -> Guess:
    """The likeliest mask of a column.

    Args:
        column: the column.
        values: some of its values as PostgreSQL writes them, none of them NULL or empty. They are looked at and
            forgotten.
        table: the name of its table.
        locale: Faker's name of it, whose country's telephone numbers need no prefix.
    """
    if column.is_array:
        return guess(replace(column, is_array=False), _elements(values, column.delimiter), table, locale)
    if column.kind in _NESTED:
        return _nested(column, values, locale)
    by_name = _by_name(column.name, table)
    if column.partition_key and (by_name or column.kind not in _PLAIN):
        return undecided("rows are put into partitions by it: it is kept, or the rows are dropped")
    if column.kind in _BY_KIND:
        mask, reason = _BY_KIND[column.kind]
        return _fit(column, Guess(toml(mask), 0.95 if column.kind == "inet" else 0.7, reason))
    if column.kind == "xml":
        return Guess('{ mask = "xml", others = "text" }', 0.5, f"type {column.type}")
    if column.kind in _PLAIN:
        return _plain(column, by_name)
    if column.kind != "text":
        return _other(column)
    return _fit(column, _text(column, values, by_name, table, locale))


def _by_name(name: str, table: str) -> str | None:
    """The mask that a column's name asks for; `name` and `title` say what they are only with their table's name."""
    lowered = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    if PEOPLE_TABLES.search(table.lower()):
        if lowered in ("name", "nome", "nom", "nombre", "label"):
            return "name"
        if lowered == "title":
            return "job"
    return next((mask for mask, pattern in NAMES if pattern.search(lowered)), None)


_NAMES_OF_PEOPLE = ("first_name", "last_name", "name")


def _text(column: Column, values: Sequence[str], by_name: str | None, table: str, locale: str) -> Guess:
    # loads phonenumbers, python-stdnum and Faker's names, which a worker has no use for
    from anonymizer import detect

    form = detect.most(values, locale)
    harmless = HARMLESS.search(column.name.lower())
    if form and form.mask == by_name:
        return Guess(toml(form.mask), 0.98, f"its name, and {form.share:.0%} of its values are {form.reason}")
    # a hash is both, a password's or a checksum; digits have many forms
    ambiguous = (form.mask == "token" and (by_name == "password" or harmless)) if form else False
    if form and not ambiguous and not (form.mask in ("national_id", "phone") and by_name not in (None, "text")):
        return Guess(toml(form.mask), 0.9, f"{form.share:.0%} of its values are {form.reason}")
    if SENSITIVE.search(column.name.lower()):
        return undecided("its name speaks of a trait that the law may protect specially")
    if by_name in _NAMES_OF_PEOPLE and values and (person := detect.people(values)) and person.mask == by_name:
        return Guess(toml(by_name), 0.95, f"its name, and {person.reason.replace('of them', 'of its values')}")
    if by_name and not (harmless and by_name == "text"):
        return Guess(toml(by_name), 0.7, "its name")
    return _by_content(column, values, table, locale, harmless=bool(harmless))


def _by_content(column: Column, values: Sequence[str], table: str, locale: str, *, harmless: bool) -> Guess:
    """Of a column whose values have no form and whose name asks for no mask."""
    from anonymizer import detect  # as above

    labels = _labels(values)
    if values and (person := detect.people(values)):
        return Guess(toml(person.mask), round(person.share * 0.8, 2), person.reason)
    parts = _personal_parts(values, locale)
    if parts == ["a person's name"] and column.name.lower() in ("name", "title"):
        # what things are called is quoted all over a database: bands, albums, firms named after their founders
        return undecided("some of its values are people's names, others are of things")
    if parts and not (harmless and parts == ["a secret"]):
        return Guess(toml("text"), 0.8, f"free text with {' and '.join(parts)} in it")
    if harmless and (labels or not values or _short(values)):
        return Guess(toml(KEEP), 0.6, "its name speaks of a kind of thing" + (", its values repeat" if labels else ""))
    if labels:
        return Guess(toml(KEEP), 0.5, f"{len(set(values))} labels that repeat")
    if column.name.lower() in ("name", "title") and HARMLESS_TABLES.fullmatch(table.lower()):
        return Guess(toml(KEEP), 0.5, "its table lists kinds of things")
    if COARSE.search(column.name.lower()):
        return undecided("part of an address, and shared by many: keep it, if it is coarse enough")
    return undecided("nothing tells what it holds")


def _labels(values: Sequence[str]) -> bool:
    distinct = set(values)
    return len(values) >= _ENOUGH and len(distinct) <= _LABELS and _short(distinct)


def _short(values: Iterable[str]) -> bool:
    return all(len(value) <= _LONG_LABEL for value in values)


_LOOKED_AT = 100
_FEW_NAMES = 0.03
"""A pair of words in so few of the values is no person: cities and titles have such words too."""


def _personal_parts(values: Sequence[str], locale: str) -> list[str]:
    """What stands inside of some of the values, most frequent first."""
    from anonymizer import detect

    looked = sorted(set(values))[:_LOOKED_AT]
    counts: dict[str, int] = {}
    for value in looked:
        for word in detect.inside(value, locale):
            counts[word] = counts.get(word, 0) + 1
    few = max(1.0, _FEW_NAMES * len(looked))
    return sorted((w for w, n in counts.items() if w != "a person's name" or n > few), key=lambda word: -counts[word])


def _plain(column: Column, by_name: str | None) -> Guess:
    """Numbers, times, truth values and labels: kept, unless the name says that they are about somebody."""
    name = column.name.lower()
    if re.search(r"(^|_)id$", name) or name in ("id", "uid"):
        return Guess(toml(KEEP), 0.7, "a surrogate key by its name and type")
    if SENSITIVE.search(name):
        return undecided("its name speaks of a trait that the law may protect specially")
    if found := _personal(column, name, by_name):
        return found
    if by_name and not HARMLESS.search(name) and column.kind != "boolean":
        return undecided(f"its name speaks of a person, its type is {column.type}")
    return Guess(toml(KEEP), 0.6, f"type {column.type}, and its name speaks of nobody")


def _personal(column: Column, name: str, by_name: str | None) -> Guess | None:
    """Numbers and dates that are about somebody, and for which there is a mask."""
    if by_name in ("phone", "card", "national_id") and column.base in ("int4", "int8"):
        return Guess(toml("fpe"), 0.7, f"its name speaks of a {by_name.replace('_', ' ')}")
    if column.unique:
        return None
    if by_name == "birth_date" and column.base in ("", "date", "timestamp", "timestamptz") and column.kind == "time":
        return Guess(toml("birth_date"), 0.9, "its name and type")
    if column.kind != "number":
        return None
    if found := re.search(r"(^|_)(lat|lon|lng)(itude|gitude|g)?($|_)", name):
        axis = "lat" if found[2] == "lat" else "lon"
        return Guess(f'{{ mask = "geo", axis = "{axis}" }}', 0.9, "its name and type")
    if re.search(r"salary|wage|income|stipendio|gehalt|salaire|sueldo", name) and column.base not in ("oid", "money"):
        return Guess('{ mask = "noise", percent = 10 }', 0.7, "its name and type")
    return None


def _other(column: Column) -> Guess:
    if _RANGES.fullmatch(column.base) and not SENSITIVE.search(column.name.lower()):
        return Guess(toml(KEEP), 0.6, f"type {column.type}, and its name speaks of nobody")
    if column.base in _MACHINES:
        return Guess(toml(KEEP), 0.6, f"type {column.type}, which the machine writes")
    return undecided(f"no mask is made for the type {column.type}")


def _fit(column: Column, found: Guess) -> Guess:
    """A unique column needs a mask that never repeats itself."""
    mask = json.loads(found.mask) if found.mask.startswith('"') else ""
    never = (*_NEVER_REPEAT, KEEP, UNKNOWN)
    if not column.unique or (mask in never and (mask, column.kind) != ("mac", "text")):
        return found
    if mask == "ip" and column.kind == "inet":
        return Guess('{ mask = "ip", prefix = true }', found.confidence, found.reason + ", unique")
    if column.kind != "text":
        return undecided(f"{found.reason}, but it is unique and {mask} repeats itself")
    return Guess(f"{{ mask = {found.mask}, unique = true }}", found.confidence, found.reason + ", unique")


def _elements(values: Sequence[str], delimiter: str) -> list[str]:
    from anonymizer.arrays import tokens

    return [element for value in values for _, element in tokens(value, delimiter) if element]


def _nested(column: Column, values: Sequence[str], locale: str) -> Guess:
    """A value with parts: each part that the samples have is guessed by its own name and values."""
    part, parts = _NESTED[column.kind], _parts(column, values)
    inside = []
    kinds = dict(zip(column.fields, column.field_kinds, strict=False))
    for place, (texts, numbers) in parts.items():
        name = place if column.kind != "json" else _last_key(place) or column.name
        kind = kinds.get(place, "text" if texts or not numbers else "number")
        found = guess(Column(name, kind, kind, False, None, False, True, False), texts, "", locale)
        if kind != "text" and found.mask not in (toml(KEEP), toml(UNKNOWN)):
            # inside a value a mask works on texts: what it makes of a number may be none for the field's type
            found = undecided(found.reason) if kinds else Guess(toml("text"), found.confidence, found.reason)
        inside.append((place, found))
    entries = ", ".join(f"{toml(place) if column.kind == 'json' else key(place)} = {one.mask}" for place, one in inside)
    table = f"{part} = {{ {entries} }}, " if entries or column.kind == "composite" else ""
    mask = f'{{ mask = "{column.kind}", {table}others = "text" }}'
    words = part if len(inside) != 1 else part[:-1]
    return Guess(mask, 0.5, f"{len(inside)} {words} in the samples; all others as text", part, tuple(inside))


def _last_key(path: str) -> str:
    return re.split(r"[.\[\]'\"*$]+", path.rstrip("]'*[."))[-1]


def _parts(column: Column, values: Sequence[str]) -> dict[str, tuple[list[str], list[str]]]:
    """The texts and the numbers at each place of some values."""
    if column.kind == "json":
        from anonymizer import documents

        return {path: (leaf.texts, leaf.numbers) for path, leaf in documents.leaves(values).items()}
    found: dict[str, tuple[list[str], list[str]]] = {}
    if column.kind == "hstore":
        from anonymizer.documents import is_data
        from anonymizer.maskers.hstore import pairs

        for value in values:
            for name, text in pairs(value):
                if not is_data(name):
                    found.setdefault(name, ([], []))[0].append(text)
        return dict(sorted(found.items()))
    from anonymizer.maskers.composite import CompositeError, read

    found = {name: ([], []) for name in column.fields}
    for value in values:
        try:
            for field, content in zip(column.fields, read(value), strict=False):
                if content:
                    found[field][0].append(content)
        except CompositeError:  # cut behind the longest that is looked at
            continue
    return found
