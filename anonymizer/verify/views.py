r"""What can be read in a column: its values as text, with whatever its type writes otherwise decoded.

JSON escapes letters (`\u00e8`), also where it stands in a text, bytea is hexadecimal, a tsvector is sorted, XML has
entities. Everything else is read as PostgreSQL writes it: quotes, braces and commas separate tokens anyway.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from anonymizer import arrays

READABLE = frozenset(
    {"text", "json", "inet", "macaddr", "uuid", "bytea", "xml", "tsvector", "hstore", "composite", "other"}
)
"""The kinds of column in which text of any sort may stand."""

BETWEEN = '" "'
"""What separates two strings of one document, so that no name is found half in the one and half in the other."""

_HEX = re.compile(r"\\x((?:[0-9a-fA-F]{2}){3,})")
_ESCAPED = re.compile(r"(?:\\+u[0-9a-fA-F]{4})+")
_FOUR = re.compile(r"u([0-9a-fA-F]{4})")
_LEXEME = re.compile(r"'((?:[^'\\]|''|\\.)*)'(?::([\d,A-D]+))?", re.DOTALL)
_PLACE = re.compile(r"\d+")
_UNREADABLE = "\ufffd"


def text(values: pl.Series, kind: str, *, is_array: bool) -> pl.Series:
    """Values in a form in which texts can be searched for; as many, in the same order.

    Args:
        values: as PostgreSQL writes them, none of them null.
        kind: what they are (`catalog.Column.kind`); of an array, its elements.
        is_array: whether each is an array of such values.
    """
    decode, mark = _DECODERS.get(kind, (None, ""))
    if decode is None:
        return values
    at = values.str.contains(mark, literal=True).arg_true()
    if not len(at):
        return values
    found = [_array(value, decode) if is_array else decode(value) for value in values.gather(at).to_list()]
    return values.clone().scatter(at, pl.Series(found, dtype=pl.String))


def _array(literal: str, decode: Callable[[str], str]) -> str:
    return BETWEEN.join(decode(value) for _, value in arrays.tokens(literal) if value is not None)


def _json(value: str) -> str:
    """A document's texts; of one that is too deep for us, or in an escape that means nothing, what is written there."""
    with contextlib.suppress(ValueError, RecursionError):
        value = BETWEEN.join(_strings(json.loads(value)))
    return _escapes(value)


def _escapes(value: str) -> str:
    r"""Letters for `\u00e8`. A text may hold JSON, and a document another one: each doubles the backslashes."""
    return _ESCAPED.sub(lambda found: _utf16("".join(_FOUR.findall(found[0]))), value)


def _utf16(digits: str) -> str:
    return bytes.fromhex(digits).decode("utf-16-be", "replace").replace("\0", " ")


def _strings(item: Any) -> Iterator[str]:
    """Every key and every leaf, at any depth."""
    waiting = [item]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield from item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        else:
            # half of a pair of surrogates is a character of no text
            yield str(item).encode("utf-8", "replace").decode()


def _bytes(value: str) -> str:
    """The text that bytes are, or have in them; what is none separates."""
    return _escapes(_HEX.sub(lambda found: BETWEEN + _utf8(bytes.fromhex(found[1])) + BETWEEN, value))


def _utf8(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace(_UNREADABLE, " ")


def _tsvector(value: str) -> str:
    """The lexemes in the order of the text they came from; those without places behind them."""
    words: list[tuple[int, str]] = []
    for word, places in _LEXEME.findall(value):
        plain = re.sub(r"\\(.)|''", lambda found: found[1] or "'", word, flags=re.DOTALL)
        found = [int(place) for place in _PLACE.findall(places)] or [1 << 20]
        words += [(place, plain) for place in found]
    return " ".join(word for _, word in sorted(words, key=lambda item: item[0]))


def _xml(value: str) -> str:
    return html.unescape(value)


_DECODERS: dict[str, tuple[Callable[[str], str], str]] = {
    "json": (_json, "\\"),
    "bytea": (_bytes, "\\x"),
    "composite": (_bytes, "\\"),
    "text": (_escapes, "\\u"),
    "hstore": (_escapes, "\\u"),
    "other": (_escapes, "\\u"),
    "tsvector": (_tsvector, "'"),
    "xml": (_xml, "&"),
}
"""By kind: how one value is decoded, and what it must have in it to need it."""
