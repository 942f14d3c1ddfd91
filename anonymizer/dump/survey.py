"""What a dump says of itself, statement by statement: its schema, its settings, and whether all of it is understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO

from anonymizer.dump import inserts, statements
from anonymizer.dump.cursor import Cursor, NotUnderstood
from anonymizer.dump.ddl import Schema
from anonymizer.dump.errors import DumpRefused
from anonymizer.dump.reader import Piece, Reader, Statement
from anonymizer.dump.statements import Verdict
from anonymizer.encodings import CODECS
from anonymizer.identifiers import TableName

_ENCODINGS = ("UTF8", "SQL_ASCII")


@dataclass
class Facts:
    """What is known of a dump so far.

    Attributes:
        encoding: PostgreSQL's name of the source's encoding, None where nothing has said it.
    """

    schema: Schema = field(default_factory=Schema)
    encoding: str | None = None

    @property
    def codec(self) -> str:
        """Python's name of the source's encoding, as a clone would choose it."""
        return CODECS.get(self.encoding or "UTF8", "ascii")

    def take(self, statement: Statement, reader: Reader) -> Verdict:
        """Take in a statement that holds no rows.

        Raises:
            DumpRefused: it is not understood.
        """
        verdict = statements.judge(statement)
        if verdict.refusal:
            raise DumpRefused(statement.line, verdict.refusal)
        try:
            self.schema.learn(statement)
        except NotUnderstood as error:
            raise DumpRefused(statement.line, f"a statement is not understood: {error}") from None
        self._settings(statement, reader)
        return verdict

    def _settings(self, statement: Statement, reader: Reader) -> None:
        words = statement.words
        value = words[3].strip("'").upper() if len(words) > 3 else ""
        if words[:2] == ("SET", "STANDARD_CONFORMING_STRINGS"):
            reader.standard_strings = value in ("ON", "TRUE", "YES", "1")
        elif words[:2] == ("SET", "CLIENT_ENCODING") and value.replace("-", "") not in _ENCODINGS:
            raise DumpRefused(
                statement.line,
                "the dump is neither in UTF8 nor in SQL_ASCII",
                "Dump again with --encoding=UTF8, and name the database's own encoding with --encoding here.",
            )
        elif words[:2] == ("CREATE", "DATABASE") and "ENCODING" in words:
            self.encoding = words[words.index("ENCODING") + 2].strip("'").upper()


@dataclass(frozen=True)
class CopyHeader:
    """A COPY: its table and the columns of its rows, None where it does not name any."""

    table: TableName
    columns: tuple[str, ...] | None


def copy_header(statement: Statement) -> CopyHeader:
    """Take a COPY apart.

    Raises:
        DumpRefused: its rows are not text that follows.
    """
    cursor = Cursor(statement.tokens)
    try:
        cursor.expect("COPY")
        table = cursor.name()
        columns = cursor.names() if cursor.word == "(" else None
        cursor.expect("FROM", "STDIN")
        if not cursor.ended:
            raise NotUnderstood("its rows are in another format than text")
    except NotUnderstood as error:
        raise DumpRefused(statement.line, f"a COPY is not understood: {error}") from None
    return CopyHeader(table, columns)


def insert_header(statement: Statement) -> inserts.Header:
    """Take the beginning of an INSERT apart.

    Raises:
        DumpRefused: it is not what pg_dump writes.
    """
    try:
        return inserts.header(statement)
    except NotUnderstood as error:
        raise DumpRefused(statement.line, f"an INSERT is not understood: {error}") from None


def survey(stream: IO[bytes], facts: Facts) -> None:
    """Read a whole dump for what it says of itself; its rows are passed over.

    Raises:
        DumpRefused: it holds something that is not understood.
    """
    reader = Reader(stream)
    for item in reader:
        if isinstance(item, Piece):
            check_piece(item)
        elif item.begins("COPY"):
            copy_header(item)
            for _ in reader.copy_rows():
                pass
        elif item.begins("INSERT"):
            _pass_over(item, reader, facts)
        else:
            facts.take(item, reader)


def _pass_over(statement: Statement, reader: Reader, facts: Facts) -> None:
    head = insert_header(statement)
    pattern = inserts.row_pattern(width(head, facts, statement.line), standard_strings=reader.standard_strings)
    for _ in reader.insert_rows(pattern):
        pass


def width(head: inserts.Header, facts: Facts, line: int) -> int:
    """How many literals the rows of an INSERT have.

    Raises:
        DumpRefused: nothing tells.
    """
    if head.columns is not None:
        return len(head.columns)
    return max(1, len(order(head.table, facts, line)))


def order(table: TableName, facts: Facts, line: int) -> tuple[str, ...]:
    """The columns of a table in their order.

    Raises:
        DumpRefused: nothing makes the table.
    """
    if not facts.schema.knows(table):
        raise DumpRefused(
            line,
            f"rows of {table}, and nothing before them makes this table",
            "Give its schema: --schema FILE, made by `pg_dump --schema-only` of the same database.",
        )
    return facts.schema.order(table)


def check_piece(piece: Piece) -> None:
    r"""Refuse a backslash command that pg_dump does not write.

    Raises:
        DumpRefused: it is none of \connect, \restrict and \unrestrict.
    """
    if piece.text.startswith(b"\\") and piece.text.split()[0] not in (b"\\connect", b"\\restrict", b"\\unrestrict"):
        raise DumpRefused(piece.line, "a backslash command stands in the dump that pg_dump does not write")
