"""The filter: statements are passed, left out or refused; rows are masked as a clone masks them.

How it works:

1. The policy is laid over the schema before any row is written, and everything before the first row waits for that.
2. A dump that can be read twice is: the first time for its schema and for what is not understood, so that a refusal
   comes before anything is written. From a pipe it is read once, and what stands behind the rows (unique columns,
   foreign keys, whatever is not understood) can only be found there: the output is then incomplete and says so itself.
3. Rows of COPY and of INSERT go through the pipeline's own Transform: the same masks, the same key, the same output.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import polars as pl

from anonymizer import plan as planning
from anonymizer import sequences
from anonymizer.dump import canonical, statements, survey
from anonymizer.dump.charset import Charset
from anonymizer.dump.cursor import NotUnderstood
from anonymizer.dump.errors import DumpRefused, LookupOfADump, SubsetOfADump
from anonymizer.dump.inserts import Batch
from anonymizer.dump.lexer import Kind
from anonymizer.dump.output import Output
from anonymizer.dump.reader import BLOCK_BYTES, Item, Piece, Reader, Statement
from anonymizer.dump.said import Said
from anonymizer.dump.survey import Facts
from anonymizer.dump.whole import Whole
from anonymizer.endpoint import Endpoint
from anonymizer.errors import AnonymizerError
from anonymizer.identifiers import TableName
from anonymizer.keys import Key
from anonymizer.lookups import named
from anonymizer.pipeline import Transform, build
from anonymizer.plan import ColumnPlan, TablePlan
from anonymizer.policy import Policy
from anonymizer.workers import Context, Report

_TWICE = "Give the dump as a file (understudy anonymize < dump.sql), or its schema by --schema FILE."
_COMMENT = re.compile(
    rb"--(?: PostgreSQL database dump(?: complete)?| Dumped (?:from|by) .*| (?:Started|Completed) on .*| TOC entry .*"
    rb"| Dependencies: .*| (?:Data for |Statistics for )?Name: .*; Type: .*; Schema: .*| load via partition root .*"
    rb"| \*not\* .*)?"
)
"""The comments that pg_dump writes. They name objects; what anybody else wrote may quote a row."""


@dataclass(frozen=True)
class FilteredTable:
    """What came of one table's rows. `columns` are (name, mask)."""

    table: TableName
    rows: int
    dropped: bool
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Filtered:
    """A dump that was masked from its beginning to its end.

    Attributes:
        bytes: how many were read, the first look not counted.
        left_out: what of the dump is not in the output, besides rows that the policy drops.
        accepted: what of its schema looks personal, and the policy lets leave.
    """

    tables: tuple[FilteredTable, ...]
    bytes: int
    seconds: float
    left_out: tuple[str, ...]
    accepted: tuple[str, ...]

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(table.rows for table in self.tables)


def anonymize(
    source: IO[bytes],
    target: IO[bytes],
    policy: Policy,
    key: Key,
    *,
    schema: IO[bytes] | None = None,
    encoding: str | None = None,
    transaction: bool = True,
    report: Report = lambda *_: None,
) -> Filtered:
    """Mask a plain dump.

    Args:
        source: the dump, as bytes.
        target: where the masked dump goes.
        policy: what may leave.
        key: the secret of the masks.
        schema: a dump of the schema, for one of the data alone.
        encoding: PostgreSQL's name of the source database's encoding, where that is not the dump's.
        transaction: whether the masked dump is one transaction, so that a part of it loads to nothing.
        report: called with a table's name, and how many rows and bytes came since the last call.

    Raises:
        SubsetOfADump: the policy chooses rows.
        LookupOfADump: a mask needs rows of another table.
        PolicyIncomplete: the policy does not fit the dump.
        EmptyDump: there is nothing in the dump.
        DumpRefused: the dump holds something that is not understood, or is not whole.
        AnonymizerError: it failed. After any of these what was written, if anything was, fails to load.
    """
    if policy.subset:
        raise SubsetOfADump(
            detail="The policy has a [subset], and what refers to what is not known before a dump has been read.",
            hint="Use `understudy clone`, or a policy without it.",
        )
    for table, column, subject in named(policy):
        raise LookupOfADump(
            detail=f"The mask of {table}.{column} needs {subject}, and rows of a dump stand in its order, read once.",
            hint="Use `understudy clone`, or a mask that looks at nothing but its own row.",
        )
    facts = Facts(encoding=encoding)
    if schema is not None:
        try:
            survey.survey(schema, facts)
        except DumpRefused as error:
            error.detail = f"The file of the schema: {error.detail}"
            raise
    said = facts.said = Said(policy)
    looked = schema is not None
    if source.seekable():
        begin = source.tell()
        survey.survey(source, facts)
        source.seek(begin)
        looked, facts.said = True, None
    run = _Filter(Reader(source), Output(target, transaction=transaction), policy, key, facts, report, said)
    return run.run(laid=looked)


