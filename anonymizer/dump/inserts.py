"""INSERT rows to COPY rows and back, so that one and the same code masks both.

pg_dump writes a row of INSERT as literals only: numbers and NULL bare, true and false, B'..' for bits, and everything
else as the text that COPY would write, in quotes.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from anonymizer import copytext
from anonymizer.dump import lexer
from anonymizer.dump.charset import Charset
from anonymizer.dump.cursor import Cursor, NotUnderstood
from anonymizer.dump.reader import Rows, Statement
from anonymizer.identifiers import TableName
from anonymizer.plan import ColumnPlan

_BARE = rb"[^\s'\"(),;\\$:]++"
_BACKSLASHED = re.compile(r"\\(.)", re.DOTALL)
_NAMED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {b"TRUE": "t", b"FALSE": "f"}
_QUOTE = ord("'")


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


@functools.lru_cache(maxsize=256)
def row_pattern(
    generated: tuple[bool, ...],
    *,
    standard_strings: bool,
    head: bytes = b"",
    seen: tuple[int, ...] = (),
    run: bool = False,
) -> re.Pattern[bytes]:
    """What matches one row of literals, with what stands before it: a comma, or the INSERT once more.

    Args:
        generated: of each column, whether it is generated, and the literal DEFAULT.
        standard_strings: whether a backslash in '...' is a backslash.
        head: of the INSERT, up to its rows: most dumps have one for each row.
        seen: the positions of the literals that are groups of their own; what stands around them are the other groups.
        run: whether to match as many rows as there are.
    """
    plain = lexer.PLAIN if standard_strings else lexer.ESCAPED
    quoted, escaped = rb"'" + plain, rb"[eE]'" + lexer.ESCAPED
    literal = b"|".join((quoted, rb"(?!DEFAULT\b)" + _BARE, escaped, rb"[bBxX]'[0-9a-fA-F]*'"))
    again = rb"(?: ON CONFLICT DO NOTHING)?;[ \t\n]*" + re.escape(head) + rb"[ \t\n]+"
    row = rb"(?:,?[ \t\n]*" + (rb"|" + again if head else b"") + rb")\("
    for at, by_itself in enumerate(generated or (False,)):
        row += rb",[ \t\n]*" * (at > 0)
        one = b"DEFAULT" if by_itself else literal
        row += b")(" + one + b")(" if at in seen else b"(?:" + one + b")"
    row += rb"\)"
    return re.compile(rb"(?:" + row + rb")++" if run else b"(" + row + b")" if seen else row, re.DOTALL)


@dataclass
class Batch:
    """Rows of one table that wait to be masked together, with all that stands around them.

    Attributes:
        table: the table and the columns of its rows, to know what may join the batch.
        columns: those that masks change or look at.
        transform: what masks a block of COPY rows of these columns, in UTF-8.
        charset: the encoding of the dump.
        line: of the dump, where the batch begins.
        parts: the output so far; a number where so many rows go.
    """

    table: tuple[TableName, tuple[str, ...]]
    columns: Sequence[ColumnPlan]
    transform: Callable[[bytes], bytes]
    charset: Charset
    standard_strings: bool
    line: int
    size: int = 0
    parts: list[bytes | int] = field(default_factory=list)
    rows: list[tuple[bytes, ...]] = field(default_factory=list)

    def add(self, rows: Rows) -> None:
        """Add rows as a `row_pattern` takes them apart."""
        self.parts.append(len(rows.found))
        self.rows += rows.found
        self.size += len(rows.text)

    def masked(self) -> bytes:
        """Everything, masked; a literal of a column that is kept is as it was.

        Raises:
            NotUnderstood: a literal is none that pg_dump writes for its column.
            AnonymizerError: a mask cannot read a value.
        """
        rows = self._rows()
        return b"".join(
            part if isinstance(part, bytes) else b"".join(itertools.chain.from_iterable(itertools.islice(rows, part)))
            for part in self.parts
        )

    def _rows(self) -> Iterator[tuple[bytes, ...]]:
        """The rows, as the pattern took them apart."""
        if not self.rows:
            return iter(())
        pieces = list(zip(*self.rows, strict=True))
        names = [f"c{at}" for at in range(len(self.columns))]
        literals = pieces[1::2]
        fields = [
            copytext.escape(self._values(column, plan)).alias(name)
            for column, plan, name in zip(literals, self.columns, names, strict=True)
        ]
        frame = copytext.parse(self.transform(copytext.serialize(pl.DataFrame(fields))), names)
        for at, plan in enumerate(self.columns):
            if plan.masked:
                pieces[2 * at + 1] = self._literals(copytext.unescape(frame.get_column(f"c{at}")))
        return zip(*pieces, strict=True)

    def _values(self, literals: Sequence[bytes], column: ColumnPlan) -> pl.Series:
        named = _WORDS if column.kind == "boolean" and not column.is_array else {}
        if self.charset.codec:
            literals = tuple(map(self.charset.to_utf8, literals))
        try:
            values = [
                literal[1:-1].decode() if literal[0] == _QUOTE else self._value(literal, named) for literal in literals
            ]
        except UnicodeDecodeError:
            raise copytext.not_text() from None
        if not self.standard_strings:
            values = [text if text is None else _plain(text) for text in values]
        return pl.Series(values, dtype=pl.String).str.replace_all("''", "'", literal=True)

    def _value(self, literal: bytes, named: Mapping[bytes, str]) -> str | None:
        """A literal that does not begin with a quote; one that is in quotes all the same keeps those doubled."""
        upper = literal.upper()
        if upper == b"NULL":
            return None
        if not literal.endswith(b"'"):
            return named.get(upper) or literal.decode()
        if upper[:1] == b"X":
            raise NotUnderstood("a literal in it is in hexadecimal")
        text = literal[2:-1].decode()
        if upper[:1] == b"E" and self.standard_strings:
            text = _plain(text)
        return text

    def _literals(self, values: pl.Series) -> tuple[bytes, ...]:
        quoted = pl.select(pl.format("'{}'", values.str.replace_all("'", "''", literal=True))).to_series()
        if not self.standard_strings:
            quoted = quoted.str.replace_all("\\", "\\\\", literal=True)
        encoded = [b"NULL" if value is None else value.encode() for value in quoted.to_list()]
        return tuple(map(self.charset.from_utf8, encoded) if self.charset.codec else encoded)


def _plain(text: str) -> str:
    """A text without its escapes; quotes that are doubled stay so."""
    return _BACKSLASHED.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    """A character behind a backslash; those with digits pg_dump never writes."""
    character = found[1]
    if character.isalnum() and character not in _NAMED:
        raise NotUnderstood("a string in it has an escape that pg_dump does not write")
    # a quote is doubled, as every other one is: they are halved all at once
    return _NAMED.get(character, "''" if character == "'" else character)
