"""INSERT rows to COPY rows and back, so that one and the same code masks both.

pg_dump writes a row of INSERT as literals only: numbers and NULL bare, true and false, B'..' for bits, and everything
else as the text that COPY would write, in quotes.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from anonymizer import copytext
from anonymizer.dump import lexer
from anonymizer.dump.cursor import Cursor, NotUnderstood
from anonymizer.dump.reader import Statement
from anonymizer.identifiers import TableName
from anonymizer.plan import ColumnPlan

_BARE = rb"[^\s'\"(),;\\$:]++"
_BACKSLASHED = re.compile(r"\\(.)", re.DOTALL)
_NAMED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": "t", "false": "f"}


@dataclass(frozen=True)
class Header:
    """What stands before the rows of an INSERT.

    Attributes:
        columns: their names in order, None where the INSERT does not say.
        empty: whether it says DEFAULT VALUES, and has no row to be read.
    """

    table: TableName
    columns: tuple[str, ...] | None
    empty: bool


def header(statement: Statement) -> Header:
    """Take apart what stands before the rows.

    Raises:
        NotUnderstood: it is not what pg_dump writes.
    """
    cursor = Cursor(statement.tokens)
    cursor.expect("INSERT", "INTO")
    table = cursor.name()
    columns = cursor.names() if cursor.word == "(" else None
    cursor.accept("OVERRIDING", "SYSTEM", "VALUE")
    empty = cursor.accept("DEFAULT")
    cursor.expect("VALUES")
    if not cursor.ended:
        raise NotUnderstood("rows were expected in it")
    return Header(table, columns, empty)


@functools.cache
def row_pattern(width: int, *, standard_strings: bool) -> re.Pattern[bytes]:
    """What matches one row of so many literals: its groups are what stands before it, and the literals."""
    plain = lexer.PLAIN if standard_strings else lexer.ESCAPED
    literal = b"(" + b"|".join((_BARE, rb"'" + plain, rb"[eE]'" + lexer.ESCAPED, rb"[bBxX]'[0-9a-fA-F]*'")) + b")"
    return re.compile(rb"(,?[ \t\n]*)\(" + rb",[ \t\n]*".join([literal] * width) + rb"\)", re.DOTALL)


@dataclass
class Batch:
    """Rows of one table that wait to be masked together, with all that stands around them.

    Attributes:
        table: the table and the columns of its rows, to know what may join the batch.
        columns: of each literal of a row, its plan; None where the column is generated and the literal DEFAULT.
        transform: what masks a block of COPY rows; None where nothing is masked.
        line: of the dump, where the batch begins.
        parts: the output so far; None where the next row goes.
    """

    table: tuple[TableName, tuple[str, ...]]
    columns: Sequence[ColumnPlan | None]
    transform: Callable[[bytes], bytes] | None
    standard_strings: bool
    line: int
    size: int = 0
    parts: list[bytes | None] = field(default_factory=list)
    rows: list[tuple[bytes, ...]] = field(default_factory=list)

    def add(self, row: tuple[bytes, ...]) -> None:
        """Add a row as `row_pattern` finds it."""
        before, *literals = row
        self.parts += (before + b"(", None, b")")
        self.rows.append(tuple(literals))
        self.size += sum(map(len, literals))

    def masked(self) -> bytes:
        """Everything, masked; a literal of a column that is kept is as it was.

        Raises:
            NotUnderstood: a literal is none that pg_dump writes for its column.
            AnonymizerError: a mask cannot read a value.
        """
        rows = iter(self._rows())
        return b"".join(b", ".join(next(rows)) if part is None else part for part in self.parts)

    def _rows(self) -> Sequence[tuple[bytes, ...]]:
        if not self.rows or self.transform is None:
            return self.rows
        columns = list(zip(*self.rows, strict=True))
        copied = [at for at, column in enumerate(self.columns) if column is not None]
        for at, column in enumerate(self.columns):
            if column is None and set(columns[at]) != {b"DEFAULT"}:
                raise NotUnderstood("a generated column has a value in it")
        names = [f"c{at}" for at in copied]
        fields = [copytext.escape(self._values(columns[at], self.columns[at])).alias(f"c{at}") for at in copied]
        block = self.transform(copytext.serialize(pl.DataFrame(fields)))
        frame = copytext.parse(block, names)
        for at in copied:
            column = self.columns[at]
            if column is not None and column.masked:
                columns[at] = self._literals(copytext.unescape(frame.get_column(f"c{at}")))
        return list(zip(*columns, strict=True))

    def _values(self, literals: Sequence[bytes], column: ColumnPlan | None) -> pl.Series:
        try:
            values = [self._value(literal.decode(), column) for literal in literals]
        except UnicodeDecodeError:
            raise copytext.not_text() from None
        return pl.Series(values, dtype=pl.String)

    def _value(self, literal: str, column: ColumnPlan | None) -> str | None:
        if literal.endswith("'"):
            kind, _, text = literal[:-1].partition("'")
            if "'" in text:
                text = text.replace("''", "'")
            if "\\" in text and (kind in ("e", "E") or not self.standard_strings):
                text = _BACKSLASHED.sub(_character, text)
            if kind in ("x", "X"):
                raise NotUnderstood("a literal in it is in hexadecimal")
            return text
        if literal.upper() == "NULL":
            return None
        if literal.upper() == "DEFAULT":
            raise NotUnderstood("DEFAULT stands for a column that is copied")
        if column is not None and column.kind == "boolean" and not column.is_array:
            return _WORDS.get(literal.lower(), literal)
        return literal

    def _literals(self, values: pl.Series) -> tuple[bytes, ...]:
        quoted = "'" + values.str.replace_all("'", "''", literal=True) + "'"
        if not self.standard_strings:
            quoted = quoted.str.replace_all("\\", "\\\\", literal=True)
        return tuple(b"NULL" if value is None else value.encode() for value in quoted.to_list())


def _character(found: re.Match[str]) -> str:
    """A character behind a backslash; those with digits pg_dump never writes."""
    character = found[1]
    if character.isalnum() and character not in _NAMED:
        raise NotUnderstood("a string in it has an escape that pg_dump does not write")
    return _NAMED.get(character, character)
