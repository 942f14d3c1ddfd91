"""SQL text to statements: where psql would send one, there one ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from understudy.migrate.lexer import Kind, Token, next_token

_STRINGS = re.compile(
    r"SET (?:SESSION |LOCAL )?STANDARD_CONFORMING_STRINGS (?:=|TO) '?(?P<value>ON|OFF|TRUE|FALSE|YES|NO|1|0)'?"
)


@dataclass(frozen=True)
class Statement:
    """One statement: its text without the semicolon and without what stands before its first word.

    `line` counts from 1 in the text it came from; `tokens` are its tokens without blanks and comments.
    """

    text: str
    line: int
    start: int
    tokens: tuple[Token, ...] = field(repr=False, compare=False)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its tokens with keywords in capitals, to be looked at by rules: CREATE, INDEX, (, "Name", 'a text' ..."""
        return tuple(token.text.upper() if token.kind is Kind.WORD else token.text for token in self.tokens)

    @property
    def checksum(self) -> str:
        """SHA-256 of its text, in hexadecimal."""
        return sha256(self.text.encode()).hexdigest()

    def begins(self, *words: str) -> bool:
        """Whether these are its first words."""
        return self.words[: len(words)] == words


@dataclass(frozen=True)
class Command:
    """A backslash command of psql, the whole line."""

    text: str
    line: int
    inside: bool
    """Whether it stands in the middle of a statement."""


def split(text: str, *, standard_strings: bool = True) -> Iterator[Statement | Command]:
    """The statements and psql commands of a text, in order. The end of the text ends a statement too.

    Args:
        text: SQL with line ends of any sort.
        standard_strings: the server's standard_conforming_strings; a SET of it in the text counts from there on.

    Raises:
        UnterminatedError: a quote or comment is never closed.
    """
    found: list[Token] = []
    parentheses = body = position = 0
    lines = _Lines(text)
    while position < len(text):
        token = next_token(text, position, standard_strings=standard_strings)
        position = token.end
        if token.kind is Kind.BLANK:
            continue
        if token.kind is Kind.BACKSLASH:
            yield Command(token.text, lines.at(token.start), bool(found))
            continue
        if token.text == ";" and token.kind is Kind.OTHER and parentheses <= 0 and body == 0:
            if found:
                statement = _statement(text, found, lines)
                standard_strings = _standard_strings(statement, standard_strings)
                yield statement
            found, parentheses = [], 0
            continue
        found.append(token)
        if token.kind is Kind.OTHER:
            parentheses += (token.text == "(") - (token.text == ")")
        elif token.kind is Kind.WORD and parentheses == 0:
            body = _body(found, body)
    if found:
        yield _statement(text, found, lines)


class _Lines:
    """Line numbers of rising positions; counts each stretch of text once."""

    def __init__(self, text: str) -> None:
        self._text, self._position, self._line = text, 0, 1

    def at(self, position: int) -> int:
        self._line += self._text.count("\n", self._position, position)
        self._position = position
        return self._line


def _statement(text: str, found: list[Token], lines: _Lines) -> Statement:
    start = found[0].start
    return Statement(text[start : found[-1].end], lines.at(start), start, tuple(found))


def _standard_strings(statement: Statement, now: bool) -> bool:
    if not statement.begins("SET"):
        return now
    found = _STRINGS.fullmatch(" ".join(statement.words).upper())
    return found["value"] in ("ON", "TRUE", "YES", "1") if found else now


def _body(found: list[Token], depth: int) -> int:
    """How deep we are in BEGIN ATOMIC ... END, where a semicolon ends no statement of ours; CASE has an END too."""
    word = found[-1].text.upper()
    if word not in ("ATOMIC", "CASE", "END"):
        return depth
    before = found[-2].text.upper() if len(found) > 1 else ""
    if word == "ATOMIC":
        return 1 if depth == 0 and before == "BEGIN" and _defines_routine(found) else depth
    if depth == 0 or before in ("AS", "."):  # a name, not the keyword
        return depth
    return depth + (1 if word == "CASE" else -1)


def _defines_routine(found: list[Token]) -> bool:
    words = [token.text.upper() for token in found[:4]]
    if words[1:3] == ["OR", "REPLACE"]:
        del words[1:3]
    return words[0] == "CREATE" and words[1] in ("FUNCTION", "PROCEDURE")
