"""A `where` may look at rows, and do nothing else.

It stands between parentheses in a query of ours, in a session that cannot write, and is only ever sent if

- it is closed in itself: no quote, parenthesis or statement of it ends outside, whatever a server makes of backslashes;
- it calls no volatile function, which could act beyond the transaction or choose other rows each time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg

from anonymizer import identifiers, servererrors
from anonymizer.catalog import Connection
from anonymizer.errors import PolicyError
from anonymizer.identifiers import TableName

MAXIMUM = 32_000
"""How many bytes it may have: it is handed to a program as an argument, and as it is."""

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n\f\v]+)
      | (?P<text>'(?:[^'\\]|'')*')
      | (?P<quoted>"(?:[^"]|"")+")
      | (?P<word>[^\W\d][\w$]*)
      | (?P<number>\d[\w.]*)
      | (?P<open>[(\[])
      | (?P<close>[)\]])
      | (?P<other>[.,:+*/<>=~!@\#%^&|`?-])""",
    re.VERBOSE,
)
_PREFIXED = frozenset({"e", "u", "b", "x", "n"})
"""Words that change what the quotes behind them mean."""


class ConditionRefused(PolicyError):
    """a where of the subset is refused"""


@dataclass(frozen=True)
class _Piece:
    kind: str
    text: str


def check(text: str) -> None:
    """Refuse a text that is no condition by itself.

    Raises:
        ConditionRefused: it is not closed, or has something in it that a condition does not need.
    """
    _pieces(text)


def _pieces(text: str) -> list[_Piece]:
    """Its words and signs, without white space."""
    if len(text.encode()) > MAXIMUM:
        raise ConditionRefused(detail=f"It has more than {MAXIMUM} bytes.", hint="Put the list into a table.")
    found, at, opened = [], 0, []
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _refused(text[at])
        kind, piece = str(match.lastgroup), match[0]
        after = text[match.end() : match.end() + 1]
        if kind == "word" and (
            (after == "'" and piece.lower() in _PREFIXED) or (after == "&" and piece.lower() == "u")
        ):
            raise ConditionRefused(detail="It has a text with a prefix such as E'...'.", hint="Write plain '...'.")
        if text.startswith(("--", "/*"), at):
            raise ConditionRefused(detail="It has a comment.")
        if kind == "open":
            opened.append("(" if piece == "(" else "[")
        elif kind == "close" and (not opened or opened.pop() != ("(" if piece == ")" else "[")):
            raise ConditionRefused(detail="It closes a parenthesis that it did not open.")
        if kind != "space":
            found.append(_Piece(kind, piece))
        at = match.end()
    if opened:
        raise ConditionRefused(detail="It opens a parenthesis that it does not close.")
    return found


def _refused(letter: str) -> ConditionRefused:
    if letter in "'\"":
        detail = "A quote is not closed, or has a backslash between its ends."
    else:
        detail = f"It has {'a semicolon' if letter == ';' else f'the sign {letter!r}'} outside of quotes."
    return ConditionRefused(detail=detail, hint="A where is one condition on the table's columns and nothing more.")


def called(text: str) -> list[str]:
    """The names that may call a function: in front of a parenthesis, or behind a point.

    Raises:
        ConditionRefused: as `check`; or it names an operator by its schema.
    """
    pieces = _pieces(text)
    names = set()
    for before, piece, after in zip([_Piece("", ""), *pieces], pieces, [*pieces[1:], _Piece("", "")], strict=False):
        if piece.kind not in ("word", "quoted"):
            continue
        if piece.kind == "word" and piece.text.lower() == "operator":
            raise ConditionRefused(detail="It names an operator by its schema.")
        if after.text == "(" or before.text == ".":
            name = piece.text[1:-1].replace('""', '"') if piece.kind == "quoted" else piece.text
            # how the server folds other letters than those of ASCII depends on its encoding
            folded = {name} if piece.kind == "quoted" else {identifiers.folded(name), name.lower()}
            names |= {one.encode()[:63].decode(errors="ignore") for one in folded}
    return sorted(names)


def prove(connection: Connection, table: TableName, relation: str, text: str) -> None:
    """Ask the source whether a condition means something there, and does nothing. In a transaction that cannot write.

    Args:
        connection: a session of the source.
        table: what the condition is about, for messages.
        relation: the same as FROM names it.
        text: the condition.

    Raises:
        ConditionRefused: the source does not understand it, or it calls what may act.
    """
    volatile = connection.execute(
        "SELECT DISTINCT proname FROM pg_catalog.pg_proc WHERE provolatile = 'v' AND proname = ANY (%s) ORDER BY 1",
        [called(text)],
    ).fetchall()
    if volatile:
        raise ConditionRefused(
            detail=f"{table}: it calls {volatile[0][0]}, which may do more than look, or answer otherwise each time.",
            hint="Of the functions of time, now() and current_date will do.",
        )
    try:
        # in binary, by the protocol that takes a single statement
        connection.execute(f"SELECT FROM {relation} WHERE (\n{text}\n) LIMIT 0".encode(), binary=True)
    except psycopg.Error as error:
        said = servererrors.from_server(error, "Asking the source about it").detail
        raise ConditionRefused(detail=f"{table}: {said}", hint="Try it with psql.") from None
