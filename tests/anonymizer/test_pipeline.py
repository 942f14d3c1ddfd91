"""The stream of one chunk: blocks of whole rows, masks, and the two ends."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer import catalog, endpoint, pipeline
from anonymizer.identifiers import TableName
from anonymizer.keys import Key
from anonymizer.maskers import Mask
from anonymizer.pipeline import Chunk, Transform, blocks, reading
from anonymizer.plan import ColumnPlan
from anonymizer.servererrors import ServerFailed
from anonymizer.workers import Context

TABLE = TableName("public", 'T "1"')
KEEP, TEXT = ColumnPlan("a", Mask("keep")), ColumnPlan('b "', Mask("text"))
END = endpoint.source("postgresql://u@h/d", "an end")
CONTEXT = Context(END, END, Key(bytes(32)), "psql", "en_US", "utf-8")


@given(st.lists(st.binary(max_size=9).map(lambda row: row.replace(b"\n", b"") + b"\n")), st.integers(1, 12))
def test_blocks_are_whole_rows_and_lose_nothing(rows: list[bytes], size: int) -> None:
    """Whatever the size, also where one row is longer than a block."""
    found = list(blocks(io.BytesIO(b"".join(rows)), whole_rows=True, size=size))
    assert b"".join(found) == b"".join(rows)
    assert all(block.endswith(b"\n") for block in found)
    assert b"".join(blocks(io.BytesIO(b"".join(rows)), whole_rows=False, size=size)) == b"".join(rows)


@given(st.lists(st.tuples(*[st.one_of(st.none(), st.text("ab1 \\\t", max_size=6))] * 2), min_size=1, max_size=9))
def test_a_row_is_masked_the_same_in_any_block(rows: list[tuple[str | None, str | None]]) -> None:
    """One block or one for each row: the same bytes; the kept column is never touched."""

    def field(value: str | None) -> bytes:
        return b"\\N" if value is None else value.replace("\\", "\\\\").replace("\t", "\\t").encode()

    lines = [field(a) + b"\t" + field(b) + b"\n" for a, b in rows]
    transform = Transform((KEEP, TEXT), CONTEXT)
    masked = transform.block(b"".join(lines))
    assert masked == b"".join(transform.block(line) for line in lines)
    before, after = ([line.split(b"\t")[0] for line in block.split(b"\n")] for block in (b"".join(lines), masked))
    assert before == after


def test_what_a_chunk_reads() -> None:
    """The table itself, or a range of its pages, only of itself; the last range is open."""
    whole = Chunk("", TABLE, (KEEP, TEXT))
    assert whole.select() == '"public"."T ""1""" ("a", "b """)'
    assert whole.select((KEEP,)) == '"public"."T ""1""" ("a")'
    assert Chunk("", TABLE, ()).select() == '"public"."T ""1"""'
    ranged = Chunk("", TABLE, (KEEP,), 8, 16)
    assert (
        ranged.select()
        == """(SELECT c."a" FROM ONLY "public"."T ""1\""" c WHERE c.ctid >= '(8,0)'::tid AND c.ctid < '(16,0)'::tid)"""
    )
    assert Chunk("", TABLE, (KEEP,), 8).select().endswith("ctid >= '(8,0)'::tid)")


@pytest.fixture
def pair(open_pair: Callable[..., AbstractContextManager[Any]]) -> Any:
    """A source with a table, and a target with the same."""
    with open_pair() as opened:
        opened.server.create_database(opened.name)
        yield opened


def test_chunks_of_a_table_together_are_the_table(pair: Any) -> None:
    """In any order, each in a session of its own, without a snapshot to share."""
    create = "CREATE TABLE t (a int, b text)"
    pair.sql(create, "INSERT INTO t SELECT i, repeat('x', 300) || i FROM generate_series(1, 500) i", "ANALYZE t")
    pair.sql(create, target=True)
    context = Context(
        endpoint.source(pair.source, "s"),
        endpoint.target(pair.target, "t"),
        Key(bytes(32)),
        str(pair.programs.psql),
        "en_US",
        "utf-8",
    )
    with context.source.connect() as connection:
        (table,) = catalog.tables(connection)
    assert table.pages > 8
    columns = (ColumnPlan("a", Mask("keep")), ColumnPlan("b", Mask("keep")))
    ranges = [(9, None), (0, 4), (4, 9)]
    results = [
        Chunk("", table.name, columns, first, end, binary=True, alone=False).run(context, lambda *_: None)
        for first, end in ranges
    ]
    assert sum(result.rows for result in results) == 500
    pair.assert_kept("t")


def test_a_table_that_cannot_be_read_is_an_error_not_an_end(pair: Any) -> None:
    """Psql's status is looked at when its output ends; nothing is taken for a whole table that is not."""
    end = endpoint.source(pair.source, "prod")
    with (
        pytest.raises(ServerFailed) as raised,
        reading(end, str(pair.programs.psql), "", "(SELECT 1 / (g - 3) FROM generate_series(1, 5) g)") as pipe,
    ):
        pipe.read()
    assert "Reading from prod failed: division by zero" in str(raised.value)
    with (
        pytest.raises(ServerFailed) as raised,
        reading(end, str(pair.programs.psql), "00000000-00000000-1", "(SELECT 1)") as pipe,
    ):
        pipe.read()
    assert "snapshot" in str(raised.value)


def test_a_reader_that_is_left_early_is_ended(pair: Any) -> None:
    """Its child is killed and waited for; the error is the one that happened."""
    end = endpoint.source(pair.source, "prod")
    with (
        contextlib.suppress(ZeroDivisionError),
        reading(end, str(pair.programs.psql), "", "(SELECT generate_series(1, 100000000))") as pipe,
    ):
        pipe.read(10)
        raise ZeroDivisionError
    assert pipe.closed
    assert pipeline.BLOCK_BYTES > 0
