"""What a dump says of itself, statement by statement: its schema, its settings, and whether all of it is understood."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import IO

from anonymizer.dump import charset, inserts, statements
from anonymizer.dump.charset import Charset
from anonymizer.dump.cursor import Cursor, NotUnderstood
from anonymizer.dump.ddl import Schema
from anonymizer.dump.errors import DumpRefused
from anonymizer.dump.reader import Piece, Reader, Statement
from anonymizer.dump.said import Said
from anonymizer.dump.statements import Verdict
from anonymizer.dump.whole import Whole
from anonymizer.encodings import CODECS
from anonymizer.identifiers import TableName


@dataclass
class Facts:
    """What is known of a dump so far.

    Attributes:
        encoding: PostgreSQL's name of the source's encoding, None where nothing has said it; then the dump is in it.
        charset: the encoding of the dump itself.
        said: what looks at the texts of the schema, None where they were looked at before.
    """

    schema: Schema = field(default_factory=Schema)
    encoding: str | None = None
    charset: Charset = field(default_factory=Charset)
    said: Said | None = None

    @property
    def codec(self) -> str:
        """Python's name of the source's encoding, as a clone would choose it."""
        return CODECS.get(self.encoding or self.charset.name, "ascii")

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
        if verdict.passes and self.said is not None:
            self.said.look(statement)
        return verdict

    def _settings(self, statement: Statement, reader: Reader) -> None:
        words = statement.words
        value = words[3].strip("'").upper() if len(words) > 3 else ""
        if words[:2] == ("SET", "STANDARD_CONFORMING_STRINGS"):
            reader.standard_strings = value in ("ON", "TRUE", "YES", "1")
        elif words[:2] == ("SET", "CLIENT_ENCODING"):
            found = charset.find(value)
            if found is None:
                hint = "Dump again with --encoding=UTF8, and name the database's own encoding with --encoding here."
                raise DumpRefused(statement.line, charset.why_not(value), hint)
            reader.charset = self.charset = found
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
        DumpRefused: it holds something that is not understood, or is not whole.
        EmptyDump: it holds nothing.
    """
    reader, whole = Reader(stream), Whole()
    for item in reader:
        if isinstance(item, Piece):
            whole.piece(item)
            continue
        rows = item.begins("COPY") or item.begins("INSERT")
        whole.statement(item.line, rows=rows)
        if item.begins("COPY"):
            copy_header(item)
            for _ in reader.copy_rows(whole=False):
                pass
        elif rows:
            _pass_over(item, reader, facts)
        else:
            facts.take(item, reader)
    whole.finish(reader.line)


def _pass_over(statement: Statement, reader: Reader, facts: Facts) -> None:
    head = insert_header(statement)
    for _ in reader.insert_rows(row_pattern(statement, head, facts, reader, run=True)):
        pass


def row_pattern(
    statement: Statement,
    head: inserts.Header,
    facts: Facts,
    reader: Reader,
    *,
    seen: tuple[int, ...] = (),
    run: bool = False,
) -> re.Pattern[bytes]:
    """What matches the rows of an INSERT, by what is known of its table; `seen` and `run` are those of `inserts`.

    Raises:
        DumpRefused: nothing makes the table.
    """
    columns = head.columns or order(head.table, facts, statement.line)
    if head.columns is None and facts.schema.orders_differ(head.table):
        # pg_dump --load-via-partition-root --inserts writes a partition's rows in the partition's order, to its root
        raise DumpRefused(
            statement.line,
            f"rows of {head.table} without the names of their columns, which its partitions have in another order",
            "Dump again with --column-inserts, or without --inserts.",
        )
    generated = facts.schema.generated(head.table) if facts.schema.knows(head.table) else frozenset()
    return inserts.row_pattern(
        tuple(name in generated for name in columns),
        standard_strings=reader.standard_strings,
        head=b"" if head.empty else statement.text,
        seen=seen,
        run=run,
    )


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
