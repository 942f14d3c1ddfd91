"""Does any original value survive? Asked of the finished clone, with nothing to go by but the source and the policy.

1. What the source has in masked columns is remembered as hashes, in a private folder: never a value, nor its length.
   A clone does so while it masks them, so that no row is read twice.
2. The clone is read once. Each masked column is compared with its own originals, and every column in which text may
   stand is searched for everybody's: see `telling` for what is searched for and `check` for what is excused.
3. What the policy promises of the distribution is asked of both sides: see `promised`, and `rowwise` for the rows.
4. The clone's rows are counted, its references followed, its unique keys counted, its sequences looked at.
5. How well people hide in the sets of columns that the policy calls quasi-identifiers is measured.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from anonymizer import catalog, servererrors
from anonymizer import plan as planning
from anonymizer.encodings import CODECS
from anonymizer.endpoint import Endpoint
from anonymizer.identifiers import TableName
from anonymizer.keys import Key
from anonymizer.plan import TablePlan
from anonymizer.policy import Policy
from anonymizer.schema import Programs
from anonymizer.subset.choice import Source, Subset, choose
from anonymizer.verify import conclusion, disclosure, promised, rowwise
from anonymizer.verify.check import CheckPiece, Piece, readable
from anonymizer.verify.digest import Gather, SortColumn
from anonymizer.verify.integrity import Held, looking
from anonymizer.verify.model import ColumnCheck, Disclosure, Elsewhere, TableCheck, Verification
from anonymizer.verify.record import Memory, Recording, RecordTable
from anonymizer.verify.scan import Search
from anonymizer.workers import Context, Job, Pool, Report

_NO_KEY = Key(bytes(32))
"""Verification masks nothing: it asks masks what they cover and what they could have made, which no key changes."""

_PIECE_PAGES = 16_384
_TID_RANGE_VERSION = 140000


@dataclass(frozen=True)
class Question:
    """What is asked of a clone.

    Attributes:
        plans: every table of the source, and what the policy makes of it.
        policy: the policy.
        snapshot: of the source; empty for this moment.
        canaries: values that were planted in the source and must not be found.
        subset: which rows the clone is to have.
        memory: where the originals have been remembered while they were masked; None to read the source for them.
        loaded: how many rows of each masked table were read then.
        thorough: whether the source is asked for more than a sum: for columns that are kept, for groups, and for rows,
            which are laid beside those made of them, and the clone for each column's crowds. A clone's own check does
            so of small tables only, and lays no rows beside each other, as none is to be read twice.
        key: the clone's, if it is at hand and what masks make is to be made anew.
    """

    plans: Sequence[TablePlan]
    policy: Policy
    snapshot: str = ""
    canaries: tuple[str, ...] = ()
    subset: Subset = field(default_factory=Subset)
    memory: Memory | None = None
    loaded: Mapping[TableName, int] = field(default_factory=dict)
    thorough: bool = False
    key: Key | None = None


def verify(
    source: Endpoint,
    clone: Endpoint,
    policy: Policy,
    programs: Programs,
    *,
    key: Key | None = None,
    jobs: int = 0,
    canaries: tuple[str, ...] = (),
    report: Report = lambda *_: None,
    pool: Pool | None = None,
) -> Verification:
    """Check a finished clone against its source as it is now.

    Args:
        source: the database that was cloned; read in one snapshot.
        clone: what was made of it.
        policy: the rules it was made by.
        programs: PostgreSQL's client programs.
        key: the clone's, where the policy has a subset that draws rows. If it is given, what the masks of texts make
            is made anew and compared, row by row; nothing else depends on it.
        jobs: how many worker processes; 0 for one for each processor.
        canaries: values that were planted in the source: none of them may stand anywhere in the clone.
        report: called as rows are read.
        pool: workers that are at hand, started for the same two ends.

    Raises:
        PolicyIncomplete: the policy does not fit the source.
        AnonymizerError: one of the two cannot be read.
    """
    try:
        with source.connect(autocommit=False) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            row = connection.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
            assert row is not None  # noqa: S101 - a SELECT without FROM has a row
            tables = catalog.tables(connection)
            plans = planning.lay(policy, tables, catalog.foreign_keys(connection))
            held = Source(connection, source, str(programs.psql), str(row[0]))
            subset = choose(held, policy, key or _NO_KEY, tables, plans)
            question = Question(plans, policy, str(row[0]), canaries, subset, thorough=True, key=key)
            codec = CODECS.get(catalog.database(connection).encoding, "ascii")
            context = Context(source, clone, _NO_KEY, str(programs.psql), policy.locale, codec)
            with contextlib.nullcontext(pool) if pool else Pool(context, jobs or os.cpu_count() or 1) as workers:
                return ask(question, workers, context, report)
    except psycopg.Error as error:
        raise servererrors.from_server(error, f"Reading the catalog of {source.label}") from None


def ask(question: Question, pool: Pool, context: Context, report: Report) -> Verification:
    """Check a clone, with workers at hand.

    Raises:
        AnonymizerError: one of the two cannot be read.
    """
    with contextlib.nullcontext(question.memory) if question.memory else memory_for(question.plans) as memory:
        expected = _recorded(question, memory, pool, context, report)
        pool.run([SortColumn(memory, number) for number in range(len(memory.owners))], report)
        (lengths,) = pool.run([Gather(memory, question.canaries)], report)
        with looking(context.target) as clone:
            jobs = _pieces(question, memory, tuple(lengths), clone)
            beside = _beside(question, expected, context)
            most = None if question.thorough else promised.LITTLE_ROWS
            alone = disclosure.alone(question.plans, question.policy.quasi_identifiers, expected, most)
            # the server is asked while the workers read: neither waits for the other
            held, *results = pool.run([Held(), *jobs, *beside, *alone], report)
            found: list[Piece] = results[: len(jobs)]
            counted = {piece.table for piece in found}
            for plan in question.plans:
                if plan.name not in counted:
                    found.append(Piece(plan.name, conclusion.count(clone, plan.name)))
        search = Search(memory, tuple(lengths), len(question.canaries))
        with looking(context.target) as clone:
            drawn = conclusion.draw(question.plans, question.policy, memory, expected, found, search, held, clone)
        compared, measured = results[len(jobs) : len(jobs) + len(beside)], results[len(jobs) + len(beside) :]
        return conclusion.with_others(drawn, compared, [crowd for some in measured for crowd in some])


@contextlib.contextmanager
def memory_for(plans: Sequence[TablePlan]) -> Iterator[Memory]:
    """A folder that only we can open, and that goes with us."""
    owners = tuple((plan.name, column.name) for plan in plans if not plan.drops_rows for column in plan.masked)
    with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
        yield Memory(Path(folder), secrets.token_bytes(16), owners)


def _recorded(question: Question, memory: Memory, pool: Pool, context: Context, report: Report) -> dict[TableName, int]:
    """Remember the originals, the largest table first; the rows that each table of the clone must have."""
    expected, jobs = {}, []
    rest = []
    for number, plan in enumerate(sorted(question.plans, key=lambda plan: -plan.table.bytes)):
        parts = question.subset.of(plan.name)
        if plan.drops_rows:
            expected[plan.name] = 0
        elif plan.masked and question.memory:
            expected[plan.name] = question.loaded[plan.name]
        elif plan.masked:
            jobs.append(RecordTable(plan, memory, str(number), question.snapshot, parts))
        elif parts is not None:
            expected[plan.name] = sum(part.count for part in parts)
        else:
            rest.append(plan.name)
    for table, rows, _ in pool.run(jobs, report):
        expected[table] = rows
    try:
        with context.source.connect(autocommit=False) as source:
            source.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if question.snapshot:
                source.execute(f"SET TRANSACTION SNAPSHOT '{question.snapshot}'".encode())
            expected |= {name: conclusion.count(source, name) for name in rest}
    except psycopg.Error as error:
        raise servererrors.from_server(error, f"Counting the rows of {context.source.label}") from None
    return expected


def _beside(question: Question, expected: Mapping[TableName, int], context: Context) -> list[Job]:
    """The jobs of laying both sides beside each other, the largest table first."""
    with looking(context.source) as source:
        keys = promised.keys(source, question.plans)
    seed = secrets.randbits(62)
    jobs: list[Job] = []
    for plan in sorted(question.plans, key=lambda plan: -plan.table.bytes):
        if plan.drops_rows:
            continue
        key, parts, rows = keys.get(plan.name, ()), question.subset.of(plan.name), expected[plan.name]
        thorough = question.thorough or rows <= promised.LITTLE_ROWS
        jobs.append(promised.Promised(plan, key, seed, question.snapshot, parts, rows, thorough))
        if question.thorough and key and plan.masked:
            jobs.append(rowwise.RowsOfTable(plan, key, seed, question.snapshot, parts, rows, question.key))
    return jobs


def _pieces(question: Question, memory: Memory, lengths: tuple[int, ...], clone: catalog.Connection) -> list[Job]:
    """The jobs of reading the clone, the largest first."""
    jobs: list[tuple[int, CheckPiece]] = []
    canaries = len(question.canaries)
    for plan in question.plans:
        if not readable(plan):
            continue
        pages = conclusion.pages(clone, plan.name)
        if pages <= _PIECE_PAGES * 3 // 2 or clone.info.server_version < _TID_RANGE_VERSION:
            jobs.append((pages, CheckPiece(plan, memory, lengths, canaries)))
            continue
        starts = range(0, pages, _PIECE_PAGES)
        for start in starts:
            end = start + _PIECE_PAGES if start != starts[-1] else None
            size = min(_PIECE_PAGES, pages - start)
            jobs.append((size, CheckPiece(plan, memory, lengths, canaries, start, end)))
    return [job for _, job in sorted(jobs, key=lambda item: -item[0])]


__all__ = [
    "ColumnCheck",
    "Disclosure",
    "Elsewhere",
    "Question",
    "Recording",
    "TableCheck",
    "Verification",
    "ask",
    "memory_for",
    "verify",
]
