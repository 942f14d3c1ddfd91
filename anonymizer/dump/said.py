"""What a dump says outside of its rows: comments, defaults, function bodies, labels, conditions, options.

The same texts that a clone looks at in the catalog (`anonymizer.literals`), under the same names, so that one entry of
[[accepted]] in a policy is good for both. Nothing of a text is ever repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from anonymizer import detect, literals
from anonymizer.dump.cursor import Cursor, NotUnderstood
from anonymizer.dump.ddl import spelled, top_words
from anonymizer.dump.lexer import Kind, Token
from anonymizer.dump.named import Names
from anonymizer.dump.reader import Statement
from anonymizer.finding import Finding
from anonymizer.identifiers import TableName
from anonymizer.policy import Policy

_NEEDLESSLY_QUOTED = re.compile(r'"([a-z_][a-z0-9_$]*)"')


class Text(NamedTuple):
    """A text of the schema: the object it belongs to, as the catalog names it, and itself."""

    where: str
    text: str


@dataclass
class Said:
    """What was looked at so far.

    Attributes:
        findings: what looks personal or secret and that nobody accepted.
        accepted: what looks so, and somebody let leave.
    """

    policy: Policy
    findings: list[Finding] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    _names: Names = field(default_factory=Names)

    def look(self, statement: Statement) -> None:
        """Look at what a statement says, if it says anything."""
        self._names.learn(statement)
        try:
            texts = list(self._texts(statement))
        except (NotUnderstood, ValueError, IndexError):
            # whatever it is, it is looked at as a whole; only its name is less exact
            texts = [Text(" ".join(statement.words[:2]).lower(), _whole(statement))]
        for text in texts:
            for what in detect.inside(text.text, self.policy.locale):
                self._found(text.where, what)

    def _found(self, where: str, what: str) -> None:
        plain = _plain(where)
        if any(_plain(entry.where) == plain and entry.what == what for entry in self.policy.accepted):
            self.accepted.append(f"{what} in {where}")
        else:
            self.findings.append(literals.finding(where, what))

    def _texts(self, statement: Statement) -> Iterator[Text]:
        words = statement.words
        if words[0] in ("COMMENT", "SECURITY"):
            yield from self._comment(statement)
        elif words[0] == "CREATE":
            at = 3 if words[1:3] == ("OR", "REPLACE") else 1
            for kind, read in _CREATED:
                if words[at : at + len(kind)] == kind:
                    yield from read(self._names, Cursor(statement.tokens, at + len(kind)), statement)
                    return
        elif words[0] == "ALTER":
            for kind, read in _ALTERED:
                if words[1 : 1 + len(kind)] == kind:
                    yield from read(self._names, Cursor(statement.tokens, 1 + len(kind)), statement)
                    return

    def _comment(self, statement: Statement) -> Iterator[Text]:
        words, tokens = statement.words, statement.tokens
        if words[-1] != "NULL":
            described = self._names.describe(Cursor(tokens[words.index("ON") + 1 : -2]))
            kind = "comment" if words[0] == "COMMENT" else "security label"
            yield Text(f"{kind} on {described}", _value(tokens[-1]))


def _plain(where: str) -> str:
    """A name without the quotes that only some write around it: keywords', or pg_dump's --quote-all-identifiers."""
    return _NEEDLESSLY_QUOTED.sub(r"\1", where)


def _value(token: Token) -> str:
    """What a string constant says, near enough to be looked at."""
    text = token.text.decode("utf-8", "replace")
    text = text[text.index("'") + 1 : -1] if "'" in text else text
    return text.replace("''", "'").replace("\\n", "\n").replace("\\\\", "\\")


def _whole(statement: Statement) -> str:
    return statement.text.decode("utf-8", "replace")


def _table(names: Names, cursor: Cursor, _statement: Statement) -> Iterator[Text]:
    cursor.accept("IF", "NOT", "EXISTS")
    relation = names.relation(cursor.name())
    partition = cursor.accept("PARTITION", "OF")
    if partition or cursor.accept("OF"):
        cursor.name()
    for item in cursor.items() if cursor.word == "(" else []:
        yield from _item(relation, item)
    rest = cursor.tokens[cursor.at :]
    if partition:
        yield Text(f"bounds of {relation}", spelled(rest))
    elif relation.startswith("foreign table "):
        yield Text(relation, spelled(rest))


def _item(relation: str, item: Sequence[Token]) -> Iterator[Text]:
    cursor = Cursor(item)
    if cursor.accept("CONSTRAINT"):
        name = cursor.identifier()
        if cursor.word == "CHECK":
            yield Text(f"constraint {name} on {relation}", spelled(item))
    elif cursor.word == "CHECK":
        yield Text(f"constraint on {relation}", spelled(item))
    else:
        words = top_words(cursor)
        if "DEFAULT" in words or ("GENERATED" in words and "IDENTITY" not in words):
            yield Text(f"default value for column {cursor.identifier()} of {relation}", spelled(item))
        if "OPTIONS" in words:
            yield Text(relation, spelled(item))


def _view(names: Names, cursor: Cursor, statement: Statement) -> Iterator[Text]:
    yield Text(names.relation(cursor.name()), _whole(statement))


def _rule(names: Names, cursor: Cursor, statement: Statement) -> Iterator[Text]:
    name = cursor.identifier()
    cursor.until(lambda word: word == "TO")
    cursor.expect("TO")
    relation = names.relation(cursor.name())
    of_view = name == "_RETURN"
    yield Text(relation if of_view else f"rule {name} on {relation}", _whole(statement))


def _on_table(word: str) -> Callable[[Names, Cursor, Statement], Iterator[Text]]:
    def read(names: Names, cursor: Cursor, statement: Statement) -> Iterator[Text]:
        name = cursor.identifier()
        cursor.until(lambda found: found == "ON")
        cursor.expect("ON")
        yield Text(f"{word} {name} on {names.relation(cursor.name())}", _whole(statement))

    return read


def _routine(names: Names, cursor: Cursor, statement: Statement) -> Iterator[Text]:
    yield Text(names.routine(cursor), _whole(statement))


def _type(_names: Names, cursor: Cursor, statement: Statement) -> Iterator[Text]:
    name = cursor.name()
    if cursor.accept("AS", "ENUM"):
        labels = [_value(token) for item in cursor.items() for token in item]
        yield Text(f"type {name}", "\n".join(labels))
    elif "DEFAULT" in statement.words:
        yield Text(f"default of type {name}", _whole(statement))


def _domain(_names: Names, cursor: Cursor, _statement: Statement) -> Iterator[Text]:
    name = cursor.name()
    cursor.until(lambda word: word in ("DEFAULT", "CONSTRAINT", "CHECK"))
    if cursor.word == "DEFAULT":
        default = cursor.until(lambda word: word in ("CONSTRAINT", "CHECK"))
        yield Text(f"default of type {name}", spelled(default))
    while not cursor.ended:
        constraint = cursor.identifier() if cursor.accept("CONSTRAINT") else "check"
        text = spelled([cursor.tokens[cursor.at], *_next(cursor)])
        yield Text(f"constraint {constraint}", text)


def _next(cursor: Cursor) -> list[Token]:
    cursor.at += 1
    return cursor.until(lambda word: word in ("CONSTRAINT", "CHECK"))


def _index(_names: Names, cursor: Cursor, statement: Statement) -> Iterator[Text]:
    cursor.accept("IF", "NOT", "EXISTS")
    index = cursor.identifier()
    cursor.expect("ON")
    cursor.accept("ONLY")
    table = cursor.name()
    if "WHERE" in statement.words or any(token.kind is Kind.TEXT for token in statement.tokens):
        yield Text(f"index {TableName(table.schema, index)}", _whole(statement))


def _statistics(_names: Names, cursor: Cursor, statement: Statement) -> Iterator[Text]:
    yield Text(f"statistics object {cursor.name()}", _whole(statement))


def _server(_names: Names, cursor: Cursor, statement: Statement) -> Iterator[Text]:
    yield Text(f"server {cursor.identifier()}", _whole(statement))


def _dictionary(_names: Names, cursor: Cursor, statement: Statement) -> Iterator[Text]:
    yield Text(f"text search dictionary {cursor.name()}", _whole(statement))


def _alter_table(names: Names, cursor: Cursor, statement: Statement) -> Iterator[Text]:
    cursor.accept("IF", "EXISTS")
    cursor.accept("ONLY")
    name = cursor.name()
    relation, whole = names.relation(name), _whole(statement)
    if cursor.accept("ATTACH", "PARTITION"):
        yield Text(f"bounds of {names.relation(cursor.name())}", whole)
    elif cursor.accept("ADD", "CONSTRAINT"):
        constraint = cursor.identifier()
        where = f"constraint {constraint} on {relation}"
        if cursor.word in ("CHECK", "EXCLUDE"):
            yield Text(where, whole)
        if cursor.word == "EXCLUDE":
            yield Text(f"index {TableName(name.schema, constraint)}", whole)
    elif cursor.accept("ALTER", "COLUMN"):
        column = cursor.identifier()
        if cursor.accept("SET", "DEFAULT"):
            yield Text(f"default value for column {column} of {relation}", whole)
        elif cursor.word == "OPTIONS":
            yield Text(relation, whole)
    elif cursor.word == "OPTIONS":
        yield Text(relation, whole)


def _alter_domain(_names: Names, cursor: Cursor, statement: Statement) -> Iterator[Text]:
    cursor.name()
    if cursor.accept("ADD", "CONSTRAINT"):
        yield Text(f"constraint {cursor.identifier()}", _whole(statement))


def _alter_publication(names: Names, cursor: Cursor, statement: Statement) -> Iterator[Text]:
    publication = cursor.identifier()
    if cursor.accept("ADD", "TABLE") and "WHERE" in statement.words:
        cursor.accept("ONLY")
        where = f"publication of {names.relation(cursor.name())} in publication {publication}"
        yield Text(where, _whole(statement))


def _alter_database(_names: Names, cursor: Cursor, _statement: Statement) -> Iterator[Text]:
    cursor.identifier()
    if cursor.accept("SET"):
        name = spelled(cursor.until(lambda word: word in ("TO", "="))).strip('"').lower()
        where = f"setting {name} of the database"
        yield Text(where, spelled(cursor.tokens[cursor.at + 1 :]))


_Reading = Callable[[Names, Cursor, Statement], Iterator[Text]]
_CREATED: tuple[tuple[tuple[str, ...], _Reading], ...] = (
    (("TABLE",), _table),
    (("UNLOGGED", "TABLE"), _table),
    (("FOREIGN", "TABLE"), _table),
    (("VIEW",), _view),
    (("RECURSIVE", "VIEW"), _view),
    (("MATERIALIZED", "VIEW"), _view),
    (("RULE",), _rule),
    (("POLICY",), _on_table("policy")),
    (("TRIGGER",), _on_table("trigger")),
    (("CONSTRAINT", "TRIGGER"), _on_table("trigger")),
    (("FUNCTION",), _routine),
    (("PROCEDURE",), _routine),
    (("TYPE",), _type),
    (("DOMAIN",), _domain),
    (("INDEX",), _index),
    (("UNIQUE", "INDEX"), _index),
    (("STATISTICS",), _statistics),
    (("SERVER",), _server),
    (("TEXT", "SEARCH", "DICTIONARY"), _dictionary),
)
_ALTERED: tuple[tuple[tuple[str, ...], _Reading], ...] = (
    (("TABLE",), _alter_table),
    (("FOREIGN", "TABLE"), _alter_table),
    (("DOMAIN",), _alter_domain),
    (("PUBLICATION",), _alter_publication),
    (("DATABASE",), _alter_database),
)
