"""The stream of one chunk: COPY out -> mask -> COPY in, in memory that is bounded whatever the table.

A psql child reads the source and its pipe feeds us: psycopg would cost one message per row. Blocks of whole rows are
masked one after another and handed to the target; while we mask one, the child reads the next. A table without masked
columns goes through untouched, in PostgreSQL's binary form where its types mean the same in every database.

A chunk is a value: the snapshot, the table, a range of its pages, what to do. Any process that reaches both ends can
run it, in any order, on any machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import IO, Protocol

import polars as pl
import psycopg

from anonymizer import arrays, copytext, maskers, servererrors
from anonymizer.endpoint import Endpoint
from anonymizer.identifiers import TableName, quote
from anonymizer.lookups import Lookup, joined
from anonymizer.lookups import columns as looked_up
from anonymizer.maskers import Masker, Row
from anonymizer.plan import ColumnPlan
from anonymizer.subset.part import Part
from anonymizer.workers import Context, Report

BLOCK_BYTES = 2 * 2**20
"""How much is read, masked and written at once: enough for Polars to be quick, little enough for memory."""

SMALL_BYTES = 2**18
"""A table of no more than this, TOAST included, is read at once by a session of ours."""

_LONG_BYTES = 2**16
"""A statement longer than this is handed to psql by a file: an argument holds 128 KiB."""

_PIPE_BYTES = 2**20
"""A pipe's size; Linux's own default of 64 KiB has the child wait for us at every turn."""


class Recorder(Protocol):
    """Sees the originals of masked columns, for verification."""

    def see(self, column: str, masker: Masker, values: pl.Series) -> None:
        """Take in some of a column, as PostgreSQL holds them, and the mask that tells their parts."""

    def close(self) -> None:
        """Write what was remembered."""


class Recording(Protocol):
    """Makes the recorder of a chunk, in whatever process the chunk runs."""

    def open(self, table: TableName) -> Recorder:
        """A recorder of the chunk's own."""


@dataclass(frozen=True)
class Chunk:
    """A range of a table's pages in one snapshot.

    Attributes:
        snapshot: as pg_export_snapshot names it; empty for a read of its own.
        columns: all columns to be copied, in the table's order.
        first_page: where the range begins; None for the whole table.
        end_page: the first page behind the range; None for up to the end.
        binary: whether every type's binary form means the same on both ends.
        alone: whether no other chunk writes this table, so that the rows may be written frozen and without WAL.
        small: whether the table is so small that it is read at once.
        part: the rows to copy, where not all of them are.
        recording: where to remember the originals of masked columns; None for nowhere.
        lookups: what its masks need of other tables; the source joins it to the rows.
    """

    snapshot: str
    table: TableName
    columns: tuple[ColumnPlan, ...]
    first_page: int | None = None
    end_page: int | None = None
    binary: bool = False
    alone: bool = True
    small: bool = False
    part: Part | None = None
    recording: Recording | None = None
    lookups: tuple[Lookup, ...] = ()

    def run(self, context: Context, report: Report) -> ChunkResult:
        """Copy the chunk.

        Raises:
            AnonymizerError: reading, masking or writing failed; no value is in it.
        """
        began = time.monotonic()
        masked = any(column.masked for column in self.columns)
        raw = self.binary and not masked
        copied, rows = 0, 0
        with (
            reading(context.source, context.psql, self.snapshot, self.select(), binary=raw, small=self.small) as pipe,
            self._writing(context.target, binary=raw) as sink,
        ):
            recorder = self.recording.open(self.table) if self.recording and masked else None
            transform = Transform(self.columns, context, recorder, self.lookups) if masked else None
            for block in blocks(pipe, whole_rows=masked):
                sink.write(transform.block(block) if transform else block)
                copied += len(block)
                count = 0 if raw else copytext.rows(block)
                rows += count
                report(str(self.table), count, len(block))
            if recorder:
                recorder.close()
        if raw:
            rows = sink.rows
            report(str(self.table), rows, 0)
        return ChunkResult(self.table, rows, copied, time.monotonic() - began)

    def select(self, columns: Sequence[ColumnPlan] | None = None) -> str:
        """What COPY reads: the table itself, or the rows of the range."""
        chosen = self.columns if columns is None else columns
        if self.part is not None:
            return self.part.select(self.table, [column.name for column in chosen], self.lookups)
        if not self.lookups and self.first_page is None:
            names = ", ".join(quote(column.name) for column in chosen)
            return f"{self.table.sql} ({names})" if names else self.table.sql
        selected, source = joined(f"ONLY {self.table.sql}", [column.name for column in chosen], self.lookups)
        pages = f" WHERE c.ctid >= '({self.first_page},0)'::tid" if self.first_page is not None else ""
        pages += f" AND c.ctid < '({self.end_page},0)'::tid" if self.end_page is not None else ""
        return f"(SELECT {selected} FROM {source}{pages})"

    @contextlib.contextmanager
    def _writing(self, target: Endpoint, *, binary: bool) -> Iterator[_Sink]:
        names = ", ".join(quote(column.name) for column in self.columns)
        columns = f" ({names})" if names else ""
        options = ["FORMAT binary"] if binary else []
        try:
            with target.connect(autocommit=False) as connection, connection.cursor() as cursor:
                if self.alone:
                    # In the transaction that empties a table COPY may write its rows frozen, and needs no WAL.
                    cursor.execute(f"TRUNCATE ONLY {self.table.sql}".encode())
                    options.append("FREEZE")
                suffix = f" WITH ({', '.join(options)})" if options else ""
                with cursor.copy(f"COPY {self.table.sql}{columns} FROM STDIN{suffix}".encode()) as copy:
                    sink = _Sink(copy)
                    yield sink
                sink.rows = cursor.rowcount
        except psycopg.Error as error:
            raise servererrors.from_server(error, f"Loading {self.table}") from None


