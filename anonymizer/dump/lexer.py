"""Bytes to tokens, by the rules of psql's lexer (src/fe_utils/psqlscan.l), from a buffer that may not hold all yet.

Only what decides where a statement ends is told apart. Every encoding that PostgreSQL may store keeps ASCII's bytes to
ASCII's characters, so a byte above 127 is a letter, whatever it means.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple


class Kind(Enum):
    """What a token is."""

    BLANK = auto()
    COMMENT = auto()
    WORD = auto()
    QUOTED = auto()  # a quoted identifier
    TEXT = auto()  # a string constant of any sort
    BACKSLASH = auto()  # a psql command; the token is the rest of its line
    OTHER = auto()  # one character, a number or a parameter


class Token(NamedTuple):
    """A piece of SQL, as it stands there."""

    kind: Kind
    text: bytes

    @property
    def word(self) -> str:
        """For comparing: a word in capitals, anything else as it is."""
        text = self.text.decode("utf-8", "surrogateescape")
        return text.upper() if self.kind is Kind.WORD else text

    @property
    def identifier(self) -> str | None:
        """The name that it is, None if it is none; an unquoted one in lower case, as PostgreSQL folds it."""
        text = self.text.decode("utf-8", "surrogateescape")
        if self.kind is Kind.WORD:
            return text.translate(_FOLDED)
        if self.kind is Kind.QUOTED and text.startswith('"'):
            return text[1:-1].replace('""', '"')
        return None


class Unterminated(ValueError):
    """A quote or comment that is never closed."""


_FOLDED = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
"""PostgreSQL folds ASCII only where the encoding is of several bytes, and pg_dump quotes whatever is not ASCII."""

_TOKEN = re.compile(
    rb"""
      (?P<blank>[ \t\n\r\f\v]+)
    | (?P<comment>--[^\n\r]*)
    | (?P<block>/\*)
    | (?P<escape>[eE]')
    | (?P<plain>[bBxX]'|[uU]&')
    | (?P<string>[nN]?')
    | (?P<quoted>(?:[uU]&)?")
    | (?P<dollar>\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$)
    | (?P<word>[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*)
    | (?P<backslash>\\[^\n\r]*)
    | (?P<other>\$?[0-9]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SIMPLE = {
    "blank": Kind.BLANK,
    "comment": Kind.COMMENT,
    "word": Kind.WORD,
    "backslash": Kind.BACKSLASH,
    "other": Kind.OTHER,
}
# runs of what is nothing special come first: byte by byte a pattern is ten times slower
PLAIN = rb"[^']*+(?:''[^']*+)*+'"
ESCAPED = rb"[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
_PLAIN = re.compile(PLAIN, re.DOTALL)
_ESCAPED = re.compile(ESCAPED, re.DOTALL)
_IDENTIFIER = re.compile(rb'[^"]*+(?:""[^"]*+)*+"', re.DOTALL)
_COMMENT = re.compile(rb"/\*|\*/")
_OPEN_DOLLAR = re.compile(rb"\$[A-Za-z0-9_\x80-\xff]*\Z")
# a string goes on after a line break: 'a' <newline> 'b' is one constant, and the second part has the first's rules
_GAP = re.compile(rb"(?:[ \t\n\r\f\v]|--[^\n\r]*)*+")
_CONTINUED = re.compile(rb"(?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*(?=[\n\r]))*'")
_MARGIN = 8
"""No token's kind takes more bytes to tell than this, but for a dollar quote's tag."""


def next_token(data: bytes, at: int, *, final: bool, standard_strings: bool) -> tuple[Token, int] | None:
    """The token that begins at `at`, and where it ends; None if the data ends before that can be told.

    Args:
        data: a stretch of a script.
        at: not inside a token, and before the end of the data.
        final: whether nothing follows the data.
        standard_strings: whether a backslash in '...' is a backslash (standard_conforming_strings).

    Raises:
        Unterminated: the script ends inside the token.
    """
    if not final and len(data) - at < _MARGIN:
        return None
    found = _TOKEN.match(data, at)
    assert found is not None  # noqa: S101 - the last alternative takes any byte
    group = str(found.lastgroup)
    if kind := _SIMPLE.get(group):
        open_end = found.end() == len(data) or (found[0] == b"$" and _OPEN_DOLLAR.match(data, at))
        return None if open_end and not final else (Token(kind, found[0]), found.end())
    if group == "block":
        kind, end = Kind.COMMENT, _end_of_comment(data, at)
    elif group == "quoted":
        kind, end = Kind.QUOTED, _end(_IDENTIFIER, data, found.end())
    elif group == "dollar":
        kind, close = Kind.TEXT, data.find(found[0], found.end())
        end = close + len(found[0]) if close >= 0 else 0
    else:
        escaped = group == "escape" or (group == "string" and not standard_strings)
        kind, end = Kind.TEXT, _end_of_string(data, found.end(), _ESCAPED if escaped else _PLAIN, final=final)
    if not end and final:
        raise Unterminated
    return (Token(kind, data[at:end]), end) if end and (final or end < len(data)) else None


def _end(body: re.Pattern[bytes], data: bytes, at: int) -> int:
    found = body.match(data, at)
    return found.end() if found else 0


def _end_of_string(data: bytes, at: int, body: re.Pattern[bytes], *, final: bool) -> int:
    """Where it ends, with whatever parts go on after a line break; 0 if the data ends before that can be told."""
    while end := _end(body, data, at):
        gap = _GAP.match(data, end)
        if not final and gap and gap.end() >= len(data) - 1:
            return 0
        more = _CONTINUED.match(data, end)
        if not more:
            return end
        at = more.end()
    return 0


def _end_of_comment(data: bytes, at: int) -> int:
    depth = 0
    while found := _COMMENT.search(data, at):
        depth += 1 if found[0] == b"/*" else -1
        at = found.end()
        if depth == 0:
            return at
    return 0