@dataclass
class _Table:
    """A table whose rows have been seen."""

    plan: TablePlan
    rows: int = 0
    transforms: dict[tuple[str, ...], Callable[[bytes], bytes]] = field(default_factory=dict)

    @property
    def dropped(self) -> bool:
        return self.plan.drops_rows


@dataclass
class _Filter:
    reader: Reader
    output: Output
    policy: Policy
    key: Key
    facts: Facts
    report: Report
    said: Said
    whole: Whole = field(default_factory=Whole)
    tables: dict[TableName, _Table] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    large_objects: set[str] = field(default_factory=set)
    comments: int = 0
    statistics: int = 0
    laid: int = -1
    plans: dict[TableName, TablePlan] = field(default_factory=dict)
    batch: Batch | None = None

    def run(self, *, laid: bool) -> Filtered:
        began = time.monotonic()
        try:
            if laid:
                self._fit()
            for item in self.reader:
                self._item(item)
            self._flush()
            self._fit()
            self.whole.finish(self.reader.line)
        except OSError:
            # whoever reads or writes is gone, or the disk is full: the transaction is never committed
            raise
        except (AnonymizerError, KeyboardInterrupt, SystemExit):
            self.output.spoil()
            raise
        except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001 - its text may hold a value
            self.output.spoil()
            raise AnonymizerError(detail=f"A {type(error).__name__} at {_where(error)}.") from None
        self.output.finish()
        return Filtered(
            tuple(self._summary(name) for name in sorted(self.tables)),
            self.reader.read,
            time.monotonic() - began,
            tuple(self._left_out()),
            tuple(self.said.accepted),
        )

    def _summary(self, name: TableName) -> FilteredTable:
        table = self.tables[name]
        columns = tuple((column.name, column.mask.name) for column in table.plan.columns)
        return FilteredTable(name, table.rows, table.dropped, columns)

    def _left_out(self) -> list[str]:
        found = list(dict.fromkeys(self.left_out))
        if self.large_objects:
            found.append(f"{len(self.large_objects)} large objects")
        if self.statistics:
            found.append("statistics, which hold values; run ANALYZE")
        if self.comments:
            found.append(f"{self.comments} comments that pg_dump did not write")
        foreign = [name for name, table in sorted(self.tables.items()) if table.plan.table.foreign]
        return found + [f"the rows of the foreign table {name}" for name in foreign]

    def _item(self, item: Item) -> None:
        if isinstance(item, Statement):
            self.whole.statement(item.line, rows=item.begins("COPY") or item.begins("INSERT"))
            if item.begins("INSERT"):
                self._insert(item)
                return
        if self.batch is not None and not (isinstance(item, Piece) and item.kind is Kind.BLANK):
            self._flush()
        if isinstance(item, Piece):
            self._piece(item)
        elif item.begins("COPY"):
            self._copy(item)
        else:
            self._statement(item)

    def _piece(self, piece: Piece) -> None:
        ended = self.whole.ended
        self.whole.piece(piece)
        if self.whole.ended and not ended:
            self.output.hold()
        elif ended and not self.whole.ended:
            self.output.resume()
        if piece.text.startswith(b"\\connect"):
            self.output.connect(piece.text)
        elif piece.kind is Kind.COMMENT and not _COMMENT.fullmatch(piece.text):
            self.comments += 1
        elif self.batch is not None:
            self.batch.parts.append(piece.text)
        else:
            self.output.write(piece.text)

    def _statement(self, statement: Statement) -> None:
        verdict = self.facts.take(statement, self.reader)
        if self.output.released:
            self._check_said()
        if verdict.passes:
            self.output.statement(self._ahead(statement) or statement.text)
            return
        if verdict.left_out:
            self.left_out.append(verdict.left_out)
        self.statistics += statement.begins("SELECT", "*")
        if number := statements.large_object(statement):
            self.large_objects.add(number)

    def _ahead(self, statement: Statement) -> bytes | None:
        """What sets a sequence ahead of masked numbers, as a clone does; None where nothing is to be changed."""
        state = statements.sequence_state(statement)
        if state is None:
            return None
        masked = sequences.masked_numbers([table.plan for table in self.tables.values()])
        columns = masked & self.facts.schema.feeds.get(state.name, set())
        if not columns:
            return None
        return self.facts.charset.from_utf8(sequences.statement(state, columns).encode()) + b";"

    def _fit(self) -> None:
        """Lay the policy over what is known, and say what looks personal in it.

        Raises:
            PolicyIncomplete: something speaks against it.
        """
        self._lay()
        self._check_said()

    def _check_said(self) -> None:
        if self.said.findings:
            raise planning.refusal(self.said.findings)

    def _lay(self) -> None:
        """Lay the policy over what is known of the schema, again whenever that has changed.

        Raises:
            PolicyIncomplete: they do not fit.
        """
        schema = self.facts.schema
        if self.laid == schema.learned:
            return
        tables = schema.tables()
        laid = planning.lay(self.policy, tables, schema.foreign_keys, partial=True)
        self.laid = schema.learned
        # a foreign table's rows are never copied, so no policy names it
        foreign = [TablePlan(table, (), drops_rows=True) for table in tables if table.foreign]
        self.plans = {plan.name: plan for plan in (*laid, *foreign)}
        for name, table in self.tables.items():
            if self.plans[name].columns != table.plan.columns:
                raise DumpRefused(self.reader.line, f"what stands behind the rows of {name} changes its masks", _TWICE)

    def _table(self, name: TableName, line: int) -> _Table:
        """What is to be done with the rows of a table; the output is let go of with the first."""
        survey.order(name, self.facts, line)
        self._fit()
        if name not in self.tables:
            self.tables[name] = _Table(self.plans[name])
        self.output.release()
        return self.tables[name]

    def _columns(self, table: _Table, names: tuple[str, ...], line: int) -> list[ColumnPlan]:
        """The plans of the columns of some rows, in their order."""
        plans = {column.name: column for column in table.plan.columns}
        if masked := [column for column in table.plan.columns if column.masked]:
            if set(names) != set(plans) or len(names) != len(plans):
                raise DumpRefused(
                    line, f"rows of {table.plan.name} without all columns, so {masked[0].mask} may lack one"
                )
        elif unknown := set(names) - set(plans):
            raise DumpRefused(line, f"rows of {table.plan.name} have {len(unknown)} columns that the table has not")
        return [plans[name] for name in names]

    def _transform(self, table: _Table, names: tuple[str, ...], line: int) -> Callable[[bytes], bytes] | None:
        """What masks rows of these columns; None where nothing is masked."""
        columns = self._columns(table, names, line)
        if not any(column.masked for column in columns):
            return None
        if names not in table.transforms:
            table.transforms[names] = canonical.before(Transform(columns, self._context()).block, columns)
        masked = table.transforms[names]
        return _through(self.facts.charset, masked) if self.facts.charset.codec else masked

    def _context(self) -> Context:
        nowhere = Endpoint("", "the dump")
        return Context(nowhere, nowhere, self.key, "", self.policy.locale, self.facts.codec)

    def _copy(self, statement: Statement) -> None:
        head = survey.copy_header(statement)
        table = self._table(head.table, statement.line)
        names = head.columns or tuple(column.name for column in table.plan.columns)
        transform = None if table.dropped else self._transform(table, names, statement.line)
        self.output.statement(statement.text + b"\n")
        self.output.in_rows = True
        line = self.reader.line + 1
        for block in self.reader.copy_rows(whole=transform is not None):
            rows = self.reader.line - line
            if not table.dropped:
                self.output.write(self._mask(transform, block, line) if transform else block)
                table.rows += rows
            line += rows
            self.report(str(head.table), rows, len(block))
        self.output.in_rows = False
        self.output.write(b"\\.\n")

    def _mask(self, transform: Callable[[bytes], bytes], block: bytes, line: int) -> bytes:
        try:
            return transform(block)
        except AnonymizerError as error:
            raise DumpRefused(
                line, f"in the block of rows from here {error.message}: {error.detail}", error.hint
            ) from None

    def _insert(self, statement: Statement) -> None:
        head = survey.insert_header(statement)
        table = self._table(head.table, statement.line)
        order = head.columns or survey.order(head.table, self.facts, statement.line)
        if self.batch is not None and self.batch.table != (head.table, order):
            self._flush()
        seen = () if table.dropped else self._seen(table, order, statement.line)
        pattern = survey.row_pattern(statement, head, self.facts, self.reader, seen=seen)
        if seen and not head.empty:
            self._insert_masked(table, order, seen, statement, pattern)
            return
        if not table.dropped:
            self._flush()
            self.output.statement(statement.text)
            table.rows += head.empty
        for rows in self.reader.insert_rows(pattern):
            if not table.dropped:
                self.output.write(rows.text)
                table.rows += len(rows.found)
            self.report(str(head.table), len(rows.found), len(rows.text))
        if not table.dropped:
            self.output.write(self.reader.tail)

    def _insert_masked(
        self,
        table: _Table,
        order: tuple[str, ...],
        seen: tuple[int, ...],
        statement: Statement,
        pattern: re.Pattern[bytes],
    ) -> None:
        if self.batch is None:
            self.batch = self._batch(table, order, seen, statement.line)
            # the first one of an output begins its transaction
            self.output.statement(b"")
        self.batch.parts.append(statement.text)
        for rows in self.reader.insert_rows(pattern):
            table.rows += len(rows.found)
            self.batch.add(rows)
            if self.batch.size >= BLOCK_BYTES:
                self._flush()
                self.batch = self._batch(table, order, seen, self.reader.line)
        self.batch.parts.append(self.reader.tail)

    def _seen(self, table: _Table, order: tuple[str, ...], line: int) -> tuple[int, ...]:
        """The positions of the columns that the masks of some rows change or look at."""
        plans = {column.name: column for column in table.plan.columns}
        columns = self._columns(table, tuple(name for name in order if name in plans), line)
        masked = [column for column in columns if column.masked]
        wanted = {column.name for column in masked}
        for column in masked:
            masker = build(column, self._context())
            wanted |= {*masker.needs, *masker.follows}
        return tuple(at for at, name in enumerate(order) if name in wanted)

    def _batch(self, table: _Table, order: tuple[str, ...], seen: tuple[int, ...], line: int) -> Batch:
        plans = {column.name: column for column in table.plan.columns}
        names = tuple(order[at] for at in seen)
        columns = [plans[name] for name in names]
        if names not in table.transforms:
            table.transforms[names] = canonical.before(Transform(columns, self._context()).block, columns)
        return Batch(
            (table.plan.name, order),
            columns,
            table.transforms[names],
            self.facts.charset,
            self.reader.standard_strings,
            line,
        )

    def _flush(self) -> None:
        """Mask and write the rows of INSERT that wait."""
        batch, self.batch = self.batch, None
        if batch is None:
            return
        try:
            self.output.write(batch.masked())
        except NotUnderstood as error:
            raise DumpRefused(batch.line, f"in the INSERTs from here {error}") from None
        except AnonymizerError as error:
            raise DumpRefused(
                batch.line, f"in the INSERTs from here {error.message}: {error.detail}", error.hint
            ) from None
        self.report(str(batch.table[0]), len(batch.rows), batch.size)


def _through(charset: Charset, transform: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """A transform of UTF-8, for blocks in another encoding."""
    return lambda block: charset.from_utf8(transform(charset.to_utf8(block)))


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "an unknown place"