@dataclass(frozen=True)
class ChunkResult:
    """What came of a chunk. `bytes` are those read from the source, in COPY's text or binary form."""

    table: TableName
    rows: int
    bytes: int
    seconds: float


class _Sink:
    """Where rows go; afterwards, how many the server says it took."""

    def __init__(self, copy: psycopg.Copy) -> None:
        self._copy = copy
        self.rows = 0

    def write(self, block: bytes) -> None:
        self._copy.write(block)


@contextlib.contextmanager
def reading(
    end: Endpoint, psql: str, snapshot: str, select: str, *, binary: bool = False, small: bool = False
) -> Iterator[IO[bytes]]:
    """A pipe from which COPY's rows come, in the snapshot; without one, of this moment.

    Args:
        end: where to read.
        psql: the program whose pipe it is.
        snapshot: as pg_export_snapshot names it, or empty.
        select: what COPY reads.
        binary: in COPY's binary form.
        small: whether it is so little that a session of our own is quicker than starting the program.

    Raises:
        ServerFailed: the server or psql reported an error; its detail holds no value of a row.
    """
    reader = _reading_here(end, snapshot, select, binary) if small else _reading_by(psql, end, snapshot, select, binary)
    with reader as pipe:
        yield pipe


@contextlib.contextmanager
def _reading_here(end: Endpoint, snapshot: str, select: str, binary: bool) -> Iterator[IO[bytes]]:
    try:
        with end.connect(autocommit=False) as connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if snapshot:
                cursor.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'".encode())
            options = " WITH (FORMAT binary)" if binary else ""
            with cursor.copy(f"COPY {select} TO STDOUT{options}".encode()) as copy:
                data = b"".join(map(bytes, copy))
    except psycopg.Error as error:
        raise servererrors.from_server(error, f"Reading from {end.label}") from None
    yield io.BytesIO(data)


