"""Types as pg_dump writes them, to what a mask must know of them: the same words that the catalog would answer.

A type that the dump does not make and that is not built in belongs to an extension. Of those only the names tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from anonymizer.dump.lexer import Kind, Token
from anonymizer.identifiers import TableName

_SPELLED = {
    "smallint": "int2",
    "integer": "int4",
    "bigint": "int8",
    "real": "float4",
    "double precision": "float8",
    "boolean": "bool",
    "character varying": "varchar",
    "character": "bpchar",
    "bit varying": "varbit",
    "time without time zone": "time",
    "time with time zone": "timetz",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
}
_CATEGORIES = {
    "S": "text varchar bpchar name",
    "N": "int2 int4 int8 float4 float8 numeric money oid regclass regproc regprocedure regoper regoperator regtype "
    "regrole regnamespace regconfig regdictionary regcollation",
    "D": "date time timetz timestamp timestamptz",
    "T": "interval",
    "B": "bool",
}
_CATEGORY = {name: category for category, names in _CATEGORIES.items() for name in names.split()}
_FIELDS = {"year", "month", "day", "hour", "minute", "second"}
_NUMERIC = "numeric"
_LENGTHS = {"varchar", "bpchar"}
_VARHDRSZ = 4

Name = TableName
"""A type's schema and its own name; the schema of a built-in one is pg_catalog."""


@dataclass(frozen=True)
class Type:
    """A use of a type: `character varying(20)[]`.

    Attributes:
        text: as SQL writes it.
        typmod: what the catalog would hold for the length or precision; -1 for none.
        dimensions: whether it is an array of them.
    """

    text: str
    name: Name
    typmod: int = -1
    array: bool = False


@dataclass(frozen=True)
class Domain:
    """A domain: the type below it, and whether it takes no NULL."""

    base: Type
    not_null: bool


class Resolved(NamedTuple):
    """A type without its domains, in the catalog's words."""

    name: Name
    category: str
    array: bool
    typmod: int
    domain_not_null: bool
    builtin: bool
    below: str


@dataclass
class Types:
    """The types that a dump makes."""

    domains: dict[Name, Domain] = field(default_factory=dict)
    categories: dict[Name, str] = field(default_factory=dict)
    attributes: dict[Name, Mapping[str, Type]] = field(default_factory=dict)

    def resolve(self, type_: Type) -> Resolved:
        """What stands below all domains; of an array's element, if it is one."""
        not_null, typmod, builtin, below = False, type_.typmod, type_.name[0] == "pg_catalog", ""
        while not type_.array and (domain := self.domains.get(type_.name)):
            not_null |= domain.not_null
            type_ = domain.base
            below = type_.text
            typmod = typmod if typmod >= 0 else type_.typmod
        name = type_.name
        while type_.array and (domain := self.domains.get(name)):
            name = domain.base.name
            typmod = typmod if typmod >= 0 else domain.base.typmod
        return Resolved(name, self._category(name), type_.array, typmod, not_null, builtin, below)

    def _category(self, name: Name) -> str:
        if name in self.categories:
            return self.categories[name]
        return _CATEGORY.get(name[1], "U") if name[0] == "pg_catalog" else "U"


def parse(tokens: Sequence[Token]) -> Type | None:
    """A type from its tokens; None if it is none that pg_dump would write."""
    parts, array = list(tokens), False
    while [token.text for token in parts[-2:]] == [b"[", b"]"]:
        del parts[-2:]
        array = True
    words: list[str] = []
    arguments: list[str] = []
    inside = False
    for token in parts:
        if token.text in (b"(", b")") and token.kind is Kind.OTHER:
            inside = token.text == b"("
        elif inside:
            if token.text != b",":
                arguments.append(token.word)
        else:
            words.append(token.word if token.kind is Kind.OTHER else token.identifier or "")
    name = _name(parts, words)
    if name is None:
        return None
    return Type(_text(tokens), name, _typmod(name[1], arguments), array)


def _name(parts: Sequence[Token], words: list[str]) -> Name | None:
    if len(words) == 3 and words[1] == ".":
        return Name(words[0], words[2])
    if "." in words or not words or not all(words):
        return None
    if len(words) == 1:
        # quoted: "char" is another type than character
        spelled = words[0] if parts[0].kind is Kind.QUOTED else _SPELLED.get(words[0], words[0])
        return Name("pg_catalog", spelled)
    if words[0] == "interval" and set(words[1:]) <= _FIELDS | {"to"}:
        return Name("pg_catalog", "interval")
    spelled = _SPELLED.get(" ".join(words), "")
    return Name("pg_catalog", spelled) if spelled else None


def _typmod(name: str, arguments: Sequence[str]) -> int:
    try:
        numbers = [int(argument) for argument in arguments]
    except ValueError:
        return -1
    if not numbers:
        return -1
    if name == _NUMERIC:
        scale = numbers[1] if len(numbers) > 1 else 0
        return ((numbers[0] << 16) | (scale & 0x7FF)) + _VARHDRSZ
    return numbers[0] + _VARHDRSZ if name in _LENGTHS else numbers[0]


def _text(tokens: Sequence[Token]) -> str:
    """As format_type would write it: words apart, brackets and commas not."""
    text = ""
    for token in tokens:
        piece = token.text.decode("utf-8", "surrogateescape")
        apart = text and text[-1] not in ".([," and piece not in (".", "(", ")", "[", "]", ",")
        text += f" {piece}" if apart else piece
    return text
