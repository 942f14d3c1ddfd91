"""Arrays: a mask on an array column masks its elements, and leaves everything else of the literal as it is.

An array arrives as PostgreSQL writes it: `{a,"b c",NULL}`, nested, with bounds where they are not the usual ones. What
separates the elements is their type's choice: of the built-in types `box` alone has a semicolon.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from anonymizer.errors import AnonymizerError
from anonymizer.maskers import apply
from anonymizer.maskers.base import Masker, Row

_PIECE = r""""([^"\\]*(?:\\.[^"\\]*)*)"|([^{}%s"\\]+(?:\\.[^{}%s"\\]*)*)|[{}%s]"""
_BOUNDS = re.compile(r"(?:\[[+-]?\d+:[+-]?\d+\])+=")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class ArrayError(AnonymizerError):
    """an array cannot be read"""


@functools.cache
def _token(delimiter: str) -> re.Pattern[str]:
    return re.compile(_PIECE.replace("%s", re.escape(delimiter)), re.DOTALL)


def tokens(literal: str, delimiter: str = ",") -> Iterator[tuple[str, str | None]]:
    """The pieces of an array literal, in order: what to write, and the element's value if the piece is one.

    A NULL element is a piece without a value.

    Args:
        literal: as PostgreSQL writes it.
        delimiter: what separates elements (`pg_type.typdelim`).

    Raises:
        ArrayError: it is no array literal.
    """
    bounds, token = _BOUNDS.match(literal), _token(delimiter)
    at = bounds.end() if bounds else 0
    if bounds:
        yield bounds[0], None
    while at < len(literal):
        found = token.match(literal, at)
        if not found:
            raise ArrayError(detail="A value is not what PostgreSQL writes for an array.")
        piece = found[0]
        if found[1] is not None:
            yield piece, _ESCAPED.sub(r"\1", found[1])
        elif found[2] is not None and piece.upper() != "NULL":
            yield piece, _ESCAPED.sub(r"\1", piece)
        else:
            yield piece, None
        at = found.end()


def element(value: str | None) -> str:
    """An element as an array literal has it; always quoted, which every type's reader takes."""
    if value is None:
        return "NULL"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Elements(Masker):
    """A mask of an array's elements, made of the mask of one."""

    name = "elements"

    def __init__(self, inner: Masker, delimiter: str = ",") -> None:
        """Takes the mask of an element, and what stands between two."""
        self.inner = inner
        self.delimiter = delimiter
        self.mask_options = {}
        self.setting = replace(inner.setting, base="")  # a literal is not of the elements' type
        self.needs, self.follows = inner.needs, inner.follows

    def mask(self, values: pl.Series) -> pl.Series:
        """Arrays of the same shape; NULL elements stay."""
        pieces = [list(tokens(value, self.delimiter)) for value in values.to_list()]
        originals = [value for literal in pieces for _, value in literal if value is not None]
        return self._put(values.name, pieces, apply(self.inner, pl.Series(originals, dtype=pl.String)))

    def mask_with(self, values: pl.Series, row: Row) -> pl.Series:
        """The same, each element with its row's other columns."""
        pieces = [list(tokens(value, self.delimiter)) for value in values.to_list()]
        found = [(n, value) for n, literal in enumerate(pieces) for _, value in literal if value is not None]
        rows = row.gather(pl.Series([n for n, _ in found], dtype=pl.UInt32))
        return self._put(
            values.name, pieces, apply(self.inner, pl.Series([v for _, v in found], dtype=pl.String), rows)
        )

    @staticmethod
    def _put(name: str, pieces: list[list[tuple[str, str | None]]], elements: pl.Series) -> pl.Series:
        masked = iter(elements.to_list())
        out = [
            "".join(piece if value is None else element(next(masked)) for piece, value in literal) for literal in pieces
        ]
        return pl.Series(name, out, dtype=pl.String)

    def fit(self, values: pl.Series) -> pl.Series:
        """As they are: the elements have been fitted."""
        return values

    def groups(self, values: pl.Series) -> list[tuple[Masker, pl.Series]]:
        """The parts of the elements."""
        found = [
            value for literal in values.to_list() for _, value in tokens(literal, self.delimiter) if value is not None
        ]
        return self.inner.groups(pl.Series(found, dtype=pl.String))