@contextlib.contextmanager
def _reading_by(psql: str, end: Endpoint, snapshot: str, select: str, binary: bool) -> Iterator[IO[bytes]]:
    conninfo, environment = end.program()
    commands = ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"]
    if snapshot:
        commands.append(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
    commands.append(f"COPY {select} TO STDOUT" + (" WITH (FORMAT binary)" if binary else ""))
    long = commands.pop() if len(select) > _LONG_BYTES else ""
    arguments = [part for command in commands for part in ("--command", command)]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as statement:
        if long:
            statement.write(f"{long};\n".encode())
            statement.seek(0)
            arguments.append("--file=-")
        child = subprocess.Popen(
            [psql, "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", *arguments, conninfo],
            stdin=statement,
            stdout=subprocess.PIPE,
            stderr=said,
            env=environment,
        )
        assert child.stdout  # noqa: S101 - asked for above
        _widen(child.stdout)
        try:
            yield child.stdout
        except BaseException:
            child.kill()
            raise
        finally:
            child.stdout.close()
            status = child.wait()
        if status != 0:
            said.seek(0)
            text = said.read().decode(errors="replace")
            raise servererrors.from_program(text, f"Reading from {end.label}")


def _widen(pipe: IO[bytes]) -> None:
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def blocks(pipe: IO[bytes], *, whole_rows: bool, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """What a pipe brings, in blocks of about `size` bytes; cut only behind a row where that matters."""
    rest: list[bytes] = []
    while block := pipe.read(size):
        if not whole_rows:
            yield block
            continue
        end = block.rfind(b"\n") + 1
        if not end:
            rest.append(block)  # one row longer than a block
            continue
        yield b"".join((*rest, block[:end]))
        rest = [block[end:]]
    if rest and (left := b"".join(rest)):
        yield left


class Transform:
    """What happens to each block of a table: its masked columns are masked, the others stay as they are."""

    def __init__(
        self,
        columns: Sequence[ColumnPlan],
        context: Context,
        recorder: Recorder | None = None,
        lookups: Sequence[Lookup] = (),
    ) -> None:
        """Makes the masks ready. One that follows other columns comes after them.

        Columns of lookups stand behind the table's own in the rows that come, and not in those that go.
        """
        self._recorder = recorder
        self._own = [f"c{position}" for position in range(len(columns))]
        columns = [*columns, *looked_up(lookups)]
        self._recorded = frozenset(self._own)
        self._columns = {f"c{position}": column.name for position, column in enumerate(columns)}
        self._names = {column.name: f"c{position}" for position, column in enumerate(columns)}
        ready = {self._names[column.name]: build(column, context) for column in columns if column.masked}
        follows = {name: {self._names[column] for column in masker.follows} for name, masker in ready.items()}
        self._maskers = {name: ready[name] for name in TopologicalSorter(follows).static_order() if name in ready}
        self._followed = set().union(*follows.values())

    def block(self, block: bytes) -> bytes:
        """A block of whole rows, masked."""
        frame = copytext.parse(block, list(self._names.values()))
        out: list[pl.Series] = []
        followed: dict[str, pl.Series] = {}
        for name, masker in self._maskers.items():
            originals = copytext.unescape(frame.get_column(name))
            if self._recorder and name in self._recorded:
                self._recorder.see(self._columns[name], masker, originals)
            masked = maskers.apply(masker, originals, self._row(frame, masker, followed))
            if name in self._followed:
                followed[name] = masked
            out.append(copytext.escape(masked).alias(name))
        whole = frame.with_columns(out)
        return copytext.serialize(whole.select(self._own) if len(self._own) < whole.width else whole)

    def _row(self, frame: pl.DataFrame, masker: Masker, followed: dict[str, pl.Series]) -> Row | None:
        """The other columns that a mask looks at; a column that is kept is followed as it is."""
        if not masker.needs and not masker.follows:
            return None

        def original(column: str) -> pl.Series:
            return copytext.unescape(frame.get_column(self._names[column]))

        masked = {
            column: followed[self._names[column]] if self._names[column] in followed else original(column)
            for column in masker.follows
        }
        return Row({column: original(column) for column in masker.needs}, masked)


def build(column: ColumnPlan, context: Context) -> Masker:
    """The mask of a column, made ready; of an array's elements, if it is one.

    A mask that is kept has no masker, so only masked columns may come here.
    """
    masker = maskers.build(column.mask, column.setting(context.key, context.locale, context.codec))
    assert masker is not None  # noqa: S101 - see above
    return arrays.Elements(masker, column.delimiter) if column.is_array and column.mask.name != "null" else masker
