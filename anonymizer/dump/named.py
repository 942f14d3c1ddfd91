"""How the catalog would name what a statement is about (pg_describe_object), from the statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from anonymizer.dump import sqltypes
from anonymizer.dump.cursor import Cursor, NotUnderstood
from anonymizer.dump.ddl import spelled
from anonymizer.dump.lexer import Kind, Token
from anonymizer.dump.reader import Statement
from anonymizer.identifiers import TableName

_RELATIONS = {
    "TABLE": "table",
    "VIEW": "view",
    "MATERIALIZED VIEW": "materialized view",
    "FOREIGN TABLE": "foreign table",
    "SEQUENCE": "sequence",
    "INDEX": "index",
}
_WITH_SCHEMA = {
    "TYPE": "type",
    "DOMAIN": "type",
    "COLLATION": "collation",
    "CONVERSION": "conversion",
    "STATISTICS": "statistics object",
    "TEXT SEARCH CONFIGURATION": "text search configuration",
    "TEXT SEARCH DICTIONARY": "text search dictionary",
    "TEXT SEARCH PARSER": "text search parser",
    "TEXT SEARCH TEMPLATE": "text search template",
}
_ALONE = {
    "ACCESS METHOD": "access method",
    "EVENT TRIGGER": "event trigger",
    "EXTENSION": "extension",
    "FOREIGN DATA WRAPPER": "foreign-data wrapper",
    "LANGUAGE": "language",
    "PROCEDURAL LANGUAGE": "language",
    "PUBLICATION": "publication",
    "SCHEMA": "schema",
    "SERVER": "server",
}
_ON = {"POLICY": "policy", "RULE": "rule", "TRIGGER": "trigger"}
_ROUTINES = ("AGGREGATE", "FUNCTION", "PROCEDURE", "ROUTINE")
_MODES = ("IN", "OUT", "INOUT", "VARIADIC")


@dataclass
class Names:
    """Which relations a dump has made, and what each is."""

    _kinds: dict[TableName, str] = field(default_factory=dict)

    def learn(self, statement: Statement) -> None:
        """Take in that a statement makes a relation; one that makes none is left alone."""
        words = [word for word in statement.words[:5] if word not in ("OR", "REPLACE", "UNLOGGED", "RECURSIVE")]
        if words[0] != "CREATE":
            return
        kind = next(
            (made for name, made in _RELATIONS.items() if words[1 : 1 + len(name.split())] == name.split()), None
        )
        if statement.begins("CREATE", "TYPE") and statement.words[5:7] == ("AS", "("):
            kind = "composite type"
        if kind in (None, "index"):
            return
        cursor = Cursor(statement.tokens, 2)
        while not cursor.ended and cursor.tokens[cursor.at + 1].text != b".":
            cursor.at += 1
        self._kinds[cursor.name()] = str(kind)

    def relation(self, name: TableName) -> str:
        """`table public.t`, `view public.v`."""
        return f"{self._kinds.get(name, 'table')} {name}"

    def describe(self, cursor: Cursor) -> str:
        """What stands between ON and IS in COMMENT and its kin.

        Raises:
            NotUnderstood: it names nothing.
        """
        kind = self._kind(cursor)
        if kind in _RELATIONS:
            return f"{_RELATIONS[kind]} {cursor.name()}"
        if kind in _WITH_SCHEMA:
            return f"{_WITH_SCHEMA[kind]} {cursor.name()}"
        if kind in _ALONE:
            return f"{_ALONE[kind]} {cursor.identifier()}"
        if kind in _ROUTINES:
            return self.routine(cursor)
        if kind == "COLUMN":
            return self._column(cursor)
        if kind in _ON:
            name = cursor.identifier()
            cursor.expect("ON")
            return f"{_ON[kind]} {name} on {self.relation(cursor.name())}"
        if kind == "CONSTRAINT":
            name = cursor.identifier()
            cursor.expect("ON")
            return (
                f"constraint {name}"
                if cursor.accept("DOMAIN")
                else f"constraint {name} on {self.relation(cursor.name())}"
            )
        if kind == "OPERATOR":
            name = spelled(cursor.until(lambda word: word == "("))
            return f"operator {name}({','.join(map(spelled, cursor.items()))})"
        return f"{kind.lower()} {spelled(cursor.tokens[cursor.at :])}"

    def _kind(self, cursor: Cursor) -> str:
        words = [token.word for token in cursor.tokens[cursor.at : cursor.at + 3]]
        for length in (3, 2):
            if (kind := " ".join(words[:length])) in (*_RELATIONS, *_WITH_SCHEMA, *_ALONE):
                cursor.at += length
                return kind
        cursor.at += 1
        return words[0]

    def _column(self, cursor: Cursor) -> str:
        name = cursor.name()
        cursor.expect(".")
        return f"column {cursor.identifier()} of {self.relation(name)}"

    @staticmethod
    def routine(cursor: Cursor) -> str:
        """A routine by its name and the types of what goes in: `function public.f(text,integer)`.

        Raises:
            NotUnderstood: no name and no list of arguments stand there.
        """
        name = cursor.name()
        types = [_argument(item) for item in cursor.items() if item]
        return f"function {name}({','.join(text for text in types if text)})"


def _argument(item: Sequence[Token]) -> str | None:
    """The type of an argument without its mode, name and default; None of one that only comes out."""
    tokens = Cursor(item).until(lambda word: word in ("DEFAULT", "="))
    mode = tokens[0].word if tokens[0].kind is Kind.WORD and len(tokens) > 1 and tokens[0].word in _MODES else ""
    if mode == "OUT":
        return None
    tokens = tokens[bool(mode) :]
    found = sqltypes.parse(tokens) or sqltypes.parse(tokens[1:])
    if found is None:
        raise NotUnderstood("an argument in it is not understood")
    return found.text
