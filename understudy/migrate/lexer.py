"""SQL text to tokens, by the rules of psql's own lexer (src/fe_utils/psqlscan.l).

Only what decides where a statement ends is told apart: the many quotes, comments, words, and single characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a token is."""

    BLANK = auto()  # white space and comments
    WORD = auto()
    QUOTED = auto()  # a quoted identifier
    TEXT = auto()  # a string constant of any sort
    BACKSLASH = auto()  # a psql command; the token is the rest of its line
    OTHER = auto()  # one character, a number or a parameter


@dataclass(frozen=True)
class Token:
    """A piece of SQL text and where it begins."""

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where the text after it begins."""
        return self.start + len(self.text)


class UnterminatedError(ValueError):
    """A quote or comment that is never closed. `start` is where it was opened, `what` its name."""

    def __init__(self, what: str, start: int) -> None:
        self.what = what
        self.start = start
        super().__init__(f"unterminated {what}")


_HIGH = "\x80-\U0010ffff"  # PostgreSQL takes every byte above 127 for a letter
_TOKEN = re.compile(
    rf"""
      (?P<blank>[ \t\n\r\f\v]+|--[^\n\r]*)
    | (?P<comment>/\*)
    | (?P<escape>[eE]')
    | (?P<plain>[bBxX]'|[uU]&')
    | (?P<string>[nN]?')
    | (?P<quoted>(?:[uU]&)?")
    | (?P<dollar>\$(?:[A-Za-z_{_HIGH}][A-Za-z0-9_{_HIGH}]*)?\$)
    | (?P<word>[A-Za-z_{_HIGH}][A-Za-z0-9_${_HIGH}]*)
    | (?P<backslash>\\[^\n\r]*)
    | (?P<other>\$?[0-9]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN = re.compile(r"(?:[^']|'')*+'", re.DOTALL)
_ESCAPED = re.compile(r"(?:[^'\\]|\\.|'')*+'", re.DOTALL)
_IDENTIFIER = re.compile(r'(?:[^"]|"")*+"', re.DOTALL)
_COMMENT = re.compile(r"/\*|\*/")
# a string goes on after a line break: 'a' <newline> 'b' is one constant, and the second part has the first's rules
_CONTINUED = re.compile(r"(?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*(?=[\n\r]))*'")


def tokens(text: str, start: int = 0, *, standard_strings: bool = True) -> Iterator[Token]:
    """The tokens of a text, which together are the whole text.

    Args:
        text: SQL, as psql would read it.
        start: where to begin; it must not be inside a token.
        standard_strings: whether a backslash in '...' is a backslash (standard_conforming_strings).

    Raises:
        UnterminatedError: a quote or comment is never closed.
    """
    while start < len(text):
        token = next_token(text, start, standard_strings=standard_strings)
        yield token
        start = token.end


def next_token(text: str, start: int, *, standard_strings: bool = True) -> Token:
    """The token that begins at `start`, which is before the end of the text; see `tokens`."""
    found = _TOKEN.match(text, start)
    assert found is not None  # noqa: S101 - the last alternative takes any character
    group = str(found.lastgroup)
    kind, end = Kind.OTHER, found.end()
    if group == "blank":
        kind = Kind.BLANK
    elif group == "comment":
        kind, end = Kind.BLANK, _end_of_comment(text, start)
    elif group in ("escape", "plain", "string"):
        escaped = group == "escape" or (group == "string" and not standard_strings)
        kind, end = Kind.TEXT, _end_of_string(text, start, end, _ESCAPED if escaped else _PLAIN)
    elif group == "quoted":
        kind, end = Kind.QUOTED, _close(_IDENTIFIER, text, start, end, "quoted identifier")
    elif group == "dollar":
        kind, end = Kind.TEXT, text.find(found[0], end) + len(found[0])
        if end < found.end():
            raise UnterminatedError("dollar-quoted string", start)
    elif group == "word":
        kind = Kind.WORD
    elif group == "backslash":
        kind = Kind.BACKSLASH
    return Token(kind, text[start:end], start)


def _end_of_string(text: str, start: int, end: int, body: re.Pattern[str]) -> int:
    end = _close(body, text, start, end, "quoted string")
    while more := _CONTINUED.match(text, end):
        end = _close(body, text, start, more.end(), "quoted string")
    return end


def _close(body: re.Pattern[str], text: str, start: int, position: int, what: str) -> int:
    found = body.match(text, position)
    if not found:
        raise UnterminatedError(what, start)
    return found.end()


def _end_of_comment(text: str, start: int) -> int:
    depth, position = 0, start
    while found := _COMMENT.search(text, position):
        depth += 1 if found[0] == "/*" else -1
        position = found.end()
        if depth == 0:
            return position
    raise UnterminatedError("comment", start)
